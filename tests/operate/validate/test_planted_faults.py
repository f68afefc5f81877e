"""The faults that rot a monitoring, each planted into a copy of this repository, and found by `validate --offline`.

Nothing but the check that is there for the fault is asked: it has to find it by itself. What the same faults look like
while everything runs is in `test_validate_live.py` and `tests/e2e/test_validate.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from investiq.foundation import runbooks
from investiq.foundation.checkout import checkout
from investiq.foundation.config import Config
from investiq.foundation.findings import Finding
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.dashboards.panel import Dashboard, Query
from investiq.operate.validate import offline
from investiq.operate.validate.offline import validate_offline

RUNBOOKS = "src/investiq/foundation/runbooks"


class Fault(NamedTuple):
    """A fault, the check that is to find it, and where it is to say that it is."""

    plant: Callable[[Path], object]
    check: str
    where: str


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("monitoring", "docs", "tests/rules", RUNBOOKS):
        shutil.copytree(checkout() / folder, tmp_path / folder)
    monkeypatch.setattr(runbooks, "FOLDER", tmp_path / RUNBOOKS)
    return tmp_path


def _edit(path: str, old: str, new: str) -> Callable[[Path], None]:
    def plant(root: Path) -> None:
        text = (root / path).read_text("utf-8")
        assert old in text
        (root / path).write_text(text.replace(old, new), "utf-8")

    return plant


def _without(path: str, first: str, last: str) -> Callable[[Path], None]:
    """Remove the text of a file from `first` until before `last`."""

    def plant(root: Path) -> None:
        before, found, after = (root / path).read_text("utf-8").partition(first)
        assert found
        (root / path).write_text(before + last + after.partition(last)[2], "utf-8")

    return plant


API, MARKET, SIGNALS = (f"monitoring/rules/{subject}.yml" for subject in ("api", "market", "signals"))

FAULTS = {
    "a misspelt metric": Fault(
        _edit("monitoring/rules/trading.yml", "investiq_trading_halted", "investiq_trade_halted"),
        "references",
        "monitoring/rules/trading.yml: CircuitBreakerTripped",
    ),
    "a missing runbook": Fault(
        _without(f"{RUNBOOKS}/api.md", "## HighLatency", "## "), "runbooks", f"{RUNBOOKS}/api.md"
    ),
    "a missing test": Fault(
        _edit("tests/rules/trading.yml", "alertname: DailyLossNearLimit", "alertname: DrawdownNearLimit"),
        "alert-tests",
        "DailyLossNearLimit (warning)",
    ),
    "a committed file that was edited by hand": Fault(_edit(API, "for: 1m", "for: 2m"), "rendered", API),
    "an alert on a target that nobody has": Fault(
        _edit(SIGNALS, 'job="signal-models"', 'job="signals"'), "references", f"{SIGNALS}: MLServiceDown"
    ),
    "an alert beyond the last bucket": Fault(
        _edit(API, "> 1000 and", "> 10000 and"), "thresholds", f"{API}: HighLatency"
    ),
    "an alert whose sides never match": Fault(
        _edit(API, "/ job:", "/ on (instance) job:"), "labels", f"{API}: job:investiq_request_errors:ratio_rate5m"
    ),
    "an alert with a condition that is never true": Fault(
        _edit(MARKET, "expr: ", "expr: vector(1) > 2 and "), "rule-tests", "tests/rules/market.yml"
    ),
}


def _found(root: Path, check: str) -> list[Finding]:
    (checked,) = validate_offline(root, Config(), [check])
    return list(checked.findings)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_planted_fault_is_found(copy: Path, fault: Fault) -> None:
    if fault.check == "rule-tests":  # all of them take half a minute
        for tests in copy.glob("tests/rules/*.yml"):
            if tests.name != Path(fault.where).name:
                tests.unlink()
    assert _found(copy, fault.check) == []
    fault.plant(copy)
    findings = _found(copy, fault.check)
    assert fault.where in [finding.place.where for finding in findings]
    assert all(finding.fix and not finding.is_unchecked for finding in findings)


def test_a_dead_panel_is_found(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boards = dashboards_of(Config())
    board, panel = boards[0], boards[0].panels[0]
    dead = replace(panel, title="Dead", queries=(Query("rate(investiq_request_total[5m])", "dead"),))
    row = replace(board.rows[0], panels=(*board.rows[0].panels, dead))

    def spoilt(_config: Config) -> tuple[Dashboard, ...]:
        return (replace(board, rows=(row, *board.rows[1:])), *boards[1:])

    assert _found(copy, "references") == []
    monkeypatch.setattr(offline, "dashboards_of", spoilt)
    (finding,) = _found(copy, "references")
    assert "Dead" in finding.place.where
    assert "investiq_request_total" in finding.what
