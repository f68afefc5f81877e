"""What the agent's metrics say of its cycles, against the real API in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from investiq.clients.api import AsyncInvestIQClient
from investiq.foundation.config.schema import AgentConfig
from investiq.foundation.contract.api import Market
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.catalogue import Metric
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import CycleOutcome, Part
from investiq.serve.agent import Agent, AgentMetrics
from tests.serve.api.installation import BASE, NOON, Installation, install, not_running

EAGER = AgentConfig(watchlist=("AAPL",), entry_score=Decimal(0), exit_score=Decimal(-1), cycle_seconds=10)


class Observed:
    """An agent, its agent_metrics and what they say."""

    def __init__(self, client: AsyncInvestIQClient, config: AgentConfig) -> None:
        self._metrics = Metrics(Part.AGENT)
        self.agent_metrics = AgentMetrics(self._metrics, config.cycle_seconds)
        self.agent = Agent(client, config, self.agent_metrics)

    def sample(self, metric: Metric, **labels: str) -> float:
        value = self._metrics.registry.get_sample_value(metric.name, labels)
        assert value is not None, f"no sample {metric.name} {labels}"
        return value

    def counted(self, metric: Metric, label: str) -> dict[str, float]:
        """The values of `label` that were counted."""
        (found,) = [one for one in metric.labels if one.name == label]
        values = {value: self.sample(metric, **{label: value}) for value in found.values or ()}
        return {value: number for value, number in values.items() if number}


@pytest.fixture
async def still(tmp_path: Path) -> AsyncIterator[Installation]:
    async with not_running(install(tmp_path / "data")) as made:
        yield made


@asynccontextmanager
async def watched(still: Installation, config: AgentConfig = EAGER) -> AsyncIterator[Observed]:
    transport = httpx2.ASGITransport(still.app, client=("127.0.0.1", 5000))
    async with AsyncInvestIQClient(BASE, still.agent_key, transport=transport) as client:
        yield Observed(client, config)


async def test_a_finished_cycle_tells_the_market_time_at_which_it_began(still: Installation) -> None:
    async with watched(still) as trader:
        assert trader.sample(catalogue.AGENT_MARKET_TIME) == 0
        await trader.agent.cycle()
        assert trader.sample(catalogue.AGENT_MARKET_TIME) == NOON.timestamp()
        first = trader.sample(catalogue.AGENT_OPEN_TIME)
        still.clock.current = datetime(2008, 1, 4, 15, 0, tzinfo=UTC)
        await trader.agent.cycle()
        # From noon to the close of the 3rd there are four hours, and half an hour from the opening of the 4th.
        assert trader.sample(catalogue.AGENT_OPEN_TIME) - first == 4.5 * 3600
        assert trader.counted(catalogue.AGENT_CYCLES, "outcome") == {"done": 2}
        assert 10 <= trader.sample(catalogue.AGENT_INTERVAL) < 60


async def test_what_it_decides_and_orders_is_counted(still: Installation) -> None:
    async with watched(still) as trader:
        await trader.agent.cycle()
    async with watched(still) as after_a_restart:
        await after_a_restart.agent.cycle()
    assert trader.counted(catalogue.AGENT_DECISIONS, "action") == {"enter": 1}
    assert trader.counted(catalogue.AGENT_ORDERS, "outcome") == {"sent": 1}
    assert after_a_restart.counted(catalogue.AGENT_DECISIONS, "action") == {"wait": 1}
    assert after_a_restart.counted(catalogue.AGENT_ORDERS, "outcome") == {}


async def test_a_denied_order_is_counted_as_denied(still: Installation) -> None:
    async with watched(still, EAGER.model_copy(update={"notional": Decimal(90_000)})) as trader:
        await trader.agent.cycle()
    assert trader.counted(catalogue.AGENT_ORDERS, "outcome") == {"denied": 1}


async def test_halted_and_ended_cycles_finish_and_failed_ones_do_not(still: Installation) -> None:
    async with watched(still) as trader:
        still.parts.desk.halt("a test", "someone")
        await trader.agent.cycle()
        still.clock.ends_at = still.clock.current
        still.clock.current = datetime(2008, 1, 4, 15, 0, tzinfo=UTC)
        await trader.agent.cycle()
        assert trader.counted(catalogue.AGENT_CYCLES, "outcome") == {"halted": 1, "ended": 1}
        assert trader.sample(catalogue.AGENT_MARKET_TIME) == still.clock.current.timestamp()
        assert trader.agent_metrics.state().error is None


class Broken(httpx2.AsyncBaseTransport):
    """An API that cannot be reached, or whose answers nobody foresaw."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise self._error


@pytest.mark.parametrize("error", [httpx2.ConnectError("gone"), KeyError("unforeseen")], ids=["gone", "unforeseen"])
async def test_a_failed_cycle_leaves_what_the_last_finished_one_told(still: Installation, error: Exception) -> None:
    async with AsyncInvestIQClient(BASE, "iq_x", transport=Broken(error)) as client:
        trader = Observed(client, EAGER)
        assert [await trader.agent.cycle() for _ in range(3)] == [10, 20, 40]
    assert trader.counted(catalogue.AGENT_CYCLES, "outcome") == {"failed": 3}
    assert trader.sample(catalogue.AGENT_INTERVAL) == 10, "the longer wait of a failure is no excuse"
    assert trader.sample(catalogue.AGENT_OPEN_TIME) == 0
    assert trader.agent_metrics.state().error


def test_a_loop_that_says_nothing_for_longer_than_its_wait_and_a_cycle_hangs() -> None:
    now = 0.0
    agent_metrics = AgentMetrics(Metrics(Part.AGENT), 60, clock=lambda: now)
    now = 419.0
    assert not agent_metrics.state().hangs
    now = 421.0
    assert agent_metrics.state().hangs
    market: Market = {"now": "2008-01-03T17:00:00Z", "open_seconds": 1.0}  # type: ignore[typeddict-item]
    agent_metrics.finished(CycleOutcome.DONE, market, 1.0, 60.0)
    assert not agent_metrics.state().hangs
