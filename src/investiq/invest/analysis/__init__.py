"""Looks at a symbol in several ways at once and says what it found, on how much evidence, and what is missing."""

from investiq.invest.analysis.engine import Answer, Engine, Unavailable, Verdict
from investiq.invest.analysis.fundamental import FundamentalEngine
from investiq.invest.analysis.orchestrator import Orchestrator
from investiq.invest.analysis.quantitative import QuantitativeEngine
from investiq.invest.analysis.result import Analysis, EngineResult, Overall
from investiq.invest.analysis.sentiment import SentimentEngine
from investiq.invest.analysis.signal import Prediction, SignalEngine, SignalSource, SignalUnavailable
from investiq.invest.analysis.snapshot import Snapshot
from investiq.invest.analysis.technical import TechnicalEngine

__all__ = [
    "Analysis",
    "Answer",
    "Engine",
    "EngineResult",
    "FundamentalEngine",
    "Orchestrator",
    "Overall",
    "Prediction",
    "QuantitativeEngine",
    "SentimentEngine",
    "SignalEngine",
    "SignalSource",
    "SignalUnavailable",
    "Snapshot",
    "TechnicalEngine",
    "Unavailable",
    "Verdict",
]
