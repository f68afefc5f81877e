"""Looks at a symbol in several ways at once and says what it found, on how much evidence, and what is missing."""

from investiq.analysis.engine import Answer, Engine, Unavailable, Verdict
from investiq.analysis.fundamental import FundamentalEngine
from investiq.analysis.orchestrator import Orchestrator
from investiq.analysis.quantitative import QuantitativeEngine
from investiq.analysis.regime import Regime
from investiq.analysis.result import Analysis, EngineResult, EngineStatus, Overall
from investiq.analysis.scale import Signal
from investiq.analysis.sentiment import SentimentEngine
from investiq.analysis.signal import Prediction, SignalEngine, SignalSource, SignalUnavailable
from investiq.analysis.snapshot import Snapshot
from investiq.analysis.technical import TechnicalEngine

__all__ = [
    "Analysis",
    "Answer",
    "Engine",
    "EngineResult",
    "EngineStatus",
    "FundamentalEngine",
    "Orchestrator",
    "Overall",
    "Prediction",
    "QuantitativeEngine",
    "Regime",
    "SentimentEngine",
    "Signal",
    "SignalEngine",
    "SignalSource",
    "SignalUnavailable",
    "Snapshot",
    "TechnicalEngine",
    "Unavailable",
    "Verdict",
]
