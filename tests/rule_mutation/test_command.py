"""`promtool-mutate` stands alone: on anybody's rules, without a configuration, and nothing of it is left behind."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import tomllib
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from investiq.cli.main import main
from investiq.rule_mutation import command

ENOUGH = {
    *("investiq", "investiq.foundation", "investiq.foundation.errors", "investiq.foundation.findings"),
    *("investiq.foundation.subprocesses", "investiq.foundation.tables", "investiq.foundation.foreign_text"),
    *("investiq.foundation.number_options", "investiq.foundation.numbers"),
    "investiq.foundation.promql_grammar",
    *(f"investiq.foundation.documents{name}" for name in ("", ".text", ".toml_documents", ".yaml_documents")),
}
TELLING_ITS_MODULES = """
import runpy, sys
try:
    runpy.run_module("investiq.rule_mutation", run_name="__main__")
finally:
    print("modules:", *sys.modules, file=sys.stderr)
"""


def _alone(folder: Path, *argv: object) -> subprocess.CompletedProcess[str]:
    """Run it where there is no investiq.toml, and as little of an environment as can be."""
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    line = [sys.executable, "-c", TELLING_ITS_MODULES, *map(str, argv)]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def _beside_its_wings(done: subprocess.CompletedProcess[str]) -> set[str]:
    """The modules of investiq that it loaded besides rule_mutation and promql; it must not load what is big."""
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("modules:"))
    loaded = set(line.split()[1:])
    assert loaded.isdisjoint({"pydantic", "httpx2", "rich", "sqlalchemy", "prometheus_client", "structlog", "numpy"})
    wings = ("investiq.promql", "investiq.rule_mutation")
    return {name for name in loaded if name.partition(".")[0] == "investiq" and not name.startswith(wings)}


def test_it_lists_mutants_and_loads_no_more_of_investiq_than_it_needs(folder: Path) -> None:
    done = _alone(folder, "--tests", "tests/weak.yml", "--list")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 12
    assert "11 mutants, 0 of them proven equivalent" in done.stderr
    assert _beside_its_wings(done) == ENOUGH


@pytest.mark.e2e
def test_it_runs_the_tests_of_a_stranger_and_loads_no_more_of_investiq_than_it_needs(folder: Path) -> None:
    strong = _alone(folder, "--rules", "rules/*.yml", "--tests", "tests/strong.yml")
    assert (strong.returncode, "11 killed, 0 survived" in strong.stderr) == (0, True)
    assert _beside_its_wings(strong) == ENOUGH
    weak = _alone(folder, "--tests", "tests/weak.yml")
    assert weak.returncode == 3
    assert "missing:  a silent test shortly before `for` has passed" in weak.stdout


@pytest.mark.e2e
def test_it_gives_the_document_that_investiq_rules_mutate_gives(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    out = StringIO()
    main(["rules", "mutate", "--tests", "tests/weak.yml", "--json"], StringIO(), out, StringIO())
    alone = _alone(folder, "--tests", "tests/weak.yml", "--json")
    assert _without_seconds(alone.stdout) == _without_seconds(out.getvalue())


def _without_seconds(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    assert document.pop("seconds") > 0
    return document


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ((), "--tests is missing"),
        (("--rules", "rules/node.yml"), "--rules needs --tests"),
        (("--tests", "nowhere.yml"), "no file is named nowhere.yml"),
        (("--tests", "tests/weak.yml", "--only", "Nothing"), "there is no rule Nothing"),
        (("--tests", "gro\udcdf.yml"), "expected UTF-8 on one line"),
        (("--tests", "\x1b[31m.yml"), r"\x1b[31m.yml"),
        (("--\x1b[31m",), r"--\x1b[31m"),
    ],
)
def test_wrong_usage_is_told(folder: Path, argv: tuple[str, ...], message: str) -> None:
    done = _alone(folder, *argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_without_promtool_it_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("sys.argv", ["promtool-mutate", "--tests", str(folder / "tests/weak.yml")])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 1
    assert "promtool is not installed" in capsys.readouterr().err


def test_the_console_script_is_the_same_command() -> None:
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    module, _, name = pyproject["project"]["scripts"]["promtool-mutate"].partition(":")
    assert getattr(import_module(module), name) is command.main


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_ends_it_ends_promtool_too_and_leaves_no_folder(folder: Path, number: signal.Signals) -> None:
    programs, scratch, started = folder / "bin", folder / "scratch", folder / "started"
    programs.mkdir()
    scratch.mkdir()
    _slow_promtool(programs / "promtool", started)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(scratch)}
    untouched = ("env", "--default-signal=HUP,TERM")  # also where these tests run under `nohup`
    line = [*untouched, sys.executable, "-m", "investiq.rule_mutation", "--tests", "tests/weak.yml"]
    with subprocess.Popen(line, cwd=folder, env=environment, stderr=subprocess.DEVNULL) as process:
        while not started.exists() or not started.read_text():
            assert process.poll() is None
            time.sleep(0.02)
        assert len(list(scratch.iterdir())) == 1
        process.send_signal(number)
        assert process.wait(30) == -number
    assert list(scratch.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def _slow_promtool(program: Path, started: Path) -> None:
    program.write_text(f"#!/bin/sh\necho $$ > {started}\nexec sleep 600\n", "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
