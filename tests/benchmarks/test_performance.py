"""The table of `make bench` and docs/performance.md."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.performance import read, render, table
from tests.setup.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
DOCUMENT: dict[str, Any] = {
    "run": {"date": "2026-11-27 12:00 UTC", "commit": "abc", "processor": "made up", "cores": "2"},
    "benchmarks": {
        "requests": {
            "rows": [
                {
                    "name": "a request",
                    "unit": "µs",
                    "ours": [30.0, 31.0, 32.0],
                    "peer_name": "bare",
                    "peer": [10.0, 10.0, 10.0],
                    "goal": 2.0,
                    "not_compared": "sockets",
                    "command": "python -m benchmarks.requests",
                }
            ],
            "curves": [],
        },
        "growth": {
            "rows": [
                {
                    "name": "growth of a page",
                    "unit": "",
                    "ours": [0.01],
                    "not_compared": "no peer",
                    "command": "python -m benchmarks.growth",
                }
            ],
            "curves": [{"name": "a page", "unit": "ms", "of": "orders", "sizes": [1000, 10000], "values": [2.0, 20.0]}],
        },
    },
}


def test_the_page_has_the_machine_the_figures_the_caveats_and_the_exponents() -> None:
    page = render(DOCUMENT)
    for text in (
        "- processor: made up",
        "- commit: abc",
        "| a request | 31 µs | bare 10 µs | 3.10 | ≤ 2 | no |",
        "| growth of a page | 0.01 |  |  |  |  |",
        "- a request: sockets",
        "| a page | 1,000 · 10,000 orders | 2 · 20 ms | 1.00 |",
        "    .venv-bench/bin/python -m benchmarks.requests",
    ):
        assert text in page, text


def test_the_table_ends_with_the_goals_that_were_missed() -> None:
    rows, _ = read(DOCUMENT)
    assert table(rows).splitlines()[-1] == "goals missed: a request"
    assert table(rows[1:]).splitlines()[-1] == "no goal is missed"


def test_the_committed_page_is_what_the_committed_results_give() -> None:
    """Neither is edited by hand: `make bench` writes both."""
    results = json.loads((DOCS / "performance.json").read_text())
    assert (DOCS / "performance.md").read_text() == render(results)
    assert (DOCS / "images" / "growth.png").stat().st_size > 10_000
