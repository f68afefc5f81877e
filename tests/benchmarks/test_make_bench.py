"""The command behind `make bench`: what it keeps, and its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.rows import Report, Row


def _report(figure: float) -> Report:
    row = Row(name="a row", unit="ms", ours=[figure], goal=5.0, goal_of="ours", not_compared="disks", command="run")
    return Report([row])


@pytest.fixture(autouse=True)
def unfinished(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Reports of a run that has not ended are put there."""
    monkeypatch.setattr(bench, "UNFINISHED", tmp_path / "bench")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the benchmarks whose results were kept; nothing is drawn or written."""
    names: list[str] = []
    monkeypatch.setattr(bench, "keep", lambda document: names.extend(document["benchmarks"]))
    return names


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str, **reports: Report | None) -> int:
    monkeypatch.setattr(bench, "benchmarks", lambda: sorted(reports))
    monkeypatch.setattr(bench, "run", lambda name, _quick: reports[name])
    monkeypatch.setattr("sys.argv", ["bench", *arguments])
    return bench.main()


@pytest.mark.parametrize(("figure", "code"), [(4.0, 0), (6.0, 1)])
def test_the_exit_code_says_whether_a_goal_is_missed(
    monkeypatch: pytest.MonkeyPatch, kept: list[str], figure: float, code: int
) -> None:
    assert _run(monkeypatch, requests=_report(figure), ledger=_report(1.0)) == code
    assert kept == ["ledger", "requests"]


@pytest.mark.parametrize("arguments", [["requests"], ["--quick"]])
def test_a_part_of_a_run_is_shown_and_not_kept(
    monkeypatch: pytest.MonkeyPatch, kept: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert _run(monkeypatch, *arguments, requests=_report(4.0), ledger=_report(1.0)) == 0
    assert kept == []
    assert "a row" in capsys.readouterr().out


def test_a_benchmark_that_fails_leaves_the_kept_results_alone(monkeypatch: pytest.MonkeyPatch, kept: list[str]) -> None:
    assert _run(monkeypatch, requests=None, ledger=_report(1.0)) == 2
    assert kept == []


@pytest.mark.parametrize(("commit", "goes_on"), [("abc", True), ("def", False), ("abc with changes", False)])
def test_a_run_goes_on_with_what_the_last_one_of_this_commit_found(
    monkeypatch: pytest.MonkeyPatch, kept: list[str], commit: str, goes_on: bool
) -> None:
    first = "abc" if goes_on or commit == "def" else commit
    monkeypatch.setattr(bench, "describe_run", lambda _: {"commit": first})
    assert _run(monkeypatch, requests=None, ledger=_report(1.0)) == 2
    monkeypatch.setattr(bench, "describe_run", lambda _: {"commit": commit})
    assert _run(monkeypatch, "--resume", requests=_report(4.0), ledger=_report(9.0)) == (0 if goes_on else 1)
    assert kept == ["ledger", "requests"]


def test_a_name_that_is_none_says_which_there_are(
    monkeypatch: pytest.MonkeyPatch, kept: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        _run(monkeypatch, "request", requests=_report(4.0))
    assert ended.value.code == 2
    assert "there is no benchmark request; there are requests" in capsys.readouterr().err


def test_every_module_that_reports_rows_is_run() -> None:
    names = bench.benchmarks()
    assert {"analysis", "http_metrics", "ledger", "growth_ledger"} <= set(names)
    assert not {"rows", "performance", "picture", "growth", "made_ledger"} & set(names)
