"""What others wrote reaches the terminal as text, and what is no text reaches no server."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import click
import pytest

from investiq.cli.context import CommandContext
from investiq.cli.exit_codes import ExitCode
from investiq.cli.main import COMMANDS, load_command
from investiq.cli.parameters import Duration, Words
from investiq.cli.stack_screen import StackScreen
from investiq.operate.supervise.status import Failure, PartStatus, Phase, ProcessState, StackSnapshot
from tests.cli.test_main import run
from tests.ports import closed_port

HOSTILE = "\x1b[2J\x1b[31m\x07\r\x9b1A\u202eevil\u2066\udcff[/red][bold]\x00"
FORGED = "fine\ntrading is open (paper)"

_ACTED_UPON = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_OWN_COLOUR = re.compile(r"\x1b\[(\d+(;\d+)*)?m")
_OWN_REDRAWING = re.compile(r"\x1b\[(\?25[lh]|[12]K|1A)|\r")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def harmless(text: str) -> bool:
    """Nothing in `text` but colours of ours is acted upon by a terminal."""
    return not _ACTED_UPON.search(_OWN_COLOUR.sub("", text))


# ---- to the terminal ----


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_each_way_to_say_something_writes_out_what_a_terminal_would_act_upon(kind: type[io.StringIO]) -> None:
    out, err = kind(), kind()
    context = CommandContext(stdin=io.StringIO(), stdout=out, stderr=err, color=True)
    context.say(HOSTILE, style="red")
    context.show(HOSTILE, style="green")
    context.emit("investiq.test/1", {}, HOSTILE, *context.table(("who", "why"), [(HOSTILE, FORGED)]))
    assert harmless(out.getvalue())
    assert harmless(err.getvalue())
    assert out.getvalue().count("evil") == 3
    assert ("\x1b[31m" in err.getvalue()) == (kind is Terminal), "our own colours stay"


def test_no_text_makes_a_line_that_looks_like_one_of_ours() -> None:
    out, err = io.StringIO(), io.StringIO()
    context = CommandContext(stdin=io.StringIO(), stdout=out, stderr=err)
    context.say(FORGED)
    context.show(FORGED)
    context.emit("investiq.test/1", {}, FORGED, *context.table(("why",), [(FORGED,)]))
    assert not [line for line in (out.getvalue() + err.getvalue()).splitlines() if line.startswith("trading is open")]


def test_json_has_no_such_character_either() -> None:
    out = io.StringIO()
    context = CommandContext(stdin=io.StringIO(), stdout=out, stderr=io.StringIO(), json=True)
    context.emit("investiq.test/1", {"why": HOSTILE})
    assert harmless(out.getvalue())
    assert json.loads(out.getvalue())["why"] == HOSTILE


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
async def test_the_screen_of_a_start_shows_notes_and_logs_as_text(kind: type[io.StringIO]) -> None:
    err = kind()
    screen = StackScreen(CommandContext(stdin=io.StringIO(), stdout=io.StringIO(), stderr=err))
    states = (ProcessState.STARTING, ProcessState.CRASHED)

    async def snapshots() -> AsyncIterator[StackSnapshot]:
        for state in states:
            part = PartStatus("api", "the API", state, 3000, None, note=HOSTILE)
            yield StackSnapshot(Phase.STARTING, 1, "2026-01-01T00:00:00+00:00", (part,))

    await screen.follow(snapshots())
    logged = json.dumps({"level": "error", "event": HOSTILE})
    screen.report(Failure("api", HOSTILE, HOSTILE, "api.log", (HOSTILE, logged)))
    assert "evil" in err.getvalue()
    assert harmless(_OWN_REDRAWING.sub("", err.getvalue()))


def test_what_takes_its_time_is_named_as_text() -> None:
    """`investiq analyze "[/]"` on a terminal was a traceback: rich took the symbol for its own markup."""
    err = Terminal()
    context = CommandContext(stdin=io.StringIO(), stdout=io.StringIO(), stderr=err)
    with context.progress("analysing [/]" + HOSTILE) as tell:
        tell(HOSTILE)
    assert "[/]" in err.getvalue()
    assert harmless(_OWN_REDRAWING.sub("", err.getvalue()))


def test_what_was_typed_is_quoted_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for argv in (("\x1b[31mevil",), ("status", "--\x1b[31mevil"), ("up", "--speed", "\u202eevil")):
        result = run(*argv)
        assert result.code == ExitCode.USAGE
        assert "evil" in result.err
        assert harmless(result.err)


# ---- from the command line ----


def _leaves(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _leaves(inner, (*path, name))
    else:
        yield path, command


def _taking_text() -> Iterator[tuple[tuple[str, ...], click.Command, click.Parameter]]:
    """Every parameter of every command that is given something to read."""
    for name in COMMANDS:
        for path, leaf in _leaves(load_command(name), (name,)):
            for parameter in leaf.params:
                if not getattr(parameter, "is_flag", False):
                    yield path, leaf, parameter


def _example(parameter: click.Parameter) -> str:
    if isinstance(parameter.type, click.Choice):
        return str(parameter.type.choices[0])
    return "1h" if isinstance(parameter.type, Duration) else "1"


def _line(leaf: click.Command, target: click.Parameter, value: str) -> list[str]:
    """Arguments of `leaf` that are right, but for the value of `target`."""
    argv: list[str] = []
    for parameter in leaf.params:
        given = [value if parameter is target else _example(parameter)]
        if isinstance(parameter, click.Argument):
            argv += given if parameter.required or parameter is target else []
        elif parameter.required or parameter is target:
            argv += [parameter.opts[0], *given]
    return argv


@pytest.mark.parametrize("value", ["gro\udcdf", "gro\0", "gro\x1b[31m", "gro\n"], ids=ascii)
def test_bytes_that_are_no_text_are_wrong_usage_in_every_argument_of_every_command(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = {}
    for path, leaf, parameter in _taking_text():
        if not isinstance(parameter.type, Words):
            result = run(*path, *_line(leaf, parameter, value))
            told[*path, parameter.name] = result.code, result.out, harmless(result.err) and bool(result.err)
    assert len(told) > 30
    assert set(told.values()) == {(ExitCode.USAGE, "", True)}, {k: v for k, v in told.items() if v[0] != 2}
    assert run("--config", value, "status").code == ExitCode.USAGE
    assert not list(tmp_path.iterdir())


def test_every_reason_is_words_of_a_person() -> None:
    reasons = [parameter for _, _, parameter in _taking_text() if parameter.name == "reason"]
    assert len(reasons) == 4
    assert all(isinstance(parameter.type, Words) for parameter in reasons)


def _investiq(folder: Path, *argv: bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    with_it = {**os.environ, "INVESTIQ_API_PORT": str(closed_port()), **environment}
    command = [os.fsencode(sys.executable), b"-m", b"investiq", *argv]
    return subprocess.run(command, env=with_it, cwd=folder, capture_output=True, check=False)


def test_a_halt_whose_reason_is_no_text_fails_only_since_nobody_is_there(tmp_path: Path) -> None:
    """As a shell gives it, and where the terminal knows ASCII alone."""
    done = _investiq(tmp_path, b"halt", b"--reason", b"gro\xdf", PYTHONIOENCODING="ascii")
    assert done.returncode == ExitCode.NOT_RUNNING, done.stderr
    assert b"Traceback" not in done.stderr


def test_a_symbol_that_is_no_text_is_wrong_usage_as_a_shell_gives_it(tmp_path: Path) -> None:
    done = _investiq(tmp_path, b"analyze", b"gro\xdf", PYTHONIOENCODING="ascii")
    assert done.returncode == ExitCode.USAGE
    assert b"expected UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_folder_whose_name_is_no_text_is_wrong_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / os.fsdecode(b"gro\xdf")
    folder.mkdir()
    monkeypatch.chdir(folder)
    result = run("status")
    assert result.code == ExitCode.USAGE
    assert r"gro\udcdf" in result.err
