"""What a scan says of a symbol is what the API says of it, and follows from nothing later than its session."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import httpx2
import pytest

from investiq.foundation.config.schema import Config
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.invest import wiring
from investiq.invest.analysis.result import Analysis
from investiq.invest.market.calendar import xnys
from investiq.invest.market.clock import StoppedClock, WallClock
from investiq.invest.market.market import Market
from investiq.invest.market.opening import open_provider
from investiq.invest.market.types import Symbol
from investiq.invest.scan.journal import Journal
from investiq.invest.scan.opening import open_scan
from investiq.invest.scan.row import Row
from investiq.invest.scan.run import run
from investiq.invest.signals.artifact import save
from investiq.invest.signals.client import SignalClient
from investiq.invest.signals.model import Artifact
from investiq.serve.signals.app import create_app
from tests.invest.scan.conftest import LAST, configured


def scanned(config: Config, as_of: date | None = None, symbols: list[Symbol] | None = None) -> dict[str, Row]:
    scan = open_scan(config, as_of, symbols)
    with Journal(config.data_dir / "scans", scan.key) as journal:
        rows = run(scan, journal)
        journal.remove()
    return {row["symbol"]: row for row in rows}


async def as_the_api_has_it(config: Config, session: date, symbols: list[Symbol]) -> list[Analysis]:
    """The analyses of the API at the close of `session`, by a signal models service of the same data folder."""
    provider = open_provider(config.market, xnys())
    market = Market(provider, StoppedClock(WallClock(), xnys().session(session).close), xnys())
    service = create_app(config, Metrics(Part.SIGNALS))
    async with service.router.lifespan_context(service):
        client = SignalClient("http://127.0.0.1:8004", 5.0, httpx2.ASGITransport(service))
        orchestrator = wiring.build_orchestrator(config, market, client, Metrics(Part.API))
        analyses = [await orchestrator.analyze(symbol) for symbol in symbols]
        await client.aclose()
    return analyses


def assert_same(rows: dict[str, Row], analyses: list[Analysis]) -> None:
    assert rows.keys() == {analysis.symbol for analysis in analyses}
    for analysis in analyses:
        row, said = rows[analysis.symbol], analysis.to_dict()
        assert row["as_of"] == said["as_of"]
        assert row["price"] == said["price"]
        shared = ("signal", "score", "confidence", "conviction", "coverage", "regime")
        assert {name: row[name] for name in shared} == {name: said["overall"][name] for name in shared}  # type: ignore[literal-required]
        for name, engine in said["engines"].items():
            assert row["engines"][name] == {"score": engine["score"], "confidence": engine["confidence"]}, name
            assert row["missing"].get(name) == engine["reason"], name


@pytest.mark.parametrize("as_of", [LAST, LAST.replace(month=1, day=18)])
def test_each_row_is_what_the_api_says_of_the_symbol_then(
    tmp_path: Path, prices: Path, artifact: Artifact, as_of: date
) -> None:
    config = configured(prices, tmp_path / "data")
    save(artifact, tmp_path / "data" / "models")
    rows = scanned(config, as_of)
    session = open_scan(config, as_of).session.day
    assert_same(rows, asyncio.run(as_the_api_has_it(config, session, [Symbol(symbol) for symbol in rows])))
    if as_of == LAST:
        assert rows["S000"]["missing"].keys() == {"fundamental"}
        assert rows["S002"]["engines"]["fundamental"]["score"] == 1
        assert "prices end" in rows["OLD"]["missing"]["technical"]
        assert "too few" in rows["NEW"]["missing"]["signal"]


def test_a_scan_of_some_symbols_has_the_rows_that_the_scan_of_all_has(
    tmp_path: Path, prices: Path, artifact: Artifact
) -> None:
    config = configured(prices, tmp_path / "data")
    save(artifact, tmp_path / "data" / "models")
    chosen = [Symbol("S003"), Symbol("S000")]
    everything = scanned(config)
    assert scanned(config, symbols=chosen) == {symbol: everything[symbol] for symbol in chosen}


def test_without_a_model_nothing_is_made_up(tmp_path: Path, prices: Path) -> None:
    rows = scanned(configured(prices, tmp_path / "data"))
    for row in rows.values():
        assert row["engines"]["signal"] == {"score": None, "confidence": None}
        if row["symbol"] != "OLD":
            assert "investiq models train" in row["missing"]["signal"]


def test_the_best_stand_first_and_those_without_a_score_last(tmp_path: Path, prices: Path) -> None:
    rows = list(scanned(configured(prices, tmp_path / "data")).values())
    scores = [row["score"] for row in rows if row["score"] is not None]
    assert scores == sorted(scores, reverse=True)
    assert rows[-1]["symbol"] == "OLD"
    assert rows[-1]["score"] is None


def test_the_shipped_prices_are_scanned_too(tmp_path: Path) -> None:
    assert scanned(Config(data_dir=tmp_path)).keys() >= {"AAPL", "IBM", "MSFT"}
