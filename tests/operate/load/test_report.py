"""Thresholds, notes and the kept reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from investiq.foundation.config import Config
from investiq.operate.load import kept_reports, last_report
from investiq.operate.load.comparison import compare
from investiq.operate.load.kept import MOST, keep, quiet_before
from investiq.operate.load.orders import OrderSummary
from investiq.operate.load.record import Outcome, RunRecord
from investiq.operate.load.report import Limits, report_document, report_lines
from investiq.operate.load.run import LoadRun, RunOptions
from investiq.operate.load.scenarios import SCENARIOS
from investiq.operate.load.target import Target
from tests.operate.load.runs import STARTED, add, group, record, view

LIMITS = Limits(error_share=0.1, p99_milliseconds=100, rate=0.5, limited_share=0.01)
TEN = (10.0,) * 10


def run(
    made: RunRecord, *, orders: OrderSummary | None = None, interrupted: bool = False, missing: str = ""
) -> LoadRun:
    compared = {"missing": missing} if missing else compare(made, view(*TEN))
    target = Target("http://127.0.0.1:3000", "iq_secret", True, "replay")
    options = RunOptions(users=10, seconds=10, pace=1)
    return LoadRun(
        "20261127T200000Z-mixed-abc", SCENARIOS["mixed"], target, options, made, compared, orders, interrupted
    )


def report(made: RunRecord, limits: Limits = LIMITS, **more: Any) -> dict[str, Any]:
    document = report_document(run(made, **more), limits, Config())
    assert json.loads(json.dumps(document)) == document, "a report is plain JSON"
    assert report_lines(document), "and can be read"
    return document


def missed(document: dict[str, Any]) -> list[str]:
    return [one["name"] for one in document["thresholds"] if not one["kept"]]


def test_a_good_run_passes_and_its_report_holds_no_key() -> None:
    document = report(record(*TEN))
    assert document["passed"]
    assert (document["requests"], document["served"], document["latency_ms"]["p99"]) == (10, 10, 10)
    assert "iq_secret" not in json.dumps(document)


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ((Outcome.FAILED, 503, "503 unavailable", 2), ["error_share"]),
        ((Outcome.RATE_LIMITED, 429, "", 1), ["rate_limited_share"]),
        ((Outcome.DENIED, 409, "halted", 5), []),
    ],
)
def test_what_failed_was_denied_and_was_refused_count_apart(
    made: tuple[Outcome, int, str, int], name: list[str]
) -> None:
    outcome, status, why, number = made
    both = record(*TEN)
    add(both, *[10.0] * number, of=group(status, outcome, why))
    document = report(both)
    assert missed(document) == name
    assert document["passed"] is not bool(name)
    assert document[outcome.value] == number


def test_a_slow_run_and_one_with_too_few_requests_do_not_pass() -> None:
    assert missed(report(record(*[101.0] * 10))) == ["p99_ms"]
    assert missed(report(record(*TEN, seconds=60))) == ["requests_per_second"]
    assert missed(report(record(*TEN, seconds=60), Limits(0, 100, None, 0))) == []


def test_a_run_in_which_nothing_was_asked_does_not_pass() -> None:
    document = report(RunRecord(), missing="no request was sent")
    assert not document["passed"]
    assert {"error_share", "p99_ms", "requests_per_second"} <= set(missed(document))
    assert "prometheus missing: no request was sent" in report_lines(document)


def test_a_run_that_was_stopped_proves_nothing() -> None:
    document = report(record(*TEN), interrupted=True)
    assert not document["passed"]
    assert "stopped before its time" in document["notes"][0]


@pytest.mark.parametrize(
    ("method", "setting"), [("GET", "api.requests_per_minute (6000"), ("POST", "api.trades_per_minute (120")]
)
def test_the_rate_limit_is_named_with_its_setting(method: str, setting: str) -> None:
    made = record(*TEN)
    add(made, *[1.0] * 5, of=group(429, Outcome.RATE_LIMITED, method=method))
    (note,) = report(made)["notes"]
    assert "5 of 15 requests were refused by the rate limit (429)" in note
    assert setting in note


def test_what_is_left_of_what_it_traded_is_said_with_how_to_sell_it() -> None:
    orders = OrderSummary(3, {"filled": 3}, 0, bought={"AAPL": "2"}, sold={"AAPL": "1"}, left={"AAPL": "1"})
    document = report(record(*TEN), orders=orders)
    assert "left of what it traded: 1 AAPL: `investiq trade sell AAPL --quantity 1` sells them" in document["notes"]
    assert "traded     bought 2 AAPL; sold 1 AAPL; left 1 AAPL" in report_lines(document)


def test_orders_that_nobody_could_look_up_are_said() -> None:
    document = report(record(*TEN), orders=OrderSummary(7, problem="no answer"))
    assert "what became of 7 orders could not be found out: no answer" in document["notes"]


# ---- kept ----


def kept(config: Config, name: str, ended_at: float, **more: Any) -> Path:
    return keep(config, name, {**report(record(*TEN)), "ended_at": ended_at, "started_at": ended_at - 60, **more})


def test_the_newest_report_is_read_back(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    assert last_report(config) is None
    kept(config, "20261127T100000Z-a", STARTED)
    path = kept(config, "20261127T110000Z-b", STARTED + 60, scenario="health", passed=False)
    found = last_report(config)
    assert found is not None
    assert (found.path, found.scenario, found.passed) == (path, "health", False)
    assert found.ended_at.timestamp() == STARTED + 60
    other = last_report(config, "mixed")
    assert other is not None
    assert other.passed
    assert last_report(config, "console") is None
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": "other/1"}', '{"schema": "investiq.load/1"}'])
def test_a_file_that_is_no_report_hides_no_other(tmp_path: Path, text: str) -> None:
    config = Config(data_dir=tmp_path)
    kept(config, "20261127T100000Z-a", STARTED)
    (tmp_path / "load" / "20261127T990000Z-z.json").write_text(text)
    assert [one.path.name for one in kept_reports(config)] == ["20261127T100000Z-a.json"]


def test_the_oldest_reports_go(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    folder = tmp_path / "load"
    folder.mkdir()
    for number in range(MOST):
        (folder / f"20200101T{number:06}Z-x.json").write_text("{}")
    (folder / "20200101T000000Z-x.orders").touch()
    kept(config, "20261127T100000Z-a", STARTED)
    assert len(list(folder.glob("*.json"))) == MOST
    assert not (folder / "20200101T000000Z-x.json").exists()
    assert (folder / "20200101T000000Z-x.orders").exists()


def test_a_quiet_while_lies_between_the_runs(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    assert quiet_before(config, STARTED) == (STARTED - 60, STARTED)
    kept(config, "20261127T100000Z-a", STARTED - 200)
    assert quiet_before(config, STARTED) == (STARTED - 60, STARTED)
    kept(config, "20261127T110000Z-b", STARTED - 10)  # ran from -70 to -10
    assert quiet_before(config, STARTED) == (STARTED - 145, STARTED - 85)


def test_after_runs_without_a_pause_there_is_no_quiet_while(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    for number in range(20):
        kept(config, f"20261127T1{99 - number}000Z-a", STARTED - 5 - 60 * number)
    assert quiet_before(config, STARTED) is None
