"""`make proof-load`: every scenario of `investiq load` for a minute, as its client and as Prometheus saw it.

Minutes, so `make test` leaves it out; that a run works from end to end is tested there (tests/e2e/test_load.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from investiq.operate.load.scenarios import SCENARIOS
from tests.e2e.conftest import ended
from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e

USERS = {"health": "50", "analysis": "40", "trading": "10", "mixed": "20", "console": "5"}


@pytest.fixture(scope="module")
def unlimited(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Stack]:
    """A stack whose rate limit no scenario reaches."""
    settings = {"INVESTIQ_SIGNALS_MODEL_DIR": str(models), "INVESTIQ_API_REQUESTS_PER_MINUTE": "100000"}
    stack = Stack(tmp_path_factory.mktemp("unlimited"), settings)
    stack.up()
    yield stack
    ended(stack)


def _run(stack: Stack, capsys: pytest.CaptureFixture[str], scenario: str, *options: str) -> Any:
    """Put load on `stack`, show what the command says, and return the report that it kept."""
    done = stack.investiq("load", scenario, *options, seconds=180)
    with capsys.disabled():
        print("", f"$ investiq load {scenario} {' '.join(options)}", done.out, done.err, sep="\n")  # noqa: T201  the measurement is what this is for
    return stack.investiq("load", "--last", "--json").json["runs"][0]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_agrees_with_prometheus(scenario: str, unlimited: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--users", USERS[scenario], "--pace", "2", "--duration", "60s")
    report = _run(unlimited, capsys, scenario, *options)
    assert report["scenario"] == scenario
    assert report["failed"] == 0
    assert report["prometheus"].get("agrees"), report["prometheus"]
