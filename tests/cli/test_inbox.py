"""`investiq inbox` against a real inbox: one line for each page, as it stands now."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from investiq.cli import main
from investiq.cli.exit_codes import ExitCode
from investiq.clients.session import HttpCredentials
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths, load
from tests.operate.supervise.notifications import alert, webhook
from tests.ports import free_port


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a running inbox with one page over, one still firing, and one repeated."""
    port = free_port()
    data = tmp_path_factory.mktemp("inbox")
    environment = {"INVESTIQ_INBOX_PORT": str(port), "INVESTIQ_DATA_DIR": str(data)}
    token = Paths.of(Config(data_dir=data)).inbox_token
    command = [sys.executable, "-m", "investiq", "serve", "inbox"]
    process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
    try:
        _await_answer(f"http://127.0.0.1:{port}/health")
        for sent in (
            alert("ServiceDown"),
            alert("HighLatency"),
            alert("HighLatency"),
            alert("ServiceDown", "resolved"),
        ):
            url, auth = f"http://127.0.0.1:{port}/webhook", HttpCredentials(own_token=token).auth()
            httpx2.post(url, json=webhook(sent), auth=auth).raise_for_status()
        yield environment
    finally:
        process.terminate()
        process.wait(20)


def _await_answer(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx2.get(url).is_success:
                return
        except httpx2.HTTPError:
            pass
        assert time.monotonic() < deadline, f"{url} does not answer"
        time.sleep(0.05)


@pytest.fixture
def run(inbox: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runner:
    for name, value in inbox.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Runner()


class Runner:
    """Runs `investiq inbox` and gives its exit code and its stdout."""

    def __call__(self, *arguments: str) -> tuple[int, str]:
        out = io.StringIO()
        return main(["inbox", *arguments], io.StringIO(), out, io.StringIO()), out.getvalue()


def test_a_page_is_one_line_that_says_how_it_stands(run: Runner) -> None:
    code, out = run()
    header, newest, oldest = out.splitlines()
    assert code == ExitCode.DONE
    assert header.split() == ["STATE", "SEVERITY", "ALERT", "SINCE", "(UTC)", "LASTED", "WHAT"]
    assert newest.split()[:3] == ["resolved", "critical", "ServiceDown"]
    assert "2026-03-02 09:00:00  5m 0s" in newest
    assert newest.endswith("ServiceDown happened")
    assert oldest.startswith("firing")


def test_filters(run: Runner) -> None:
    assert [line.split()[2] for line in run("--status", "firing")[1].splitlines()[1:]] == ["HighLatency"]
    assert [line.split()[2] for line in run("--alert", "ServiceDown")[1].splitlines()[1:]] == ["ServiceDown"]
    assert len(run("--limit", "1")[1].splitlines()) == 2
    assert len(run("--since", "1h")[1].splitlines()) == 3


def test_an_inbox_with_nothing_to_show_says_so(run: Runner) -> None:
    assert run("--alert", "Nothing") == (ExitCode.DONE, "no notifications\n")


def test_json_has_a_schema_and_all_that_is_known(run: Runner) -> None:
    document = json.loads(run("--json", "--status", "firing")[1])
    assert document["schema"] == "investiq.inbox/1"
    (page,) = document["notifications"]
    assert page["repeats"] == 1
    assert page["labels"]["service"] == "investiq-api"


@pytest.mark.parametrize("age", ["soon", "5", "-1h", "h"])
def test_an_age_that_is_none_is_wrong_usage(run: Runner, age: str) -> None:
    assert run("--since", age)[0] == ExitCode.USAGE


def test_no_inbox_is_not_running(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("INVESTIQ_INBOX_PORT", str(closed.getsockname()[1]))
        assert run()[0] == ExitCode.NOT_RUNNING


def test_follow_prints_what_arrives(run: Runner, inbox: dict[str, str]) -> None:
    """The follower is a process of its own, ended as a user would: by an interrupt."""
    command = [sys.executable, "-m", "investiq", "inbox", "--follow", "--alert", "Late"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        kill = threading.Timer(60, process.kill)
        kill.start()
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "no notifications\n"
            url = f"http://127.0.0.1:{inbox['INVESTIQ_INBOX_PORT']}/webhook"
            auth = HttpCredentials.of(topology.INBOX, load(environ=inbox).config).auth()
            httpx2.post(url, json=webhook(alert("Late")), auth=auth).raise_for_status()
            assert "Late happened" in process.stdout.readline()
            process.send_signal(2)
            assert process.wait(20) == ExitCode.INTERRUPTED
        finally:
            kill.cancel()
            process.kill()
