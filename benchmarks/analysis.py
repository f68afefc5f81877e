"""What an analysis costs: an answer of the real API beside a bare endpoint of the same bytes, and the engines cold.

    python -m benchmarks.analysis [--rounds 21] [--quick] [--json]

The API of a new installation runs in this process on the shipped prices, the signal models service beside it as its own
process; both applications are called through ASGI, without sockets. Nothing changes between two requests, so that an
answer may come from a cache. Requests a second are those of one core: processor time of this process alone.

Cold, each analysis is one session later than the one before, so that nothing can be remembered, and asks the engines
that need no network. The history of AAPL has 3,270 bars.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI, Response
from starlette.types import ASGIApp

from benchmarks.asgi import get, microseconds
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
from tests.serve.api.servers import Servers

PATH, SYMBOL = "/api/analyze/AAPL", Symbol("AAPL")
REQUESTS = {"ours": 5, "bare": 200}
"""In a round."""
SESSIONS = 5
"""Analysed cold in a round."""
COMMAND = "python -m benchmarks.analysis"


@contextmanager
def served() -> Iterator[Installation]:
    """The API's installation with a trained model, and the service that predicts from it."""
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        wiring.train_models(Config(data_dir=data), lambda *_: None)
        api, signals = free_ports(2)
        servers = Servers(data, api, signals)
        service = servers.start("signals", f"http://127.0.0.1:{signals}/health")
        try:
            yield install_at(data, signals_port=signals)
        finally:
            service.terminate()
            service.wait()


def bare_endpoint(body: bytes) -> ASGIApp:
    """FastAPI and nothing else: the bytes are there already."""
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.get("/api/analyze/{symbol}")
    async def analyze(symbol: str) -> Response:  # noqa: ARG001 - it is read and checked, as ours is
        return Response(body, media_type="application/json")

    return app


async def from_the_cache(ours: ASGIApp, rounds: Rounds) -> Row:
    """Requests a second of both, for an analysis that was asked for before."""
    body = await get(ours, PATH)
    assert b'"unavailable"' not in body.split(b'"signal"')[1][:200], "the signal models service does not answer"
    bare = bare_endpoint(body)
    await microseconds(bare, PATH, REQUESTS["bare"])
    found: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in rounds:
        for name, app in (("ours", ours), ("bare", bare)):
            found[name].append(1e6 / await microseconds(app, PATH, REQUESTS[name]))
    return Row(
        name="GET /api/analyze/AAPL asked again",
        unit="requests/s",
        ours=found["ours"],
        peer_name="bare FastAPI",
        peer=found["bare"],
        goal=0.8,
        better="higher",
        not_compared="sockets and server; the bare endpoint has no layers (metrics, log, access) and computes nothing; "
        "what the signal models service needs itself",
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


async def _measure(rounds: Rounds) -> Report:
    with served() as found:
        asked = await from_the_cache(found.app, rounds)
        await found.parts.aclose()
    with installation() as found:
        computed = await cold(found, rounds)
        await found.parts.aclose()
    return Report([asked, computed])


def measure(rounds: Rounds) -> Report:
    return asyncio.run(_measure(rounds))


if __name__ == "__main__":
    main("analysis", __doc__, measure, rounds=21, quick=3)
