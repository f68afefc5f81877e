"""What an analysis says, as frozen values that map one to one to the JSON of `GET /api/analyze/{symbol}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from investiq.foundation.vocabulary import EngineStatus, Regime, Signal
from investiq.invest.analysis.engine import Answer, MetricValue, Unavailable, Verdict
from investiq.invest.analysis.scale import SCORE_DECIMALS, signal_for
from investiq.invest.market.types import Symbol

__all__ = ["Analysis", "EngineResult", "Findings", "Overall"]

_METRIC_DIGITS = 8
"""Significant digits of a metric: more than any price series carries, fewer than floating-point noise shows."""


@dataclass(frozen=True, slots=True)
class EngineResult:
    """One engine's part of an analysis.

    Attributes:
        reason: None when ok; a sentence when unavailable; when failed, one short word from a closed set
            (`timeout`, `internal_error`, or the `reason` of an `InvestIQError`): the rest is in the log.
        score: -1 to 1, `confidence`: 0 to 1; both None unless ok.
        as_of: market time of the snapshot that the engine saw; earlier than that of the analysis where nothing that the
            engine reads has changed since.
        duration_ms: wall time until the answer, waiting for a free thread included, when it was computed.
    """

    engine: str
    status: EngineStatus
    as_of: datetime
    duration_ms: float
    reason: str | None = None
    signal: Signal | None = None
    score: float | None = None
    confidence: float | None = None
    metrics: Mapping[str, MetricValue] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: str, answer: Answer, as_of: datetime, duration_ms: float) -> EngineResult:
        """The result for what an engine answered."""
        duration_ms = round(duration_ms, 3)
        if isinstance(answer, Unavailable):
            return cls(engine, EngineStatus.UNAVAILABLE, as_of, duration_ms, reason=answer.reason)
        return cls._of_verdict(engine, answer, as_of, duration_ms)

    @classmethod
    def _of_verdict(cls, engine: str, verdict: Verdict, as_of: datetime, duration_ms: float) -> EngineResult:
        score = rounded_score(verdict.score)
        return cls(
            engine,
            EngineStatus.OK,
            as_of,
            duration_ms,
            signal=signal_for(score),
            score=score,
            confidence=rounded_score(verdict.confidence),
            metrics={name: _rounded_metric(value) for name, value in verdict.metrics.items()},
        )

    @classmethod
    def failed(cls, engine: str, reason: str, as_of: datetime, duration_ms: float) -> EngineResult:
        """The result for an engine that broke or ran out of time."""
        return cls(engine, EngineStatus.FAILED, as_of, round(duration_ms, 3), reason=reason)


@dataclass(frozen=True, slots=True)
class Overall:
    """What the engines say together; `overall.combine` has the formulas.

    Attributes:
        signal: None, like `score`, when no engine answered.
        confidence: 0 to 1; an engine that did not answer counts as no confidence.
        conviction: 0 to 1, how far the engines that answered agree.
        coverage: 0 to 1, share of the configured weights whose engines answered.
        regime: state of the market for this symbol, or None with `regime_reason`.
        weights: of the engines that answered; they sum to 1, or there are none.
    """

    signal: Signal | None
    score: float | None
    confidence: float
    conviction: float
    coverage: float
    regime: Regime | None
    regime_reason: str | None
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Findings:
    """What the engines found of a symbol: the same for many analyses, since it follows from completed sessions."""

    overall: Overall
    engines: Mapping[str, EngineResult]

    @cached_property
    def json(self) -> bytes:
        """The members `overall` and `engines` of the document, and its end."""
        return _json(self.to_dict())[1:]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: times as ISO-8601 in UTC, enumerations as their words."""
        engines = {name: _document(result) for name, result in self.engines.items()}
        return {"overall": _document(self.overall), "engines": engines}


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything known about a symbol at one instant of market time. `price` is the latest real one, in dollars."""

    symbol: Symbol
    as_of: datetime
    price: Decimal | None
    findings: Findings

    @property
    def overall(self) -> Overall:
        """What the engines say together."""
        return self.findings.overall

    @property
    def engines(self) -> Mapping[str, EngineResult]:
        """What each of them says, by its name."""
        return self.findings.engines

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: decimals as strings, times as ISO-8601 in UTC, enumerations as their words."""
        return {**self._head(), **self.findings.to_dict()}

    def to_json(self) -> bytes:
        """The same as UTF-8 text; what the engines found is written once for all analyses that share it."""
        head = f'{{"symbol":"{self.symbol}","as_of":"{_jsonable(self.as_of)}","price":{_price(self.price)},'
        return head.encode() + self.findings.json

    def _head(self) -> dict[str, Any]:
        return {"symbol": self.symbol, "as_of": _jsonable(self.as_of), "price": _jsonable(self.price)}


def rounded_score(value: float) -> float:
    """A score or confidence as it is shown; the signal is read from this one."""
    return round(value, SCORE_DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0


def _rounded_metric(value: MetricValue) -> MetricValue:
    return float(f"{value:.{_METRIC_DIGITS}g}") if isinstance(value, float) else value


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _document(value: Overall | EngineResult) -> dict[str, Any]:
    return {field.name: _jsonable(getattr(value, field.name)) for field in fields(value)}  # asdict() copies all deeply


def _price(price: Decimal | None) -> str:
    return "null" if price is None else f'"{price}"'


def _jsonable(value: Any) -> Any:
    match value:
        case dict():
            return {key: _jsonable(item) for key, item in value.items()}
        case Decimal():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case StrEnum():
            return value.value
        case _:
            return value
