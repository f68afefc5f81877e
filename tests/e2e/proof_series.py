"""`make proof-series`: how many series each part exposes at rest, and after a day's worth of use.

Replayed sessions pass at half a second each meanwhile, the agent trading in them, and the API answers as many requests
as in a day in which it is asked every ten seconds. Minutes, so `make test` leaves it out; that the number stops growing
is tested there without a stack (tests/serve/api/test_metrics.py).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from investiq.monitoring.rules.monitoring import SERIES_BUDGET
from tests.e2e.conftest import NewStack
from tests.e2e.stack import Stack, awaited

pytestmark = pytest.mark.e2e

REQUESTS = 8_640  # one every ten seconds, for a day
SYMBOLS = ("AAPL", "IBM", "MSFT", "GOOG", "NOSUCH", "not a symbol")
SAMPLES = "sum by (job) (scrape_samples_post_metric_relabeling)"


def test_the_series_of_a_day(new_stack: NewStack, capsys: pytest.CaptureFixture[str]) -> None:
    stack = new_stack(
        INVESTIQ_MARKET_SESSION_SECONDS="0.5",
        INVESTIQ_AGENT_CYCLE_SECONDS="1",
        INVESTIQ_API_REQUESTS_PER_MINUTE="100000",
    )
    stack.up()
    rest = awaited("scrape of every part", 60, lambda: series(stack))
    use(stack, REQUESTS // 2)
    half = settled(stack)
    use(stack, REQUESTS // 2)
    whole = settled(stack)
    rows = (f"{job}: {rest[job]} at rest, {half[job]} after half a day, {whole[job]} after a day" for job in whole)
    with capsys.disabled():
        print("", *rows, sep="\n")  # noqa: T201  the measurement is what this is for
    assert whole["investiq-api"] == half["investiq-api"], "the second half of the day met nothing new"
    assert all(number <= SERIES_BUDGET for job, number in whole.items() if job != "node")


def use(stack: Stack, requests: int) -> None:
    """Ask the API what people, the console and the curious ask it, mistakes included."""
    chance = random.Random(1)  # noqa: S311  not for secrets
    key = {"Authorization": f"Bearer {(stack.data / 'keys/admin.key').read_text('utf-8').strip()}"}
    with httpx2.Client(base_url=stack.url("api", ""), headers=key, timeout=30, trust_env=False) as client:
        for number, (method, path, body) in zip(range(requests), asked(chance), strict=False):
            client.request(
                method, path, json=body, headers={"Idempotency-Key": f"{requests}-{number}-{chance.random()}"}
            )


def asked(chance: random.Random) -> Iterator[tuple[str, str, dict[str, str] | None]]:
    """Requests without end; each path of a symbol or an order is another one."""
    while True:
        symbol = chance.choice(SYMBOLS)
        order = {"symbol": symbol, "side": chance.choice(("buy", "sell")), "quantity": str(chance.randint(1, 9))}
        yield chance.choice(
            (
                ("GET", f"/api/analyze/{symbol}", None),
                ("GET", f"/api/bars/{symbol}?limit=50", None),
                ("GET", "/api/market", None),
                ("GET", "/api/symbols", None),
                ("GET", "/api/positions", None),
                ("GET", "/api/account", None),
                ("GET", "/api/trades", None),
                ("GET", f"/api/trades/{chance.randint(1, 10**6)}", None),
                ("GET", f"/{chance.randbytes(4).hex()}", None),
                ("GET", "/api/trading/status", None),
                ("POST", "/api/trades", order),
                ("POST", "/api/trades", {"symbol": symbol}),
                ("PUT", "/api/market", None),
                ("GET", "/health", None),
            )
        )


def settled(stack: Stack) -> dict[str, int]:
    """The series once a scrape has seen the end of the use."""
    asked_at = float(stack.get("prometheus", "/api/v1/query?query=time()")["data"]["result"][1])
    query = f'min(timestamp(up{{job="investiq-api"}})) > {asked_at}'
    awaited("scrape after the use", 60, lambda: _result(stack, query))
    return series(stack)


def series(stack: Stack) -> dict[str, int]:
    """Scrape job -> the samples of its last scrape."""
    return {one["metric"]["job"]: int(one["value"][1]) for one in sorted(_result(stack, SAMPLES), key=str)}


def _result(stack: Stack, query: str) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = stack.get("prometheus", "/api/v1/query", {"query": query})["data"]["result"]
    return result
