"""`investiq render` and `investiq validate` as typed: output, schema and exit code."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from investiq.cli import main, render
from investiq.cli.exit_codes import ExitCode, Validation
from investiq.foundation import runbooks
from investiq.foundation.checkout import checkout
from investiq.operate.validate import committed
from investiq.operate.validate import offline as checks
from tests.cli.fake_stack import PORT_SETTINGS
from tests.committed_copy import RUNBOOKS, copied
from tests.ports import free_port


def _run(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = main(arguments, io.StringIO(), out, err)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the committed files, which the commands take for the repository."""
    copied(tmp_path)
    monkeypatch.setattr(runbooks, "FOLDER", tmp_path / RUNBOOKS)
    monkeypatch.setattr(render, "find_checkout", lambda: tmp_path)
    monkeypatch.setattr(committed, "find_checkout", lambda: tmp_path)
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


@pytest.mark.xdist_group("offline")  # every promtool test
def test_validate_offline_without_a_finding(clone: Path) -> None:
    code, out, err = _run("validate", "--offline")
    assert code == Validation.WHOLE
    assert [line.split()[0] for line in out.splitlines()] == ["ok"] * len(checks.OFFLINE_CHECKS)
    assert f"{len(checks.OFFLINE_CHECKS)} checks, no finding; " in err


def test_validate_offline_with_one_says_where_what_and_how_to_mend_it(clone: Path) -> None:
    (clone / RUNBOOKS / "trading.md").unlink()
    some = ("--only", "runbooks", "--only", "rates")  # all of them take half a minute
    code, out, err = _run("validate", "--offline", *some)
    assert code == Validation.FINDINGS
    assert [line.split()[:2] for line in out.splitlines() if line[0] != " "] == [
        ["ok", "rates:"],
        ["FAIL", "runbooks:"],
    ]
    assert f"{RUNBOOKS}/trading.md: CircuitBreakerTripped has no heading" in out
    assert "fix: add `## CircuitBreakerTripped`" in out
    assert err.splitlines()[-1].startswith("2 checks, ")
    document = json.loads(_run("validate", "--offline", "--json", *some)[1])
    assert document["schema"] == "investiq.validate/1"
    assert document["exit_code"] == Validation.FINDINGS
    assert {finding["check"] for finding in document["findings"]} == {"runbooks"}
    assert [(check["check"], check["verdict"]) for check in document["checks"]] == [
        ("rates", "ok"),
        ("runbooks", "findings"),
    ]
    assert (document["unchecked"], document["left_out"]) == ([], [])
    assert document["seconds"] > 0


def test_validate_offline_without_the_checkers_could_not_check(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(clone))
    code, out, err = _run("validate", "--offline", "--only", "programs")
    assert code == Validation.UNCHECKED
    assert out.startswith("?    programs: ")
    assert "could not check: promtool is not installed" in out
    assert "no finding, 6 could not be made" in err


def test_render_without_the_repository_asks_for_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(render, "find_checkout", lambda: None)
    code, _, err = _run("render")
    assert code == ExitCode.FAILED
    assert "--into DIR" in err
    assert _run("render", "--into", str(tmp_path))[0] == ExitCode.DONE
    assert (tmp_path / "monitoring/prometheus.yml").is_file()
    assert _run("render", "--check", "--into", str(tmp_path))[0] == ExitCode.DONE


def test_validate_of_what_does_not_run_finds_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for setting in PORT_SETTINGS.values():
        monkeypatch.setenv(f"INVESTIQ_{setting.replace('.', '_').upper()}", str(free_port()))
    code, out, err = _run("validate")
    assert code == Validation.FINDINGS
    verdicts = {line.split()[1].rstrip(":"): line.split()[0] for line in out.splitlines() if line[0] != " "}
    assert set(verdicts.values()) == {"FAIL", "?", "-"}
    assert verdicts["services"] == "FAIL"
    assert verdicts["prometheus"] == "?"
    assert "the stack: nothing of it runs\n       fix: `investiq up`" in out
    assert "could not be made" in err


def test_validate_of_a_dead_port_elsewhere_could_not_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = f"http://127.0.0.1:{free_port()}"
    code, out, _ = _run("validate", "--prometheus", f"{url}/", "--json")
    document = json.loads(out)
    assert code == document["exit_code"] == Validation.UNCHECKED
    assert [(finding["check"], finding["where"]) for finding in document["unchecked"]] == [("prometheus", url)]
    assert {one["check"] for one in document["left_out"]} >= {"files", "services", "rules", "panels"}
    assert document["findings"] == []


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--only", "rule"), "no check of the running monitoring is called 'rule'; they are: files, services"),
        (("--offline", "--only", "panels-live"), "no check of --offline is called 'panels-live'"),
        (("--offline", "--prometheus", "http://x"), "--prometheus is for the running monitoring"),
        (("--offline", "--wait", "5"), "--wait is for the running monitoring"),
        (("--token-file", "x"), "--token-file is for --prometheus and --alertmanager"),
        (("--prometheus", "localhost:9090"), "is no base address"),
        (("--prometheus", "http://a:b@host"), "do not put a password in an address"),
        (("--prometheus", "http://host:99999"), "is no base address"),
        (("--wait", "-1"), "--wait"),
    ],
)
def test_validate_used_wrongly(arguments: tuple[str, ...], what: str) -> None:
    code, out, err = _run("validate", *arguments)
    assert (code, out) == (Validation.UNCHECKED, "")
    assert what in " ".join(err.split())


def test_a_token_that_cannot_be_read_could_not_check(tmp_path: Path) -> None:
    code, out, _ = _run("validate", "--prometheus", "http://127.0.0.1:1", "--token-file", str(tmp_path / "none"))
    assert code == Validation.UNCHECKED
    assert "none cannot be read" in out


def test_the_script_calls_validate_of_its_clone_from_anywhere(tmp_path: Path) -> None:
    clone = tmp_path / "a clone"
    for folder in ("monitoring", ".venv/bin", "elsewhere"):
        (clone / folder).mkdir(parents=True)
    script = clone / "monitoring/validate.sh"
    shutil.copy(checkout() / "monitoring/validate.sh", script)
    without = subprocess.run([script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (without.returncode, without.stdout) == (Validation.UNCHECKED, "")
    assert f"{clone}/.venv is not made yet" in without.stderr
    program = clone / ".venv/bin/investiq"
    program.write_text('#!/bin/sh\npwd\nprintf "%s\\n" "$@"\nexit 1\n')
    program.chmod(0o755)
    done = subprocess.run(
        [script, "--only", "a b"], cwd=clone / "elsewhere", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()) == (1, [str(clone), "validate", "--only", "a b"])
