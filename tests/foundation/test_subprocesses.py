"""Programs are run to their end, for no longer than they may take, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from investiq.foundation.subprocesses import StopSign, leashed, run, scratch_folder


def test_a_program_tells_its_code_and_all_that_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "kept")
    script = "echo out $OURS $GIVEN; echo err >&2; pwd; exit 3"
    done = run(["sh", "-c", script], 60, {"GIVEN": "added"}, folder=tmp_path)
    assert (done.exit_code, done.succeeded, done.timed_out) == (3, False, False)
    assert done.output == f"out kept added\n{tmp_path}\nerr\n"
    assert run(["true"], 60, {}).succeeded


def test_output_that_is_no_text_is_no_failure() -> None:
    assert run(["printf", r"\377ok"], 60, {}).output == "�ok"


def test_a_program_that_does_not_end_is_killed_and_what_it_wrote_is_kept() -> None:
    done = run(["sh", "-c", "echo so far; exec sleep 600"], 0.3, {})
    assert (done.timed_out, done.succeeded, done.exit_code) == (True, False, -signal.SIGKILL)
    assert done.output == "so far\n"
    assert 0.3 <= done.seconds < 60


def test_a_child_that_holds_on_to_the_output_holds_up_nobody(tmp_path: Path) -> None:
    done = run(["sh", "-c", f"sleep 600 & echo $! > {tmp_path}/pid; echo so far; wait"], 0.3, {})
    assert done.timed_out
    assert done.output == "so far\n"
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_a_program_is_killed_once_nobody_waits_for_it_any_more() -> None:
    stop = StopSign()
    timer = threading.Timer(0.1, setattr, (stop, "up", True))
    timer.start()
    done = run(["sleep", "600"], 600, {}, stop=stop)
    timer.join()
    assert (done.timed_out, done.succeeded) == (False, False)
    assert done.seconds < 60


def test_an_interrupt_kills_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def interrupted(process: subprocess.Popen[bytes], **_: object) -> None:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(["sleep", "600"], 600, {})
    assert started[0].returncode == -signal.SIGKILL


SIGNALS_UNTOUCHED = ("env", "--default-signal=HUP,TERM")
"""Starts a program as from a shell, also where these tests run under `nohup`, which would have it ignore SIGHUP."""

ENDED = """
import os, sys
from investiq.foundation.subprocesses import StopSign, scratch_folder
stop = StopSign()
with scratch_folder("mine-", stop) as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    os.kill(os.getpid(), int(sys.argv[1]))
    print("told" if stop.up else "not told", flush=True)
print("it goes on")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_scratch_folder_is_gone_when_a_signal_ends_the_process(tmp_path: Path, number: int) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    line = [*SIGNALS_UNTOUCHED, sys.executable, "-c", ENDED, str(int(number))]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -number
    folder, told = done.stdout.splitlines()
    assert (Path(folder).parent, told) == (tmp_path, "told")
    assert list(tmp_path.iterdir()) == []


def test_a_scratch_folder_leaves_signals_as_they_were() -> None:
    handled: list[int] = []
    stop = StopSign()
    before = signal.signal(signal.SIGTERM, lambda number, _: handled.append(number))
    try:
        with scratch_folder("mine-", stop):
            signal.raise_signal(signal.SIGTERM)
        assert (handled, stop.up) == ([signal.SIGTERM], False)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with scratch_folder("mine-", stop) as folder:
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert not folder.exists()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_scratch_folder_can_be_had_in_any_thread() -> None:
    found: list[bool] = []

    def use() -> None:
        with scratch_folder("mine-", StopSign()) as folder:
            found.append(folder.is_dir())

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert found == [True]


PARENT = """
import os, subprocess, sys
from investiq.foundation.subprocesses import leashed
theirs, ours = os.pipe()
command = ["sh", "-c", "sleep 600 & echo $!; echo $$; wait"]
subprocess.Popen(leashed(command, group=True), stdin=theirs, start_new_session=True)
os.close(theirs)
sys.stdin.read()
"""


def test_what_a_leashed_program_has_started_dies_with_the_parent_too() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        started = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
        parent.kill()
        assert psutil.wait_procs(started, timeout=10)[1] == []


def test_a_leashed_program_of_several_processes_has_nothing_on_stdin(tmp_path: Path) -> None:
    theirs, ours = os.pipe()
    try:
        command = leashed(["sh", "-c", "cat; echo done"], group=True)
        done = subprocess.run(
            command, stdin=theirs, capture_output=True, check=True, start_new_session=True, timeout=60
        )
    finally:
        os.close(theirs)
        os.close(ours)
    assert done.stdout == b"done\n"
