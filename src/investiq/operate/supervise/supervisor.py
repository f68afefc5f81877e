"""The supervisor: one process, one event loop, one process supervisor for each part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import UTC, datetime
from os import getpid
from pathlib import Path
from types import MappingProxyType

import structlog

from investiq.foundation.config.schema import LoggingConfig
from investiq.foundation.errors import InvestIQError
from investiq.operate.supervise.log_redaction import LogRedaction, RedactedStream
from investiq.operate.supervise.logs import RotatedFile
from investiq.operate.supervise.parts import StackTable
from investiq.operate.supervise.process import ProcessSupervisor, SupervisionTiming
from investiq.operate.supervise.sockets import PartSockets
from investiq.operate.supervise.status import Failure, Phase, ProcessState, StackSnapshot, missing_status

__all__ = ["Supervisor", "UnknownPart"]

_log = structlog.get_logger(__name__)

_NO_SOCKETS: Mapping[str, PartSockets] = MappingProxyType({})
_NO_READERS: Mapping[str, Callable[[bytes], object]] = MappingProxyType({})


class UnknownPart(InvestIQError):
    """The stack has no part of that name."""

    reason = "usage"


class Supervisor:
    """Runs the parts of `table` until it is asked to stop, or until one of them cannot start.

    Args:
        logs: folder of the parts' log files.
        redaction: what is left out of them.
        cwd: where the parts run: they read the same investiq.toml as their supervisor.
        sockets: of the parts that get theirs handed over; they stay the caller's to close.
        readers: part -> who gets what it prints, too.
        no_restart: parts that stay down when they crash.
    """

    def __init__(
        self,
        table: StackTable,
        *,
        logs: Path,
        rotation: LoggingConfig,
        redaction: LogRedaction,
        cwd: Path,
        sockets: Mapping[str, PartSockets] = _NO_SOCKETS,
        no_restart: Collection[str] = (),
        readers: Mapping[str, Callable[[bytes], object]] = _NO_READERS,
        timing: SupervisionTiming | None = None,
    ) -> None:
        self._table = table
        self._phase = Phase.STARTING
        self._failure: Failure | None = None
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._stop_asked = asyncio.Event()
        self._followers: set[asyncio.Event] = set()
        self._log_files = {
            name: RotatedFile(logs / f"{name}.log", rotation.max_bytes, rotation.backups) for name in table.names
        }
        self._processes: dict[str, ProcessSupervisor] = {}
        for unknown in set(no_restart) - set(table.names):
            raise self._unknown(unknown)
        for part in table.parts:
            self._processes[part.name] = ProcessSupervisor(
                part,
                needs=[self._processes[name] for name in table.needs(part)],
                sockets=sockets.get(part.name),
                restart=part.name not in no_restart,
                log=self._log_files[part.name],
                redacted=RedactedStream(redaction),
                cwd=cwd,
                timing=timing or SupervisionTiming(),
                reader=readers.get(part.name),
                changed=self._note_change,
                failed=self._note_failure,
            )

    # ---- what can be asked of it ----

    def snapshot(self) -> StackSnapshot:
        """The stack as it is now."""
        parts = (*(process.status for process in self._processes.values()), *map(missing_status, self._table.missing))
        return StackSnapshot(self._phase, getpid(), self._started_at, parts, self._failure)

    async def follow(self) -> AsyncIterator[StackSnapshot]:
        """A snapshot now, one after every change, and the last one when everything has stopped."""
        changed = asyncio.Event()
        self._followers.add(changed)
        try:
            while self._phase is not Phase.STOPPED:
                yield self.snapshot()
                await changed.wait()
                changed.clear()
            yield self.snapshot()
        finally:
            self._followers.discard(changed)

    def stop(self) -> None:
        """Ask for the end of everything; `run` returns when it has come."""
        self._stop_asked.set()

    async def stop_part(self, name: str) -> None:
        """Stop one part and keep it down."""
        await self._process(name).stop(ProcessState.STOPPED_BY_USER)

    def start_part(self, name: str) -> None:
        """Start a part that is held or has crashed; nothing for one that runs."""
        self._process(name).start()

    def reload_part(self, name: str) -> None:
        """Let a program read its configuration anew; nothing for one that is down: it will when it starts."""
        process = self._process(name)
        if not process.part.reloads:
            raise UnknownPart(f"{name} cannot read its configuration anew: `investiq down {name}`, then `investiq up`")
        process.reload()

    # ---- its life ----

    async def run(self) -> Failure | None:
        """Start everything, keep it running, stop everything. Returns why it could not start, if it could not."""
        _log.info("stack_starting", parts=self._table.names)
        for process in self._processes.values():
            process.start()
        arrival = asyncio.create_task(self._note_arrival())
        try:
            await self._stop_asked.wait()
        finally:
            arrival.cancel()
            await self._stop_all()
        return self._failure

    async def _note_arrival(self) -> None:
        await asyncio.gather(*(process.ready.wait() for process in self._processes.values()))
        self._enter(Phase.RUNNING)

    async def _stop_all(self) -> None:
        """End the parts, each when nothing that needs it is left."""
        self._enter(Phase.STOPPING)
        stopped = {name: asyncio.Event() for name in self._processes}

        async def stop(name: str, process: ProcessSupervisor) -> None:
            await asyncio.gather(*(stopped[user].wait() for user in self._table.stop_before(name)))
            await process.stop()
            stopped[name].set()

        await asyncio.gather(*(stop(name, process) for name, process in self._processes.items()))
        for file in self._log_files.values():
            file.close()
        self._enter(Phase.STOPPED)

    # ---- what the process supervisors tell ----

    def _note_failure(self, failure: Failure) -> None:
        if self._phase is Phase.STARTING and self._failure is None:
            _log.error("stack_failed", part_name=failure.part, cause=failure.cause)
            self._failure = failure
            self.stop()

    def _note_change(self) -> None:
        for changed in self._followers:
            changed.set()

    def _enter(self, phase: Phase) -> None:
        _log.info("stack_phase", phase=phase)
        self._phase = phase
        self._note_change()

    def _process(self, name: str) -> ProcessSupervisor:
        if name not in self._processes:
            raise self._unknown(name)
        return self._processes[name]

    def _unknown(self, name: str) -> UnknownPart:
        return UnknownPart(f"no part is called {name!r}; there are {', '.join(self._table.names)}")
