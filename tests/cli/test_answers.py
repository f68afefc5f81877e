"""A monitoring that gives no answer: scripts know two words and two exit codes of it, whichever command they run."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from investiq.cli import main
from investiq.cli.exit_codes import ExitCode
from investiq.clients.session import HttpSettings
from tests.clients.strict import Reply, StrictServer, strict
from tests.ports import closed_port

COMMANDS = [
    ("silence", "ServiceDown", "--for", "5m", "--reason", "x"),
    ("silences",),
    ("unsilence", "abc"),
    ("deploy-window", "5m"),
    ("deploy-window", "end"),
    ("inbox",),
    ("slo",),
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INVESTIQ_DATA_DIR", str(tmp_path))


@pytest.fixture
def server() -> Iterator[StrictServer]:
    with strict() as started:
        yield started


def failed(argv: tuple[str, ...], port: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, Any]]:
    """The exit code and the error document, with the server of the command on `port`."""
    part = {"inbox": "INBOX_PORT", "slo": "MONITORING_PROMETHEUS_PORT"}.get(argv[0], "MONITORING_ALERTMANAGER_PORT")
    monkeypatch.setenv(f"INVESTIQ_{part}", str(port))
    out, err = io.StringIO(), io.StringIO()
    code = main([*argv, "--json"], io.StringIO(), out, err)
    assert out.getvalue() == ""
    document = json.loads(err.getvalue())
    assert set(document) == {"schema", "reason", "message"}
    assert document["schema"] == "investiq.error/1"
    return code, document


@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_nobody_there_is_not_running(argv: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    code, document = failed(argv, closed_port(), monkeypatch)
    assert (code, document["reason"]) == (ExitCode.NOT_RUNNING, "unreachable")
    assert "`investiq up` starts it" in document["message"]


@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply("<html>"), "who has the port?"),
        (Reply({"hello": "world"}), "who has the port?"),
        (Reply("starting", 503), "answers 503: 'starting'"),
        (Reply("", 302, {"Location": "/login"}), "redirects to /login"),
        (Reply("", 401), "wants other credentials"),
    ],
    ids=["not JSON", "other JSON", "503", "redirect", "401"],
)
def test_another_program_on_the_port_is_not_running_either(
    argv: tuple[str, ...], reply: Reply, says: str, server: StrictServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on_everything(reply)
    code, document = failed(argv, int(server.url.rpartition(":")[2]), monkeypatch)
    assert (code, document["reason"]) == (ExitCode.NOT_RUNNING, "unreachable")
    assert says in document["message"]


@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_one_that_never_answers_times_out(
    argv: tuple[str, ...], server: StrictServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("investiq.clients.session.http.DEFAULT", HttpSettings(timeout_seconds=0.1))
    monkeypatch.setattr("investiq.operate.slo.status.SECONDS", 0.1)
    server.on_everything(Reply(after_seconds=20))
    code, document = failed(argv, int(server.url.rpartition(":")[2]), monkeypatch)
    assert (code, document["reason"]) == (ExitCode.TIMED_OUT, "timeout")
    assert "did not answer in time (0.1 s)" in document["message"]
    assert "see logs/" in document["message"]
