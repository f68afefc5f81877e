"""Keeps one part running: starts it when its needs are met, asks how it is, restarts it, ends it.

    STOPPED --start()--> WAITING ---needs are ready---> STARTING ---first good answer---> HEALTHY <----> UNHEALTHY
                                                        |  ^  |                             |               |
                                   a step, exit code 0  |  |  +-----------exits-------------+-----exits-----+
                                                        v  |                                |
                                                      DONE |                                v
                                                           +---back-off over--- RESTARTING or CRASHED (not restarted)

    from anywhere --stop()--> STOPPING --> STOPPED, or STOPPED_BY_USER ("held": until `investiq up PART`)

UNHEALTHY ends nothing: a part that hangs is reported, and killing it is for a person to decide. A part that was ready
once stays `ready` for those that need it, whatever becomes of it: needs order the start, they do not tie lives. One
that loads ahead has its process while it is WAITING, and begins to do anything when its needs are ready.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import structlog

from investiq.operate.supervise.backoff import BackOff
from investiq.operate.supervise.child import CannotStart, Child
from investiq.operate.supervise.gate import Gate
from investiq.operate.supervise.log_redaction import RedactedStream
from investiq.operate.supervise.logs import LastLines, RotatedFile, own_error
from investiq.operate.supervise.parts import ProcessSpec, inherited
from investiq.operate.supervise.readiness import ask
from investiq.operate.supervise.sockets import PartSockets, with_sockets
from investiq.operate.supervise.status import Failure, PartStatus, ProcessState

__all__ = ["ProcessSupervisor", "SupervisionTiming"]

_log = structlog.get_logger(__name__)

_SHOWN_LINES = 12

_FIX_SAID = "do what that message says"
_FIX_UNSAID = "mend what the last lines of its log say (`investiq doctor` looks for the usual causes)"


@dataclass(frozen=True, slots=True)
class SupervisionTiming:
    """How fast a process supervisor looks and gives up.

    Attributes:
        starting, watching: seconds between two health checks, before and after the first success.
        settled: seconds for which a part without a health check has to live.
        crashes: crashes before its first success after which a part counts as unable to start.
        first_back_off: seconds before the first restart.
    """

    starting: float = 0.15
    watching: float = 5.0
    settled: float = 1.0
    crashes: int = 3
    first_back_off: float = 0.5


class ProcessSupervisor:
    """One part over its whole life, through any number of processes.

    Args:
        needs: set events of the parts that are to be healthy first.
        sockets: to hand over to it, where the supervisor listens for it.
        restart: whether a crashed part is started again.
        redacted: what it prints, without secrets.
        reader: gets what it prints, too.
        changed: called after every change of `status`.
        failed: called once when the part cannot start and never has.
    """

    def __init__(
        self,
        part: ProcessSpec,
        *,
        needs: Sequence[ProcessSupervisor],
        sockets: PartSockets | None,
        restart: bool,
        log: RotatedFile,
        redacted: RedactedStream,
        cwd: Path,
        timing: SupervisionTiming,
        reader: Callable[[bytes], object] | None,
        changed: Callable[[], None],
        failed: Callable[[Failure], None],
    ) -> None:
        self.part = part
        self.ready = asyncio.Event()
        self._needs = needs
        self._sockets = sockets
        self._restart = restart
        self._log = log
        self._redacted = redacted
        self._reader = reader
        self._last = LastLines(_SHOWN_LINES)
        self._cwd = cwd
        self._timing = timing
        self._changed = changed
        self._failed = failed
        self._back_off = BackOff(first=timing.first_back_off)
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None
        self._status = PartStatus(part.name, part.what, ProcessState.STOPPED, part.port, part.url)

    @property
    def status(self) -> PartStatus:
        """The part now, with the memory that its process holds at this moment."""
        return replace(self._status, memory_bytes=_memory(self._status.pid))

    def start(self) -> None:
        """Bring the part up, unless that is under way."""
        if self._task is None or self._task.done():
            if self._sockets is not None:
                self._sockets.offer()
            self._task = asyncio.create_task(self._supervise(), name=f"supervise {self.part.name}")
            self._task.add_done_callback(self._note_end)

    async def stop(self, final: ProcessState = ProcessState.STOPPED) -> None:
        """End the part and leave it so; `final` says whether it is stopped or held.

        1. Nobody is kept waiting for it: connections are turned away.
        2. Nobody starts it any more: the task that would is cancelled, and has ended.
        3. Its process gets SIGTERM, and SIGKILL when it has not ended in its `stop_seconds`.
        4. Its status says so.
        """
        self._turn_away()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._child is not None and self._child.is_alive:
            self._set(state=ProcessState.STOPPING, note="")
            await self._child.end(self.part.stop_seconds)
        self._set(state=final, pid=None, note="")

    def reload(self) -> None:
        """Ask it to read its configuration anew. Before it is well, it may still end by the signal."""
        if self._child is not None and self._status.state in (ProcessState.HEALTHY, ProcessState.UNHEALTHY):
            self._child.signal(signal.SIGHUP)

    async def _supervise(self) -> None:
        ahead = await self._wait_for_needs()
        while True:
            started = time.monotonic()
            code, ahead = await self._live(ahead), None
            if self.part.once and code == 0:
                self._set(state=ProcessState.DONE, pid=None, note="", ready_seconds=time.monotonic() - started)
                self.ready.set()
                return
            _log.warning("part_ended", part_name=self.part.name, code=code)
            self._report_failed_start(code)
            if not self._restart:
                self._turn_away()
                self._set(state=ProcessState.CRASHED, pid=None, note=f"{_ended(code)}; it is not to be restarted")
                return
            await self._wait_before_restart(code, time.monotonic() - started)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            _log.error("supervision_failed", part_name=self.part.name, exc_info=error)
            self._turn_away()
            self._set(state=ProcessState.CRASHED, note=f"the supervisor lost it: {error!r}")

    async def _wait_for_needs(self) -> Child | None:
        """Until they are ready. Returns its process, where that loads ahead and was let go now."""
        awaited = [need for need in self._needs if not need.ready.is_set()]
        if not awaited:
            return None
        with Gate() as gate:
            ahead = self._load_ahead(gate) if self.part.loads_ahead else None
            for need in awaited:
                self._set(state=ProcessState.WAITING, note=f"for {need.part.name}")
                await need.ready.wait()
            gate.open()
        return ahead

    def _load_ahead(self, gate: Gate) -> Child | None:
        """Its process before its turn; None where there is none, and what is wrong shows when it is its turn."""
        try:
            self._child = self._start_child(gate)
        except CannotStart:
            return None
        self._set(pid=self._child.pid)
        return self._child

    async def _live(self, ahead: Child | None) -> int:
        """One process from its start, or from where it loaded `ahead`, to its end; its exit code."""
        try:
            child = ahead or self._start_child()
        except CannotStart as error:
            self._print(f"{error.message}\n".encode())
            return 127
        self._child = child
        self._set(state=ProcessState.STARTING, pid=child.pid, note="", ready_seconds=None)
        _log.info("part_started", part_name=self.part.name, pid=child.pid)
        watch = asyncio.create_task(self._watch())
        try:
            return await child.wait()
        finally:
            watch.cancel()
            self._write(self._redacted.rest())

    def _start_child(self, gate: Gate | None = None) -> Child:
        descriptors = self._sockets.descriptors if self._sockets is not None else ()
        argv = with_sockets(self.part.argv, descriptors, as_systemd=self.part.activated)
        if gate is not None:
            argv, descriptors = (*argv, "--gate", str(gate.descriptor)), (*descriptors, gate.descriptor)
        environment = {**inherited(self.part, os.environ), **self.part.environment}
        return Child.start(argv, environment, self._cwd, self._print, descriptors, forks=self.part.forks)

    def _turn_away(self) -> None:
        if self._sockets is not None:
            self._sockets.turn_away()

    async def _watch(self) -> None:
        """Ask again and again how the part is; its exit ends this."""
        if self.part.once:
            return
        started = time.monotonic()
        overdue = False
        while True:
            detail = await self._fault(time.monotonic() - started)
            if not detail:
                self._note_well(time.monotonic() - started)
            elif self._status.state is ProcessState.HEALTHY:
                _log.warning("part_unhealthy", part_name=self.part.name, detail=detail)
                self._set(state=ProcessState.UNHEALTHY, note=detail)
            elif self._status.state is ProcessState.STARTING:
                self._set(note=detail if time.monotonic() - started > 2 else "")
                if not overdue and time.monotonic() - started > self.part.start_seconds:
                    overdue = True
                    self._report_overdue(detail)
            starting = self._status.state is ProcessState.STARTING
            await asyncio.sleep(self._timing.starting if starting else self._timing.watching)

    async def _fault(self, lived: float) -> str:
        if self.part.check is None:
            return "" if lived >= self._timing.settled else "has just started"
        return (await ask(self.part.check)).detail

    def _note_well(self, lived: float) -> None:
        if self._status.state is ProcessState.HEALTHY:
            return
        seconds = self._status.ready_seconds or lived
        self._set(state=ProcessState.HEALTHY, note="", ready_seconds=seconds)
        _log.info("part_healthy", part_name=self.part.name, seconds=round(seconds, 2))
        self.ready.set()

    async def _wait_before_restart(self, code: int, lived: float) -> None:
        delay = self._back_off.after(lived)
        self._set(
            state=ProcessState.RESTARTING,
            pid=None,
            restarts=self._status.restarts + 1,
            note=f"{_ended(code)}; again in {delay:g} s",
        )
        await asyncio.sleep(delay)

    def _report_failed_start(self, code: int) -> None:
        crashes = self._back_off.crashes + 1
        # A part that says why it ends would end the same way again; one that just crashes gets another chance.
        is_final = self.part.once or not self._restart or self._own_error() or crashes >= self._timing.crashes
        if self.ready.is_set() or not is_final:
            return
        times = f" ({crashes} times)" if crashes > 1 else ""
        self._fail(f"{self.part.name} cannot start: it {_ended(code)}{times}")

    def _report_overdue(self, detail: str) -> None:
        if not self.ready.is_set():
            self._fail(f"{self.part.name} was not well after {self.part.start_seconds:g} s: {detail}")

    def _fail(self, cause: str) -> None:
        said = self._own_error()
        last = said or self._last_for_people()
        fix = f"{_FIX_SAID if said else _FIX_UNSAID}, then run `investiq up` again"
        cause = f"{cause}: {last}" if last else cause
        self._failed(Failure(self.part.name, cause, fix, str(self._log.path), self._last.lines))

    def _own_error(self) -> str:
        """The message with which a program of ours ended."""
        return own_error(self._last.lines)

    def _print(self, data: bytes) -> None:
        self._write(self._redacted.feed(data))

    def _write(self, data: bytes) -> None:
        self._log.write(data)
        self._last.write(data)
        if self._reader is not None:
            self._reader(data)
        if self.part.once and (line := self._last_for_people()):
            self._set(note=line)

    def _last_for_people(self) -> str:
        """The last line that is not a log record."""
        return next((line.strip() for line in reversed(self._last.lines) if not line.startswith("{")), "")

    def _set(self, **changes: object) -> None:
        status = replace(self._status, **changes)  # type: ignore[arg-type]
        if status != self._status:
            self._status = status
            self._changed()


def _ended(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _memory(pid: int | None) -> int | None:
    if pid is None:
        return None
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None
