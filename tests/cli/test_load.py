"""`investiq load` and `investiq capacity` where nothing runs."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from investiq.cli import main
from investiq.cli.exit_codes import ExitCode
from investiq.cli.load import NAMES
from investiq.foundation.config import Config
from investiq.operate.load.client_run import LocustMissing, require_locust
from investiq.operate.load.scenarios import SCENARIOS
from tests.operate.load.test_report import kept


def run(*argv: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command line."""
    out, err = io.StringIO(), io.StringIO()
    code = main(argv, io.StringIO(), out, err)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def test_the_command_knows_each_scenario() -> None:
    assert tuple(SCENARIOS) == NAMES


def test_without_locust_it_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "locust", None)
    monkeypatch.setattr("investiq.operate.load.client_run.find_spec", lambda name: None)
    code, _, err = run("load", "health")
    assert code == ExitCode.FAILED
    assert "not installed: install it with" in err
    assert "setup/python.sh load" in err
    with pytest.raises(LocustMissing, match=r"-m pip install 'locust<3,>=2.47'$"):
        require_locust(None)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("load",), "which scenario?"),
        (("load", "nosuch"), "nosuch"),
        (("load", "health", "--users", "0"), "0"),
        (("load", "health", "--users", "1e3"), "1e3"),
        (("load", "health", "--pace", "-1"), "-1"),
        (("load", "health", "--max-errors", "101"), "101"),
        (("load", "health", "--max-p99", "0"), "0"),
        (("load", "health", "--duration", "soon"), "soon"),
        (("load", "health", "--html", "nosuch/report.html"), "cannot be written"),
        (("load", "health", "--url", "http://example.org"), "--target-confirmed example.org"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_asked(argv: tuple[str, ...], said: str) -> None:
    code, out, err = run(*argv)
    assert (code, out) == (ExitCode.USAGE, "")
    assert said in err


def test_nothing_runs_where_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVESTIQ_API_PORT", "9")
    monkeypatch.setenv("INVESTIQ_MONITORING_PROMETHEUS_PORT", "10")
    assert run("load", "health")[0] == ExitCode.NOT_RUNNING
    assert run("load", "console")[0] == ExitCode.NOT_RUNNING
    assert run("capacity")[0] == ExitCode.NOT_RUNNING


def test_before_the_first_run_there_is_nothing_to_list() -> None:
    code, _, err = run("load", "--last")
    assert code == ExitCode.DONE
    assert "no load test has run yet" in err
    assert json.loads(run("load", "--last", "--json")[1])["runs"] == []


def test_the_runs_are_listed_newest_first(here: Path) -> None:
    config = Config(data_dir=here / "data")
    kept(config, "20261127T100000Z-a", 1_795_000_000.0, scenario="health")
    kept(config, "20261127T110000Z-b", 1_795_000_600.0, passed=False)
    _, out, _ = run("load", "--last")
    assert [line.split()[2] for line in out.splitlines()[1:]] == ["mixed", "health"]
    assert [line.split()[-1] for line in out.splitlines()[1:]] == ["no", "yes"]
    assert len(run("load", "health", "--last")[1].splitlines()) == 2
