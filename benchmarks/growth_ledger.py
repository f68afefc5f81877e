"""How reading and trading grow with the ledger: 1,000 to 1,000,000 orders, most of them filled.

    python -m benchmarks.growth_ledger [--rounds 3] [--quick] [--json]

The ledgers are made, straight into SQLite. On each stands an API in this process, and each round asks all of them: a
page of orders, the account, the equity curve, the tick of the trading loop without news, the tick that fills an order.
The start of the desk, which reads every fill, is measured by itself. With --quick, up to 30,000 orders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from benchmarks.asgi import get
from benchmarks.growth import BOUNDED, LINEAR, Operation, measure_growth, sizes
from benchmarks.installation import install_at
from benchmarks.made_ledger import fill_ledger
from benchmarks.rows import Report, Rounds, main, note
from investiq.foundation.config.paths import Paths
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import OrderStatus, Part, Side
from investiq.invest import wiring
from investiq.invest.market.types import Symbol
from investiq.invest.trading.order import OrderRequest
from tests.serve.api.installation import Installation

COMMAND = "python -m benchmarks.growth_ledger"
NOON = datetime(2010, 1, 5, 17, 0, tzinfo=UTC)
READS = {
    "a page of orders": ("/api/trades", "limit=100"),
    "a page of the cancelled orders": ("/api/trades", "limit=50&status=cancelled"),
    "a page of the orders of one symbol": ("/api/trades", "limit=100&symbol=IBM"),
    "the account": ("/api/account", ""),
    "the equity curve": ("/api/account/equity", "limit=1000"),
}
AAPL = Symbol("AAPL")
STARTS = 2
"""At most so many rounds that start a desk."""


@dataclass
class Grown:
    """An installation with a long past."""

    installation: Installation
    bought: int = field(default=0)

    def operations(self) -> list[Operation]:
        reads = [Operation(name, BOUNDED, self._read(*target)) for name, target in READS.items()]
        return [
            *reads,
            Operation("the tick without news", BOUNDED, self._tick),
            Operation("the tick that fills an order", BOUNDED, self._tick, prepare=self._order),
        ]

    def start(self) -> Operation:
        return Operation("the start of the desk", LINEAR, self._start)

    def _read(self, path: str, query: str) -> Callable[[], Awaitable[bytes]]:
        return lambda: get(self.installation.app, path, query)

    async def _tick(self) -> None:
        self.installation.parts.desk.tick()

    def _order(self) -> None:
        """An order that the next tick fills: the session after it was placed is there by then."""
        side = Side.SELL if self.bought else Side.BUY
        request = OrderRequest(symbol=AAPL, side=side, quantity=Decimal(1))
        placed = self.installation.parts.desk.submit(request, uuid4().hex, "benchmark").order
        assert placed.status is OrderStatus.ACCEPTED, placed.message
        self.bought = 1 - self.bought
        clock = self.installation.clock
        clock.current += timedelta(days=3 if clock.current.weekday() == 4 else 1)

    async def _start(self) -> None:
        parts = self.installation.parts
        store = wiring.open_store(parts.config)
        wiring.build_desk(parts.config, parts.market, store, Metrics(Part.API))
        store.dispose()


def make(folder: Path, orders: int) -> Grown:
    """An API on a ledger of so many orders."""
    note(f"growth_ledger: making {orders:,} orders")
    empty = install_at(folder, NOON)
    path = Paths.of(empty.config).ledger
    asyncio.run(empty.parts.aclose())
    fill_ledger(path, orders)
    return Grown(install_at(folder, NOON))


async def _measure(grown: dict[int, Grown], rounds: Rounds) -> Report:
    started = Rounds(rounds.name, min(rounds.count, STARTS))
    starts = {size: [one.start()] for size, one in grown.items()}
    parts = [
        await measure_growth({size: one.operations() for size, one in grown.items()}, "orders", COMMAND, rounds),
        await measure_growth(starts, "orders", COMMAND, started),
    ]
    await _close(list(grown.values()))
    return Report([row for rows, _ in parts for row in rows], [curve for _, curves in parts for curve in curves])


async def _close(grown: Sequence[Grown]) -> None:
    for one in grown:
        await one.installation.parts.aclose()


def measure(rounds: Rounds) -> Report:
    with ExitStack() as folders:
        grown = {size: make(Path(folders.enter_context(TemporaryDirectory())), size) for size in sizes(rounds.quick)}
        return asyncio.run(_measure(grown, rounds))


if __name__ == "__main__":
    main("growth_ledger", __doc__, measure, rounds=3, quick=2)
