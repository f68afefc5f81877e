"""`investiq render` and `investiq validate` as typed: output, schema and exit code."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from investiq.cli import main, render
from investiq.cli.exit_codes import ExitCode
from investiq.stack import validate as checks
from investiq.stack.validate import checkout


def _run(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = main(arguments, io.StringIO(), out, err)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the committed files, which the commands take for the repository."""
    for folder in ("monitoring", "docs", "tests/rules"):
        shutil.copytree(checkout() / folder, tmp_path / folder)
    monkeypatch.setattr(render, "checkout", lambda: tmp_path)
    monkeypatch.setattr(checks, "checkout", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_is_content_with_what_is_committed(clone: Path) -> None:
    code, out, err = _run("render", "--check")
    assert (code, out) == (ExitCode.DONE, "")
    assert "are what the source renders" in err


def test_check_shows_the_difference_and_writes_nothing(clone: Path) -> None:
    file = clone / "monitoring/prometheus.yml"
    edited = file.read_text("utf-8").replace("10s", "15s")
    file.write_text(edited, "utf-8")
    code, out, err = _run("render", "--check")
    assert code == ExitCode.FINDINGS
    assert "-  evaluation_interval: 15s\n+  evaluation_interval: 10s" in out
    assert "1 file differs" in err
    assert file.read_text("utf-8") == edited


def test_render_mends_it_and_names_what_it_wrote(clone: Path) -> None:
    (clone / "docs/metrics.md").unlink()
    assert _run("render")[:2] == (ExitCode.DONE, "docs/metrics.md\n")
    assert (clone / "docs/metrics.md").is_file()
    assert json.loads(_run("render", "--json")[1]) == {"schema": "investiq.render/1", "written": [], "differs": []}


def test_validate_offline_without_a_finding(clone: Path) -> None:
    code, out, err = _run("validate", "--offline")
    assert code == ExitCode.DONE
    assert [line.split()[0] for line in out.splitlines()] == ["ok"] * len(checks.OFFLINE_CHECKS)
    assert err == f"{len(checks.OFFLINE_CHECKS)} checks, no finding\n"


def test_validate_offline_with_one_says_where_what_and_how_to_mend_it(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Half a minute each time. A copy, since an item that is deleted and put back comes last for all tests after this.
    quick = {name: check for name, check in checks.OFFLINE_CHECKS.items() if name != "rule-tests"}
    monkeypatch.setattr(checks, "OFFLINE_CHECKS", quick)
    (clone / "docs/runbooks/trading.md").unlink()
    code, out, _ = _run("validate", "--offline")
    assert code == ExitCode.FINDINGS
    assert "FAIL runbooks" in out
    assert "docs/runbooks/trading.md: CircuitBreakerTripped has no heading" in out
    assert "fix: add `## CircuitBreakerTripped`" in out
    document = json.loads(_run("validate", "--offline", "--json")[1])
    assert document["schema"] == "investiq.validate/1"
    assert {finding["check"] for finding in document["findings"]} == {"runbooks"}


def test_validate_of_what_does_not_run_finds_that(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ("MONITORING_PROMETHEUS_PORT", "MONITORING_ALERTMANAGER_PORT", "INBOX_PORT")
    for port, setting in enumerate(settings, start=1):  # nobody listens on the first ports
        monkeypatch.setenv(f"INVESTIQ_{setting}", str(port))
    code, out, _ = _run("validate")
    assert code == ExitCode.FINDINGS
    assert "ok" not in [line.split()[0] for line in out.splitlines()]
