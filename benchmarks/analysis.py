"""What an analysis costs: an answer of the real API beside a bare endpoint of the same bytes, and the engines cold.

    python -m benchmarks.analysis [--rounds 21] [--quick] [--json]

`investiq serve api` runs on the shipped prices as it does in a stack, with the signal models service beside it; the
bare endpoint is FastAPI that returns the same bytes, on the same uvicorn with our connections and bounds. Each server
is a process on one core, and the client asks it over sockets from the other. Nothing changes between two requests, so
that an answer may come from what is kept. Requests a second are those of one core: processor time of the server. The
second row calls both applications through ASGI in this process, without sockets and server.

Cold, each analysis is one session later than the one before, so that nothing can be remembered, and asks the engines
that need no network. The history of AAPL has 3,270 bars.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from benchmarks import sockets
from benchmarks.asgi import get, microseconds
from benchmarks.bare_server import bare_endpoint
from benchmarks.installation import LAST_DAY, install_at, installation
from benchmarks.rows import Report, Rounds, Row, main
from investiq.foundation.config.schema import Config
from investiq.invest import wiring
from investiq.invest.analysis import (
    FundamentalEngine,
    Orchestrator,
    QuantitativeEngine,
    SentimentEngine,
    TechnicalEngine,
)
from investiq.invest.market.types import Symbol
from tests.ports import free_ports
from tests.serve.api.installation import Installation
from tests.serve.api.servers import Servers, wait_for

PATH, SYMBOL = "/api/analyze/AAPL", Symbol("AAPL")
REQUESTS = 800
"""In a round, of each."""
SESSIONS = 5
"""Analysed cold in a round."""
COMMAND = "python -m benchmarks.analysis"
AS_SHIPPED = {"INVESTIQ_MARKET_START": "2013-02-20", "INVESTIQ_MARKET_SESSION_SECONDS": "86400"}
"""But for market time: the end of the history, and no price that changes while it is measured."""


@dataclass(frozen=True, slots=True)
class Served:
    """The data of an installation with a trained model, its two servers, and where the model's listens."""

    data: Path
    signals_port: int
    api: subprocess.Popen[bytes]
    api_port: int
    bare: subprocess.Popen[bytes]
    bare_port: int


@contextmanager
def served() -> Iterator[Served]:
    """The product's API with the service that predicts, and the bare endpoint of the same bytes."""
    with TemporaryDirectory() as folder, ExitStack() as ended:
        data = Path(folder) / "data"
        wiring.train_models(Config(data_dir=data), lambda *_: None)
        api_port, signals_port, bare_port = free_ports(3)
        servers = Servers(data, api_port, signals_port)

        def until_the_end(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
            ended.callback(process.wait)
            ended.callback(process.terminate)
            return process

        until_the_end(servers.start("signals", f"http://127.0.0.1:{signals_port}/health"))
        api = until_the_end(servers.start_api(INVESTIQ_API_REQUESTS_PER_MINUTE="1000000", **AS_SHIPPED))
        kept = Path(folder) / "body.json"
        kept.write_bytes(body_of(servers.url))
        bare = until_the_end(_start_bare(bare_port, kept))
        yield Served(data, signals_port, api, api_port, bare, bare_port)


def body_of(url: str) -> bytes:
    """The answer of the API; asked twice, since which model serves is known by its first answer."""
    for _ in range(2):
        body = httpx2.get(f"{url}{PATH}", trust_env=False, timeout=30).content
    assert b'"unavailable"' not in body.split(b'"signal"')[1][:200], "the signal models service does not answer"
    return body


def _start_bare(port: int, kept: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.bare_server", str(port), str(kept)])
    wait_for(f"http://127.0.0.1:{port}{PATH}", process)
    return process


def over_sockets(servers: Served, rounds: Rounds) -> Row:
    """Requests a second of both, for an analysis that was asked for before."""
    found: dict[str, list[float]] = {"ours": [], "bare": []}
    with sockets.connections(servers.api_port) as ours, sockets.connections(servers.bare_port) as bare:
        asked = (("ours", servers.api, ours), ("bare", servers.bare, bare))
        for _, server, open_ones in asked:
            sockets.pin(server)
            sockets.microseconds(server, open_ones, PATH, REQUESTS)
        for _ in rounds:
            for name, server, open_ones in asked:
                found[name].append(1e6 / sockets.microseconds(server, open_ones, PATH, REQUESTS))
    return Row(
        name="GET /api/analyze/AAPL asked again, over sockets",
        unit="requests/s",
        ours=found["ours"],
        peer_name="bare FastAPI",
        peer=found["bare"],
        goal=0.8,
        better="higher",
        not_compared="the bare endpoint has no layers (metrics, log, access) and computes nothing; what the signal "
        "models service needs itself",
        command=COMMAND,
    )


async def in_process(made: Installation, rounds: Rounds) -> Row:
    """The same through ASGI: what the server costs hides nothing."""
    await get(made.app, PATH)
    body = await get(made.app, PATH)
    bare = bare_endpoint(body)
    found: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in rounds:
        for name, app in (("ours", made.app), ("bare", bare)):
            found[name].append(await microseconds(app, PATH, REQUESTS))
    return Row(
        name="GET /api/analyze/AAPL asked again, without a server",
        unit="µs",
        ours=found["ours"],
        peer_name="bare FastAPI",
        peer=found["bare"],
        not_compared="sockets and server; the bare endpoint has no layers (metrics, log, access) and computes nothing",
        command=COMMAND,
    )


async def cold(parts: Installation, rounds: Rounds) -> Row:
    """Processor milliseconds of an analysis that nothing was remembered for."""
    market = parts.parts.market
    engines = (
        TechnicalEngine(),
        QuantitativeEngine(),
        SentimentEngine(market.headlines),
        FundamentalEngine(market.fundamentals),
    )
    weights = {str(name): weight for name, weight in parts.config.analysis.weights.items()}
    orchestrator = Orchestrator(market, engines, weights, parts.config.analysis.timeout_seconds, parts.parts.metrics)
    sessions = iter(market_days(rounds.count * SESSIONS + 1))
    parts.clock.current = next(sessions)
    await orchestrator.analyze(SYMBOL)  # imports, first loads
    found = []
    for _ in rounds:
        started = time.process_time()
        for _ in range(SESSIONS):
            parts.clock.current = next(sessions)
            analysis = await orchestrator.analyze(SYMBOL)
        found.append((time.process_time() - started) / SESSIONS * 1e3)
    assert analysis.price is not None
    return Row(
        name="analysis of AAPL, cold",
        unit="ms",
        ours=found,
        goal=5.0,
        goal_of="ours",
        not_compared="the signal engine, which waits for its service; HTTP",
        command=COMMAND,
    )


def market_days(count: int) -> list[datetime]:
    """The last `count` weekdays of the shipped prices at noon in New York, in their order."""
    days = (LAST_DAY - timedelta(days=back) for back in range(count * 2))
    return [day for day in days if day.weekday() < 5][:count][::-1]


async def _measured_in_process(servers: Served, rounds: Rounds) -> list[Row]:
    with TemporaryDirectory() as folder:
        found = install_at(Path(folder), signals_port=servers.signals_port)
        asked = await in_process(found, rounds)
        await found.parts.aclose()
    with installation() as found:
        computed = await cold(found, rounds)
        await found.parts.aclose()
    return [asked, computed]


def measure(rounds: Rounds) -> Report:
    with served() as servers:
        asked = over_sockets(servers, rounds)
        return Report([asked, *asyncio.run(_measured_in_process(servers, rounds))])


if __name__ == "__main__":
    main("analysis", __doc__, measure, rounds=21, quick=3)
