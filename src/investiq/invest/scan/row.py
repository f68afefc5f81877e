"""What a scan says of one symbol: the figures of its analysis, without the numbers behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypedDict

from investiq.foundation.vocabulary import EngineName
from investiq.invest.analysis.listing import best_first, missing_evidence
from investiq.invest.analysis.result import EngineResult, Findings
from investiq.invest.analysis.snapshot import Snapshot

__all__ = ["ENGINES", "EngineFigures", "Row", "ranked", "row_of"]

ENGINES: Final = tuple(name.value for name in EngineName)


class EngineFigures(TypedDict):
    """What one engine says."""

    score: float | None
    confidence: float | None


class Row(TypedDict):
    """One symbol. `missing` says of each engine without a score why it has none."""

    symbol: str
    as_of: str
    price: str | None
    last_session: str | None
    signal: str | None
    score: float | None
    confidence: float
    conviction: float
    coverage: float
    regime: str | None
    engines: dict[str, EngineFigures]
    missing: dict[str, str]


def row_of(snapshot: Snapshot, findings: Findings) -> Row:
    """The row of what the engines found about a snapshot."""
    overall = findings.overall
    return Row(
        symbol=snapshot.symbol,
        as_of=snapshot.as_of.isoformat().replace("+00:00", "Z"),
        price=str(snapshot.quote.price) if snapshot.quote else None,
        last_session=snapshot.bars.session(-1).isoformat() if snapshot.bars else None,
        signal=overall.signal and overall.signal.value,
        score=overall.score,
        confidence=overall.confidence,
        conviction=overall.conviction,
        coverage=overall.coverage,
        regime=overall.regime and overall.regime.value,
        engines={str(name): _figures(result) for name, result in findings.engines.items()},
        missing=dict(missing_evidence(findings.engines.values())),
    )


def ranked(rows: Iterable[Row]) -> Sequence[Row]:
    """Best first, as the API lists them."""
    return sorted(rows, key=lambda row: best_first(row["score"], row["symbol"]))


def _figures(result: EngineResult) -> EngineFigures:
    return EngineFigures(score=result.score, confidence=result.confidence)
