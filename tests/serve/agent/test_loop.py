"""The agent against the real API, in one process, with a market clock that the test sets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from structlog.testing import capture_logs

from investiq.clients.api import AsyncInvestIQClient
from investiq.foundation.config.schema import AgentConfig, TradingConfig
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.agent import Agent, AgentMetrics, loop
from tests.ports import closed_port
from tests.serve.api.installation import BASE, Installation, install, not_running

EAGER = AgentConfig(watchlist=("AAPL",), entry_score=Decimal(0), exit_score=Decimal(-1), cycle_seconds=10)
"""Enters AAPL at the prices of January 2008, whose score is above 0, and never leaves."""
LEAVING = EAGER.model_copy(update={"entry_score": Decimal(1), "exit_score": Decimal(1)})
"""Never enters, and leaves whatever it holds."""

Handler = Callable[[httpx2.Request], object]


@pytest.fixture
async def still(tmp_path: Path) -> AsyncIterator[Installation]:
    async with not_running(install(tmp_path / "data")) as made:
        yield made


class FaultyNetwork(httpx2.AsyncBaseTransport):
    """Passes requests to the API; `lose_answers` lets changes happen and then loses what the API said."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._inner = httpx2.ASGITransport(installation.app, client=("127.0.0.1", 5000))
        self.lose_answers = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        if self.lose_answers and request.method == "POST":
            raise httpx2.ReadTimeout("the answer was lost")
        return response


@asynccontextmanager
async def agent(
    still: Installation, config: AgentConfig = EAGER, network: httpx2.AsyncBaseTransport | None = None
) -> AsyncIterator[Agent]:
    """An agent that was just started, with the agent's own key."""
    async with AsyncInvestIQClient(BASE, still.agent_key, transport=network or FaultyNetwork(still)) as client:
        yield Agent(client, config, AgentMetrics(Metrics(Part.AGENT), config.cycle_seconds))


def orders(still: Installation) -> list[tuple[str, str, str]]:
    return [(o.symbol, o.side.value, o.status.value) for o in reversed(still.parts.desk.orders().orders)]


def later_price(still: Installation, day: int = 3) -> None:
    still.clock.current = datetime(2008, 1, day, 19, 0, tzinfo=UTC)
    still.parts.desk.tick()


async def test_it_enters_once_in_a_session_and_says_why(still: Installation) -> None:
    with capture_logs() as logs:
        async with agent(still) as first:
            assert await first.cycle() == 10
            assert await first.cycle() == 10
    assert orders(still) == [("AAPL", "buy", "accepted")]
    kept = still.parts.desk.orders().orders[0]
    assert kept.notional == EAGER.notional
    assert kept.created_by == "local agent"
    decisions = [log for log in logs if log["event"] == "decision"]
    assert [(d["symbol"], d["action"], d["session"]) for d in decisions] == [("AAPL", "enter", "2008-01-03")]
    assert "entry score" in decisions[0]["reason"]
    assert decisions[0]["order"] == kept.id


async def test_a_restart_never_doubles_an_order(still: Installation) -> None:
    async with agent(still) as first:
        await first.cycle()
    async with agent(still) as while_open:
        await while_open.cycle()
    later_price(still)
    async with agent(still) as after_the_fill:
        await after_the_fill.cycle()
    async with agent(still, LEAVING) as with_another_opinion:
        await with_another_opinion.cycle()
    assert orders(still) == [("AAPL", "buy", "filled")]


async def test_a_lost_answer_never_doubles_an_order(still: Installation) -> None:
    network = FaultyNetwork(still)
    network.lose_answers = True
    async with agent(still, network=network) as trader:
        with capture_logs() as logs:
            await trader.cycle()
        assert logs[-1]["event"] == "cycle_failed"
        assert logs[-1]["reason"] == "timeout"
        network.lose_answers = False
        await trader.cycle()
        later_price(still)
        await trader.cycle()
    assert orders(still) == [("AAPL", "buy", "filled")]


async def test_in_a_later_session_it_sells_all_that_it_holds(still: Installation) -> None:
    async with agent(still) as buyer:
        await buyer.cycle()
    later_price(still)
    later_price(still, day=4)
    async with agent(still, LEAVING) as seller:
        await seller.cycle()
    later_price(still, day=7)
    assert orders(still) == [("AAPL", "buy", "filled"), ("AAPL", "sell", "filled")]
    assert still.parts.desk.positions().held == []


async def test_while_halted_it_waits_longer_and_enters_after_the_resume(still: Installation) -> None:
    still.parts.desk.halt("a test", "someone")
    async with agent(still) as trader:
        with capture_logs() as logs:
            waits = [await trader.cycle() for _ in range(5)]
        assert waits == [10, 20, 40, 60, 60]
        assert [log["action"] for log in logs if log["event"] == "decision"] == ["wait"]  # told once, not each time
        assert orders(still) == []
        still.parts.desk.resume("over", "someone")
        assert await trader.cycle() == 10
    assert orders(still) == [("AAPL", "buy", "accepted")]


class HaltedOnTheWay(FaultyNetwork):
    """Trading is halted between the agent's look and its order."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST" and not self.installation.parts.desk.status().halted:
            self.installation.parts.desk.halt("between look and order", "someone")
        return await super().handle_async_request(request)


@pytest.mark.parametrize("restarted", [False, True])
async def test_an_order_that_met_a_halt_is_placed_once_after_it_and_never_hurried(
    still: Installation, restarted: bool
) -> None:
    async with agent(still, network=HaltedOnTheWay(still)) as unlucky:
        waits = [await unlucky.cycle() for _ in range(3)]
        assert orders(still) == [("AAPL", "buy", "denied")], "it waits while it sees the halt"
        assert waits[1:] == [10, 20]
        still.parts.desk.resume("over", "someone")
        if not restarted:
            unlucky._client = AsyncInvestIQClient(BASE, still.agent_key, transport=FaultyNetwork(still))
            await unlucky.cycle()
            await unlucky.cycle()
    if restarted:
        async with agent(still) as other:
            await other.cycle()
            await other.cycle()
    assert orders(still) == [("AAPL", "buy", "denied"), ("AAPL", "buy", "accepted")]


async def test_a_start_that_waits_for_the_heartbeat_costs_no_symbol_its_session(tmp_path: Path) -> None:
    async with not_running(install(tmp_path / "data", trading=TradingConfig())) as watched, agent(watched) as trader:
        assert await trader.cycle() == 10
        assert orders(watched) == []
        watched.parts.desk.beat(time.time())
        await trader.cycle()
        assert orders(watched) == [("AAPL", "buy", "accepted")]


async def test_a_symbol_that_is_not_there_does_not_stop_the_others(still: Installation) -> None:
    config = EAGER.model_copy(update={"watchlist": ("NOPE", "B@D", "AAPL")})
    async with agent(still, config) as trader:
        assert await trader.cycle() == 10
    assert orders(still) == [("AAPL", "buy", "accepted")]


async def test_an_empty_watchlist_is_all_symbols(still: Installation) -> None:
    config = EAGER.model_copy(update={"watchlist": (), "entry_score": Decimal(1)})
    with capture_logs() as logs:
        async with agent(still, config) as trader:
            await trader.cycle()
    assert [log["symbol"] for log in logs if log["event"] == "decision"] == ["AAPL", "GOOG", "IBM", "MSFT"]


async def test_all_symbols_are_asked_for_once_a_session_in_pages(
    still: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "PAGE", 3)
    asked: list[str] = []

    class Watched(FaultyNetwork):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            asked.append(request.url.path + str(request.url.query.decode()))
            return await super().handle_async_request(request)

    config = EAGER.model_copy(update={"watchlist": (), "entry_score": Decimal(1)})
    pages = ["/api/symbolslimit=3", "/api/symbolslimit=3&cursor=IBM"]
    async with agent(still, config, Watched(still)) as trader:
        with capture_logs() as logs:
            await trader.cycle()
            await trader.cycle()
        assert [one for one in asked if one.startswith("/api/symbols")] == pages
        still.clock.current += timedelta(days=1)
        await trader.cycle()
    assert [one for one in asked if one.startswith("/api/symbols")] == pages * 2
    assert [log["symbol"] for log in logs if log["event"] == "decision"] == ["AAPL", "GOOG", "IBM", "MSFT"]


async def test_where_there_was_no_symbol_it_asks_again(still: Installation) -> None:
    now, still.clock.current = still.clock.current, datetime(1999, 1, 5, 15, 0, tzinfo=UTC)
    config = EAGER.model_copy(update={"watchlist": ()})
    async with agent(still, config) as trader:
        with capture_logs() as logs:
            await trader.cycle()
        assert [log for log in logs if log["event"] == "decision"] == []
        still.clock.current = now
        await trader.cycle()
    assert ("AAPL", "buy", "accepted") in orders(still)


async def test_at_the_end_of_the_data_it_does_nothing(still: Installation) -> None:
    still.clock.ends_at = still.clock.current
    async with agent(still) as trader:
        assert [await trader.cycle() for _ in range(4)] == [10, 20, 40, 60]
    assert orders(still) == []


async def test_an_api_that_is_gone_is_asked_less_and_less_often() -> None:
    async with AsyncInvestIQClient(f"http://127.0.0.1:{closed_port()}", "iq_x") as client:
        trader = Agent(client, EAGER, AgentMetrics(Metrics(Part.AGENT), 10))
        waits = [await trader.cycle() for _ in range(6)]
    assert waits == [10, 20, 40, 60, 60, 60]


async def test_it_waits_as_long_as_the_api_asks() -> None:
    refusal = httpx2.Response(429, json={"reason": "too_many_requests"}, headers={"Retry-After": "33"})
    transport = httpx2.MockTransport(lambda _request: refusal)
    async with AsyncInvestIQClient(BASE, "iq_x", transport=transport) as client:
        assert await Agent(client, EAGER, AgentMetrics(Metrics(Part.AGENT), 10)).cycle() == 33


async def test_it_stops_when_told_to(still: Installation) -> None:
    stop = asyncio.Event()
    async with agent(still) as trader:
        task = asyncio.create_task(trader.run(stop))
        async with asyncio.timeout(20):
            while not orders(still):
                await asyncio.sleep(0.01)
            stop.set()
            await task


async def test_told_to_stop_it_looks_at_no_further_symbol(still: Installation) -> None:
    """With ten thousand symbols the rest of a cycle would take minutes, and the supervisor kills it after seconds."""
    stop = asyncio.Event()

    class Stopping(FaultyNetwork):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.url.path.startswith("/api/analyze/"):
                stop.set()
            return await super().handle_async_request(request)

    config = EAGER.model_copy(update={"watchlist": (), "entry_score": Decimal(1)})
    with capture_logs() as logs:
        async with agent(still, config, Stopping(still)) as trader, asyncio.timeout(20):
            await trader.run(stop)
    assert [log["symbol"] for log in logs if log["event"] == "decision"] == ["AAPL"]
