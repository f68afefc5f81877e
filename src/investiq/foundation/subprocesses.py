"""Other programs, run to their end: for a bounded time, their output kept, and nothing of them left behind."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

__all__ = ["SHORT_LIVED", "ProgramRun", "StopSign", "follow", "leashed", "run", "scratch_folder"]

SHORT_LIVED = {"GOMAXPROCS": "1", "GOGC": "off", "GOMEMLIMIT": "512MiB"}
"""For Go programs that end soon, of which one runs on each CPU: the threads of several runtimes only get in each
other's way, and what lives for a second need not collect garbage (measured on promtool: a third less CPU time)."""

_GLANCE_SECONDS = 0.2
"""How soon a stop sign is seen."""

_FATAL = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end a process without a word; Ctrl-C is an exception in Python anyway."""


# The kernel kills the child when its parent dies, whatever of: SIGKILL included (prctl(2), PR_SET_PDEATHSIG).
# A parent that died before the request was made would be missed: the shell looks once more who the parent is.
_LEASH = ("setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"')
# That signal reaches one process, and not what that has started itself: so another one waits for the end of the parent,
# which ends its stdin, and then kills the whole group. A shell gives what it puts into the background no stdin.
_GROUP_LEASH = ("sh", "-c", 'exec 3<&0; (cat <&3; kill -KILL 0) >/dev/null 2>&1 & exec "$@" </dev/null 3<&-', "sh")
_READ_BYTES = 65_536


@dataclass(slots=True)
class StopSign:
    """Says that nobody waits for programs any more. No lock, as an event has: a signal handler puts it up."""

    up: bool = False


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """A program that has ended.

    Attributes:
        exit_code: negative where a signal ended it.
        output: what it wrote to stdout, then what it wrote to stderr.
        seconds: how long it took.
        timed_out: it was killed, since it did not end in time.
    """

    exit_code: int
    output: str
    seconds: float
    timed_out: bool = False

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0 and not self.timed_out


def run(
    command: Sequence[str],
    seconds: float,
    env: Mapping[str, str],
    *,
    folder: Path | None = None,
    stop: StopSign | None = None,
) -> ProgramRun:
    """Run a program and wait for its end.

    Args:
        seconds: after which it is killed.
        env: variables that it gets besides those of this process.
        folder: in which it runs; None leaves it where this process is.
        stop: once it is up, the program is killed.

    Raises:
        OSError: it cannot be started.
    """
    started = time.monotonic()
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=folder, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
    ) as process:
        try:
            timed_out, output = _output(process, started + seconds, stop)
        except BaseException:
            process.kill()  # leaving the block waits for it
            raise
    return ProgramRun(process.returncode, output, time.monotonic() - started, timed_out)


def _output(process: subprocess.Popen[bytes], deadline: float, stop: StopSign | None) -> tuple[bool, str]:
    """Whether it had to be killed at the deadline, and what it wrote."""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or (stop is not None and stop.up):
            process.kill()
            return left <= 0, _text(*_rest(process))
        with contextlib.suppress(subprocess.TimeoutExpired):
            return False, _text(*process.communicate(timeout=min(left, _GLANCE_SECONDS)))


def _rest(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    try:
        return process.communicate(timeout=_GLANCE_SECONDS)
    except subprocess.TimeoutExpired as open_still:  # a child of what was killed holds on to its output
        return open_still.stdout or b"", open_still.stderr or b""


def _text(*parts: bytes) -> str:
    return "".join(part.decode("utf-8", "replace") for part in parts)


def leashed(command: Sequence[str], *, group: bool = False) -> list[str]:
    """The command as a child that dies with the thread of this process which starts it.

    Args:
        group: so do the processes that it starts. It needs a process group of its own, and a pipe as stdin of which
            this process alone has the other end.
    """
    return [*_LEASH, str(os.getpid()), *(_GROUP_LEASH if group else ()), *command]


def follow(
    command: Sequence[str],
    seconds: float,
    env: Mapping[str, str],
    on_line: Callable[[str], None],
    *,
    folder: Path | None = None,
) -> ProgramRun:
    """Run a program that may take long, and tell each line that it writes to stdout as it comes.

    It dies with this process, however that ends; what it wrote to stderr is its output.

    Raises:
        OSError: it cannot be started.
    """
    started = time.monotonic()
    pipe = subprocess.PIPE
    with subprocess.Popen(
        leashed(command), cwd=folder, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
    ) as process:
        errors = bytearray()
        try:
            timed_out = not _tell(process, started + seconds, on_line, errors)
        except BaseException:
            process.kill()
            raise
    return ProgramRun(process.returncode, _text(bytes(errors)), time.monotonic() - started, timed_out)


def _tell(process: subprocess.Popen[bytes], deadline: float, on_line: Callable[[str], None], errors: bytearray) -> bool:
    """Read both streams to their ends, within the time; whether they came, else it is killed."""
    assert process.stdout is not None  # noqa: S101  asked for above
    assert process.stderr is not None  # noqa: S101
    pending = b""
    with selectors.DefaultSelector() as streams:
        streams.register(process.stdout, selectors.EVENT_READ)
        streams.register(process.stderr, selectors.EVENT_READ)
        while streams.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                process.kill()
                return False
            for key, _ in streams.select(left):
                data = os.read(key.fd, _READ_BYTES)
                if not data:
                    streams.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    errors += data
                else:
                    *lines, pending = (pending + data).split(b"\n")
                    for line in lines:
                        on_line(_text(line))
    if pending:
        on_line(_text(pending))
    return True


@contextlib.contextmanager
def scratch_folder(prefix: str, stop: StopSign) -> Iterator[Path]:
    """A folder for what programs read and write, which is gone afterwards: also where SIGTERM or SIGHUP ends it all.

    In the main thread such a signal puts up `stop`, and the block is to end soon; once the folder is removed, the
    process ends by the signal. It is no exception, since that could strike between the start of a thread and the list
    of threads to wait for. Whoever handles these signals already, or ignores them, is left to it.
    """
    came: list[int] = []

    def notice(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        stop.up = True

    try:
        with _handled(notice), TemporaryDirectory(prefix=prefix) as folder:
            yield Path(folder)
    finally:
        if came:
            signal.raise_signal(came[0])


@contextlib.contextmanager
def _handled(notice: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have `notice` told of the signals that would end the process at once."""
    in_main_thread = threading.current_thread() is threading.main_thread()  # no other may handle signals
    fatal = [number for number in _FATAL if in_main_thread and signal.getsignal(number) is signal.SIG_DFL]
    for number in fatal:
        signal.signal(number, notice)
    try:
        yield
    finally:
        for number in fatal:
            signal.signal(number, signal.SIG_DFL)
