"""How the engines' results become one.

With W the configured weights, the sums running over the engines that answered, s their scores and c their confidences:

    coverage   = sum of W / sum of all W
    weights    w = W / sum of W                       what the sums below use; together 1
    score      = sum of w c s / sum of w c            confident engines weigh more
    confidence = coverage x sum of w c                an engine that is silent counts as no confidence
    conviction = |sum of w c s| / sum of w c |s|      1: all pull one way, 0: they cancel each other out

Where no engine answered, signal and score are None and the rest is 0. Where those that answered have no confidence at
all, the score is 0: they gave no reason to lean either way. One voice cannot agree with itself: with fewer than two
engines that lean anywhere, conviction is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from investiq.foundation.vocabulary import Regime
from investiq.invest.analysis.engine import Unavailable
from investiq.invest.analysis.regime import regime_of
from investiq.invest.analysis.result import EngineResult, Findings, Overall, rounded_score
from investiq.invest.analysis.scale import signal_for
from investiq.invest.analysis.snapshot import Snapshot

__all__ = ["combine", "combined"]


@dataclass(frozen=True, slots=True)
class _Voice:
    """One engine that answered: `pull` is its weight in the score, w c."""

    score: float
    pull: float


def combine(results: Iterable[EngineResult], configured: Mapping[str, float], regime: Regime | Unavailable) -> Overall:
    """The overall result. `configured` holds every engine's weight (not negative, at least one positive)."""
    answered = {result.engine: result for result in results if configured.get(result.engine, 0.0) > 0}
    weights = _renormalised(configured, [name for name, result in answered.items() if result.score is not None])
    voices = [_voice(answered[name], weight) for name, weight in weights.items()]
    coverage = sum(configured[name] for name in weights) / sum(configured.values())
    score = rounded_score(_score(voices)) if voices else None
    return Overall(
        signal=None if score is None else signal_for(score),
        score=score,
        confidence=rounded_score(coverage * sum(voice.pull for voice in voices)),
        conviction=rounded_score(_conviction(voices)),
        coverage=rounded_score(coverage),
        regime=None if isinstance(regime, Unavailable) else regime,
        regime_reason=regime.reason if isinstance(regime, Unavailable) else None,
        weights=weights,
    )


def combined(snapshot: Snapshot, results: Sequence[EngineResult], configured: Mapping[str, float]) -> Findings:
    """What the engines found about a snapshot, put together."""
    return Findings(combine(results, configured, regime_of(snapshot)), {result.engine: result for result in results})


def _renormalised(configured: Mapping[str, float], names: Iterable[str]) -> dict[str, float]:
    kept = {name: configured[name] for name in names}
    total = sum(kept.values())
    return {name: weight / total for name, weight in kept.items()}


def _voice(result: EngineResult, weight: float) -> _Voice:
    return _Voice(result.score or 0.0, weight * (result.confidence or 0.0))


def _score(voices: Iterable[_Voice]) -> float:
    pulls = sum(voice.pull for voice in voices)
    return sum(voice.pull * voice.score for voice in voices) / pulls if pulls > 0 else 0.0


def _conviction(voices: Iterable[_Voice]) -> float:
    leaning = [voice.pull * voice.score for voice in voices if voice.pull * voice.score != 0]
    return abs(sum(leaning)) / sum(abs(lean) for lean in leaning) if len(leaning) > 1 else 0.0
