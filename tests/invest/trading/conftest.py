from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.store import migrate, open_engine, writing
from investiq.foundation.telemetry.catalogue import Metric
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import OrderType, Part, Side, TradingMode
from investiq.invest.market.types import Symbol
from investiq.invest.trading.account_book import AccountBook, AccountTerms
from investiq.invest.trading.brokers.protocol import Broker
from investiq.invest.trading.desk import Desk, open_desk
from investiq.invest.trading.event_time import EventTime
from investiq.invest.trading.ledger import Ledger
from investiq.invest.trading.metrics import TradingMetrics
from investiq.invest.trading.order import OrderRequest
from investiq.invest.trading.views import Submission
from tests.foundation.store.migrated import new_ledger
from tests.foundation.store.postgres import empty, postgres_server
from tests.invest.trading.fakes import AAPL, FakeMarket


@pytest.fixture(scope="session")
def postgres_ledger() -> Iterator[str]:
    """URL of a migrated database in a PostgreSQL of our own; whoever uses it empties it first."""
    with postgres_server() as server:
        url = server.database()
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        yield url


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where the machine has that: these tests ask about money, not about how long a disk takes to sync."""
    memory = Path("/dev/shm")  # noqa: S108
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as made:
        yield Path(made)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.e2e)])
def engine(request: pytest.FixtureRequest, folder: Path) -> Iterator[Engine]:
    """A migrated, empty database of each kind."""
    if request.param == "sqlite":
        new_ledger(folder / "ledger.db")
        engine = open_engine(f"sqlite:///{folder}/ledger.db")
    else:
        engine = open_engine(request.getfixturevalue("postgres_ledger"))
        empty(engine)
    yield engine
    engine.dispose()


class WallClock:
    """A time of day that moves only when told."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, **units: float) -> None:
        self.time += timedelta(**units)

    def monotonic_clock(self) -> float:
        """What a clock that nobody sets shows meanwhile."""
        return self.time.timestamp()


UNWATCHED = {"require_monitoring": False}
"""No monitoring sends these desks a heartbeat; the tests of the heartbeat ask for it."""
FREE_OF_COSTS = {"spread_bps": Decimal(0), "commission_per_share": Decimal(0), "commission_minimum": Decimal(0)}


@dataclass
class Bench:
    """A desk with what it stands on. `restart` is a new process on the same database."""

    engine: Engine
    market: FakeMarket = field(default_factory=lambda: FakeMarket(AAPL="100", MSFT="50"))
    wall: WallClock = field(default_factory=WallClock)
    settings: dict[str, object] = field(default_factory=dict)
    broker: Broker | None = None

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.metrics = Metrics(Part.API)
        config = TradingConfig.model_validate({**FREE_OF_COSTS, **UNWATCHED, **self.settings})
        if self.broker is None:
            self.desk = open_desk(
                config,
                self.market,
                self.engine,
                self.metrics,
                clock="replay",
                wall=self.wall,
                monotonic_clock=self.wall.monotonic_clock,
            )
            return
        terms = AccountTerms(self.broker.name, TradingMode.PAPER, config.initial_cash)
        with writing(self.engine) as connection:
            AccountBook().open(connection, terms, self.market.session(), EventTime(self.market.now(), self.wall()))
        self.desk = Desk(
            config=config,
            market=self.market,
            engine=self.engine,
            broker=self.broker,
            ledger=Ledger(config.initial_cash),
            metrics=TradingMetrics(self.metrics),
            wall=self.wall,
            monotonic_clock=self.wall.monotonic_clock,
        )
        self.desk.recover()

    def order(
        self,
        side: Side,
        quantity: str | None = None,
        *,
        symbol: str = AAPL,
        notional: str | None = None,
        limit: str | None = None,
        key: str | None = None,
    ) -> Submission:
        request = OrderRequest(
            symbol=Symbol(symbol),
            side=side,
            quantity=Decimal(quantity) if quantity else None,
            notional=Decimal(notional) if notional else None,
            order_type=OrderType.LIMIT if limit else OrderType.MARKET,
            limit_price=Decimal(limit) if limit else None,
        )
        return self.desk.submit(request, key or uuid4().hex, "tester")

    def buy(self, quantity: str | None = None, **more: str) -> Submission:
        return self.order(Side.BUY, quantity, **more)

    def sell(self, quantity: str | None = None, **more: str) -> Submission:
        return self.order(Side.SELL, quantity, **more)

    def price(self, symbol: Symbol, price: str) -> None:
        """The next price comes, and the desk sees it."""
        self.market.price(symbol, price)
        self.desk.tick()

    def hold(self, quantity: str, symbol: Symbol = AAPL) -> None:
        """Own shares bought at the price that stands."""
        quote = self.market.quote(symbol)
        assert quote is not None
        order = self.order(Side.BUY, quantity, symbol=symbol).order
        self.price(symbol, str(quote.price))
        assert self.desk.order(order.id).status == "filled"

    def sample(self, metric: Metric, **labels: str) -> float:
        value = self.metrics.registry.get_sample_value(metric.name, labels)
        assert value is not None, metric.name
        return value


@pytest.fixture
def bench(engine: Engine) -> Bench:
    return Bench(engine)


@pytest.fixture
def roomy(engine: Engine) -> Bench:
    """Without limits that get in the way of what is tested."""
    wide = {
        "max_order_notional": 10**9,
        "max_position_fraction": 1,
        "max_exposure_fraction": 1,
        "max_open_orders": 10**6,
    }
    return Bench(engine, settings={key: Decimal(value) for key, value in wide.items()})
