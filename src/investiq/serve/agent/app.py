"""The agent as a process: its loop, and beside it GET /health and GET /metrics.

It listens for those who watch it only: nothing that it serves changes what it does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import structlog
from fastapi import FastAPI, Response

from investiq import __version__
from investiq.clients.api import AsyncInvestIQClient
from investiq.foundation import topology
from investiq.foundation.config.paths import Paths
from investiq.foundation.config.schema import Config
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import HealthStatus, Part
from investiq.serve.agent.loop import Agent, pause
from investiq.serve.agent.metrics import AgentMetrics
from investiq.serve.http import HostPolicy, MonitoringAccess, create_server, serve, set_health_status, wait_at_gate

__all__ = ["create_app", "run"]

_log = structlog.get_logger(__name__)

MAX_BODY_BYTES: Final = 1_024
"""Nothing here takes a body."""

_KEY_FILE_SECONDS = 1.0


def run(config: Config, descriptors: Sequence[int] = (), gate: int | None = None) -> None:
    """Trade until SIGTERM or SIGINT; an order that is being sent is finished first. Logging is the caller's.

    Args:
        gate: an inherited pipe at which to wait for its turn, all libraries loaded.
    """
    if gate is not None:
        import_module("investiq.clients.session.http")  # otherwise loaded with the first question
        wait_at_gate(gate)
    serve(create_app(config, Metrics(Part.AGENT)), config.agent.host, config.agent.port, descriptors)


def create_app(config: Config, metrics: Metrics) -> FastAPI:
    """The agent's server. Its loop starts with the application; at the end, one symbol is finished first."""
    agent_metrics = AgentMetrics(metrics, config.agent.cycle_seconds)
    started = time.monotonic()

    async def health(response: Response) -> dict[str, Any]:
        """`down` with 503 while the loop hangs; `degraded` before the first cycle and while cycles fail."""
        loop = agent_metrics.state()
        well = loop.finished_at is not None and loop.error is None
        status = HealthStatus.DOWN if loop.hangs else HealthStatus.OK if well else HealthStatus.DEGRADED
        set_health_status(response, status)
        uptime = round(time.monotonic() - started, 3)
        return {"status": status, "version": __version__, "uptime_seconds": uptime, "loop": asdict(loop)}

    return create_server(
        "InvestIQ agent",
        metrics=metrics,
        access=MonitoringAccess(Part.AGENT, config.api, Paths.of(config).metrics_token),
        hosts=HostPolicy(config.agent.host, config.agent.hostnames),
        max_body_bytes=MAX_BODY_BYTES,
        health=health,
        lifespan=_lifespan(config, agent_metrics),
    )


def _lifespan(config: Config, agent_metrics: AgentMetrics) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        trading = asyncio.create_task(_trade(config, agent_metrics, stop), name="trading")
        yield
        stop.set()
        await trading

    return lifespan


async def _trade(config: Config, agent_metrics: AgentMetrics, stop: asyncio.Event) -> None:
    key_file = Paths.of(config).agent_key
    await _wait_for_file(key_file, stop)
    async with AsyncInvestIQClient(topology.API.url(config), key_file) as client:
        await Agent(client, config.agent, agent_metrics).run(stop)


async def _wait_for_file(path: Path, stop: asyncio.Event) -> None:
    if not path.exists():
        _log.info("waiting_for_key", file=str(path), hint="the API writes it at its first start")
    while not path.exists() and not stop.is_set():
        await pause(_KEY_FILE_SECONDS, stop)
