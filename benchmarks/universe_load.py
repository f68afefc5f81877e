"""What a folder of many symbols costs: opening it, memory, an analysis, the list of symbols, the training of the model.

    python benchmarks/universe.py /tmp/universe
    python benchmarks/universe_load.py /tmp/universe --data /tmp/universe-data [--train]

One process, no network: the signal engine is left out, which in the running product asks another process. The first run
with an empty --data is a first start; the next ones are later starts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from investiq.foundation.config.schema import Config
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.invest import wiring
from investiq.invest.analysis import Orchestrator, QuantitativeEngine, TechnicalEngine
from investiq.serve.api.routes.market import market_routes


def main() -> None:
    arguments = _arguments()
    config = Config.model_validate(
        {
            "data_dir": arguments.data,
            "market": {"provider": "files", "folder": arguments.folder, "start": arguments.start},
        }
    )
    arguments.data.mkdir(parents=True, exist_ok=True)
    found: dict[str, float] = {}
    if arguments.train:
        started = time.perf_counter()
        wiring.train_models(config, lambda *_: None)
        found["training seconds"] = time.perf_counter() - started
        found["training MiB"] = _peak()
    else:
        started = time.perf_counter()
        market, _clock = wiring.build_market(config)
        found["open seconds"] = time.perf_counter() - started
        found["open MiB"] = _peak()
        found |= asyncio.run(_analyses(market))
        found["/api/symbols ms"] = _symbols(market)
        found["state ms"] = 1000 * _median(market.state, 20)
        found["MiB"] = _peak()
    print(json.dumps({name: round(value, 3) for name, value in found.items()}, indent=2))


async def _analyses(market: Any) -> dict[str, float]:
    engines = (TechnicalEngine(), QuantitativeEngine())
    weights = {str(engine.name): Decimal(1) for engine in engines}
    orchestrator = Orchestrator(market, engines, weights, 60.0, Metrics(Part.API))
    symbols = list(market.symbols())
    seconds = []
    for symbol in symbols[:: max(len(symbols) // 40, 1)]:
        started = time.perf_counter()
        await orchestrator.analyze(symbol)
        seconds.append(time.perf_counter() - started)
    return {"first analysis ms": 1000 * seconds[0], "analysis ms": 1000 * statistics.median(seconds[1:])}


def _symbols(market: Any) -> float:
    app = FastAPI()
    app.include_router(market_routes(market))
    client = TestClient(app)
    client.get("/api/symbols")
    return 1000 * _median(lambda: client.get("/api/symbols"), 5)


def _median(work: Callable[[], object], times: int) -> float:
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", type=date.fromisoformat, default=date(2012, 1, 3), help="of the replay")
    parser.add_argument("--train", action="store_true", help="measure the training alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
