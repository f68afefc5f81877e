"""The frame of the command line: exit codes, streams, help, completion."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from investiq.cli import main
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand, ExampleGroup
from investiq.cli.main import COMMANDS, load_command
from tests import ports


class Result(NamedTuple):
    """What a user sees of one command."""

    code: int
    out: str
    err: str


def run(*argv: str) -> Result:
    out, err = io.StringIO(), io.StringIO()
    code = main(argv, io.StringIO(), out, err)
    return Result(code, out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def closed_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A port where nobody listens, configured as the API's."""
    port = ports.closed_port()
    monkeypatch.setenv("INVESTIQ_API_PORT", str(port))
    return port


def test_help_starts_with_examples_and_lists_commands_and_exit_codes() -> None:
    result = run("--help")
    assert result.code == ExitCode.DONE
    assert result.out.startswith("Examples:")
    assert all(name in result.out for name in COMMANDS)
    assert "refused by a safety rule or a halt" in result.out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_explains_itself_with_an_example_that_names_it(name: str) -> None:
    command = load_command(name)
    assert isinstance(command, ExampleCommand | ExampleGroup)
    assert command.examples
    assert all(f"investiq {name}" in line for line, _ in command.examples)
    assert run(name, "--help").out.startswith("Examples:")


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"completion"}))
def test_every_command_that_answers_takes_json(name: str) -> None:
    command = load_command(name)
    for leaf in leaves_of(command):
        assert any("--json" in parameter.opts for parameter in leaf.params), leaf.name


def leaves_of(command: click.Command) -> list[click.Command]:
    if not isinstance(command, click.Group):
        return [command]
    return [leaf for one in command.commands.values() for leaf in leaves_of(one)]


def test_no_option_takes_a_secret() -> None:
    for name in COMMANDS:
        command = load_command(name)
        leaves = command.commands.values() if isinstance(command, click.Group) else [command]
        flags = {flag for leaf in leaves for parameter in leaf.params for flag in parameter.opts}
        assert not flags & {"--key", "--api-key", "--token", "--password", "--secret"}


def test_an_unknown_command_is_wrong_usage() -> None:
    result = run("anlyze", "AAPL")
    assert result.code == ExitCode.USAGE
    assert result.out == ""


def test_a_configuration_error_is_wrong_usage_and_goes_to_stderr(tmp_path: Path) -> None:
    (tmp_path / "investiq.toml").write_text("nope = 1\n", "utf-8")
    result = run("config", "show")
    assert result.code == ExitCode.USAGE
    assert "investiq.toml:1: unknown key 'nope'" in result.err
    assert result.out == ""


def test_an_api_that_is_not_there_is_not_running(closed_port: int) -> None:
    result = run("analyze", "AAPL")
    assert result.code == ExitCode.NOT_RUNNING
    assert str(closed_port) in result.err


def test_with_json_an_error_is_json_too(closed_port: int) -> None:
    result = run("analyze", "AAPL", "--json")
    document = json.loads(result.err.splitlines()[-1])
    assert document["schema"] == "investiq.error/1"
    assert document["reason"] == "unreachable"


def test_config_show_names_sources_and_masks_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "do-not-print-me")
    result = run("config", "show", "--json")
    settings = {entry["key"]: entry for entry in json.loads(result.out)["settings"]}
    assert settings["api.metrics_token"]["source"] == "$METRICS_TOKEN"
    assert "do-not-print-me" not in result.out
    assert settings["api.port"] == {"key": "api.port", "value": "3000", "source": "default"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    result = run("completion", shell)
    assert result.code == ExitCode.DONE
    assert "_INVESTIQ_COMPLETE" in result.out


def test_a_trade_without_a_size_is_wrong_usage() -> None:
    result = run("trade", "buy", "AAPL")
    assert result.code == ExitCode.USAGE
    assert "--quantity" in result.err


def test_a_trade_with_a_negative_size_is_wrong_usage() -> None:
    assert run("trade", "buy", "AAPL", "--quantity", "-3").code == ExitCode.USAGE


def test_help_loads_what_it_prints() -> None:
    import subprocess

    heavy = "('pydantic', 'asyncio', 'httpx2', 'rich', 'investiq.foundation.config')"
    script = (
        "import sys; from investiq.cli import main; code = main(['--help'], sys.stdin, sys.stderr, sys.stderr); "
        f"print(code, [m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0 []"


def test_light_commands_load_no_heavy_library() -> None:
    """`investiq status` is typed in a hurry."""
    import subprocess

    script = (
        "import sys, investiq.cli.main, investiq.cli.analyze, investiq.cli.status; "
        "print([m for m in ('pandas', 'numpy', 'fastapi', 'sqlalchemy', 'lightgbm', 'dash') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_status_loads_what_it_asks_with_and_no_plugin_of_others(tmp_path: Path) -> None:
    import os
    import subprocess

    (tmp_path / "spy-1.dist-info").mkdir()
    (tmp_path / "spy-1.dist-info" / "entry_points.txt").write_text("[pydantic]\nspy = spy:plugin\n")
    (tmp_path / "spy.py").write_text("plugin = None")
    heavy = "('httpx2', 'tomllib', 'rich', 'spy')"
    script = (
        f"import atexit, sys; atexit.register(lambda: print([m for m in {heavy} if m in sys.modules])); "
        "from investiq.cli import entry_point; sys.argv = ['investiq', 'status']; entry_point()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), *sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
