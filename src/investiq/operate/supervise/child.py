"""One child process: it dies with this process, ends in its own time, and takes what it started with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from investiq.foundation.errors import InvestIQError
from investiq.foundation.subprocesses import leashed

__all__ = ["CannotStart", "Child"]

_READ_BYTES = 65_536
_LAST_READS = 32
"""A pipe holds 64 KiB unless somebody enlarged it; a stranger that inherited it must not keep us reading for ever."""


class CannotStart(InvestIQError):
    """The system does not let a process start at all."""

    reason = "cannot_start"


class Child:
    """A process in a session of its own, watched through a pidfd.

    The death signal belongs to the parent's *thread*, so children are started by the thread that runs the event loop,
    which must be the main one. A pidfd becomes readable before the process is reaped: until then its process group
    cannot belong to anybody else, and the signals sent here cannot hit a stranger.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], output: int, leash: int, write: Callable[[bytes], object]
    ) -> None:
        self.pid = process.pid
        self._process = process
        self._write = write
        self._output = output
        self._leash = leash
        self._loop = asyncio.get_running_loop()
        self._exit: asyncio.Future[int] = self._loop.create_future()
        self._pidfd = os.pidfd_open(process.pid)
        self._loop.add_reader(self._pidfd, self._on_exit)
        self._loop.add_reader(output, self._on_output)

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        environment: Mapping[str, str],
        cwd: Path,
        write: Callable[[bytes], object],
        descriptors: Sequence[int] = (),
        *,
        forks: bool = False,
    ) -> Child:
        """Start `argv`; `write` gets what it prints.

        Args:
            environment: all of its variables.
            forks: it starts processes of its own, which are to die with this one, too.
            descriptors: the only files of ours that it inherits, under the same numbers.

        Raises:
            CannotStart: no more processes or files, or `setpriv` (util-linux) is not installed.
        """
        output, theirs = os.pipe()
        held, leash = os.pipe()
        try:
            process = subprocess.Popen(
                leashed(argv, group=forks),
                stdin=held if forks else subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                cwd=cwd,
                env=dict(environment),
                start_new_session=True,
                pass_fds=descriptors,
            )
        except OSError as error:
            os.close(output)
            os.close(leash)
            raise CannotStart(f"{argv[0]} cannot be started: {error}") from error
        finally:
            os.close(theirs)
            os.close(held)
        os.set_blocking(output, False)
        return cls(process, output, leash, write)

    @property
    def is_alive(self) -> bool:
        return not self._exit.done()

    async def wait(self) -> int:
        """The exit code; minus the signal's number when one ended it."""
        return await asyncio.shield(self._exit)

    async def end(self, seconds: float) -> int:
        """Ask it to end, and end it after `seconds`."""
        self.signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.wait(), seconds)
        except TimeoutError:
            self.signal(signal.SIGKILL)
            return await self.wait()

    def signal(self, number: signal.Signals) -> None:
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def _on_exit(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # what it started and left behind; it is not reaped yet
        code = self._process.wait()
        for _ in range(_LAST_READS):
            self._on_output()
        self._close_output()
        os.close(self._leash)
        self._exit.set_result(code)

    def _on_output(self) -> None:
        if self._output < 0:
            return
        with contextlib.suppress(BlockingIOError):
            if data := os.read(self._output, _READ_BYTES):
                self._write(data)
            else:
                self._close_output()

    def _close_output(self) -> None:
        if self._output >= 0:
            self._loop.remove_reader(self._output)
            os.close(self._output)
            self._output = -1
