"""The desk on the market that users get: real prices, real sessions, a real crash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.store import migrate, open_engine
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part, Side
from investiq.invest.market.calendar import xnys
from investiq.invest.market.market import Market
from investiq.invest.market.providers.replay import ReplayProvider
from investiq.invest.market.types import Symbol
from investiq.invest.trading import Desk, OrderRequest, open_desk


class SetClock:
    """Market time that the test moves."""

    name = "replay"
    session_seconds: float | None = None
    ends_at: datetime | None = None

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> SetClock:
    return SetClock(xnys().session(date(2008, 9, 2)).open)


@pytest.fixture
def desk(folder: Path, clock: SetClock) -> Iterator[Desk]:
    engine = open_engine(f"sqlite:///{folder}/ledger.db")
    migrate(engine)
    market = Market(ReplayProvider(), clock, xnys())
    yield open_desk(TradingConfig(require_monitoring=False), market, engine, Metrics(Part.API), clock="replay")
    engine.dispose()


def replay(desk: Desk, clock: SetClock, start: str, end: str) -> Iterator[date]:
    """Let the four prices of each session come, one after the other."""
    for session in xnys().sessions(date.fromisoformat(start), date.fromisoformat(end)):
        for share in (0, 1, 2, 3):
            clock.time = session.open + (session.close - session.open) * share / 3
            desk.tick()
        yield session.day


def test_the_autumn_of_2008_trips_the_breaker_and_the_way_out_stays_open(desk: Desk, clock: SetClock) -> None:
    for symbol in ("AAPL", "GOOG", "IBM", "MSFT"):
        request = OrderRequest(symbol=Symbol(symbol), side=Side.BUY, notional=Decimal(23_000))
        assert desk.submit(request, f"buy {symbol}", "tester").order.status == "accepted"
    tripped = next(day for day in replay(desk, clock, "2008-09-02", "2008-11-20") if desk.status().halted)
    assert len(desk.positions().held) == 4
    assert tripped < date(2008, 9, 30)
    assert desk.status().reason == "daily_loss"

    for position in desk.positions().held:
        sale = OrderRequest(symbol=position.symbol, side=Side.SELL, quantity=position.quantity)
        assert desk.submit(sale, f"sell {position.symbol}", "tester").order.status == "accepted"
    list(replay(desk, clock, "2008-10-01", "2008-10-01"))
    account = desk.account()
    assert desk.positions().held == []
    assert account.cash == account.equity == 100_000 + account.realised_pnl - account.commission_paid
    assert desk.status().halted
