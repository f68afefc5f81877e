"""`make proof-load`: every scenario of `investiq load` for a minute, as its client and as Prometheus saw it.

Minutes, so `make test` leaves it out; that a run works from end to end is tested there (tests/e2e/test_load.py).
"""

from __future__ import annotations

import pytest

from investiq.operate.load.scenarios import SCENARIOS
from tests.e2e.conftest import NewStack

pytestmark = pytest.mark.e2e

USERS = {"health": "50", "analysis": "40", "trading": "10", "mixed": "20", "console": "5"}


def test_every_scenario_agrees_with_prometheus(new_stack: NewStack, capsys: pytest.CaptureFixture[str]) -> None:
    stack = new_stack(INVESTIQ_API_REQUESTS_PER_MINUTE="100000")
    stack.up()
    for name in SCENARIOS:
        done = stack.investiq("load", name, "--users", USERS[name], "--pace", "2", "--duration", "60s", seconds=180)
        with capsys.disabled():
            print("", done.out, sep="\n")  # noqa: T201  the measurement is what this is for
    reports = stack.investiq("load", "--last", "--json").json["runs"]
    assert len(reports) == len(SCENARIOS)
    assert [report["scenario"] for report in reports if not report["prometheus"].get("agrees")] == []
    assert [report["scenario"] for report in reports if report["failed"]] == []
