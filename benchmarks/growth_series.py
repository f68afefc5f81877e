"""How many series the API exposes after 1,000 to 1,000,000 requests of somebody who makes up paths and methods.

    python -m benchmarks.growth_series [--rounds 1] [--quick] [--json]

Each round is a new installation and other requests; they are made from a seed, so each run asks the same. One in fifty
is a request as it should be. With --quick, up to 10,000 requests.
"""

from __future__ import annotations

import asyncio
import random
import string
from statistics import median

from prometheus_client import CollectorRegistry, generate_latest

from benchmarks.asgi import get
from benchmarks.growth import BOUNDED, grow
from benchmarks.installation import installation
from benchmarks.rows import Curve, Report, Rounds, main

COMMAND = "python -m benchmarks.growth_series"
SIZES, QUICK_SIZES = (1_000, 10_000, 100_000, 1_000_000), (500, 1_000, 5_000, 10_000)
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
_PROPER = (
    "/health",
    "/api/symbols",
    "/api/account",
    "/api/trades",
    "/api/trading/status",
    "/api/positions",
    "/api/account/equity",
)
_TEMPLATES = ("/{}", "/api/{}", "/api/trades/{}", "/api/quote/{}", "/api/{}/account", "/{}/metrics")


def _request(chance: random.Random) -> tuple[str, str]:
    """Method and path."""
    if chance.random() < 0.02:
        return "GET", chance.choice(_PROPER)
    made_up = "".join(chance.choices(string.ascii_letters + string.digits, k=8))
    method = chance.choice(_METHODS) if chance.random() < 0.9 else made_up.upper()
    return method, chance.choice(_TEMPLATES).format(made_up)


def _series(registry: CollectorRegistry) -> int:
    return sum(not line.startswith(b"#") for line in generate_latest(registry).splitlines())


async def _count(seed: int, sizes: tuple[int, ...]) -> list[float]:
    """The series after so many requests."""
    chance, found = random.Random(seed), []  # noqa: S311 - the same ones each time
    with installation() as asked:
        done = 0
        for size in sizes:
            for _ in range(size - done):
                method, path = _request(chance)
                await get(asked.app, path, method=method, expect=None)
            done = size
            found.append(float(_series(asked.parts.metrics.registry)))
        await asked.parts.aclose()
    return found


def measure(rounds: Rounds) -> Report:
    sizes = QUICK_SIZES if rounds.quick else SIZES
    counts = [asyncio.run(_count(seed, sizes)) for seed in rounds]
    row = grow("the series of the API", BOUNDED, sizes, counts, of="hostile requests", command=COMMAND)
    medians = [median(column) for column in zip(*counts, strict=True)]
    return Report([row], [Curve(name="series of the API", unit="series", of="requests", sizes=sizes, values=medians)])


if __name__ == "__main__":
    main("growth_series", __doc__, measure, rounds=1, quick=1)
