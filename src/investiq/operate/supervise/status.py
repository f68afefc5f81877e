"""What is known about the running stack, as values that travel over the control socket as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from investiq.foundation.contract.api import TradingStatus
    from investiq.operate.supervise.parts import MissingProgram

__all__ = [
    "Failure",
    "PartStatus",
    "Phase",
    "ProcessState",
    "StackReport",
    "StackSnapshot",
    "StackStatus",
    "missing_status",
]


class ProcessState(StrEnum):
    """Where one part stands."""

    WAITING = "waiting"  # for the parts that it needs
    STARTING = "starting"  # its process runs, its health check does not succeed yet
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"  # its process runs, and its health check has stopped succeeding
    RESTARTING = "restarting"  # it crashed, and the back-off runs
    CRASHED = "crashed"  # it crashed, and it is not to be restarted
    DONE = "done"  # a step that ended well
    STOPPED_BY_USER = "held"  # stopped by `investiq down PART`, until `investiq up PART`
    STOPPING = "stopping"
    STOPPED = "stopped"
    MISSING = "missing"  # its program is not installed

    @property
    def is_well(self) -> bool:
        return self in (ProcessState.HEALTHY, ProcessState.DONE)


class Phase(StrEnum):
    """Where the whole stack stands."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part, now.

    Attributes:
        restarts: how often it was started again after a crash.
        ready_seconds: from its start to its first success, of its last start.
        memory_bytes: resident memory; None when it does not run.
        optional: the stack is whole without it.
        note: what a person should know: progress, what it waits for, why it is not well, how to get it.
    """

    name: str
    what: str
    state: ProcessState
    port: int | None = None
    url: str | None = None
    pid: int | None = None
    restarts: int = 0
    ready_seconds: float | None = None
    memory_bytes: int | None = None
    optional: bool = False
    note: str = ""

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        return cls(**{**document, "state": ProcessState(document["state"])})

    @property
    def is_well(self) -> bool:
        return self.state.is_well or (self.optional and self.state is ProcessState.MISSING)


def missing_status(missing: MissingProgram) -> PartStatus:
    """The status of a part whose program is not installed; its note says how to get it."""
    return PartStatus(missing.name, missing.what, ProcessState.MISSING, optional=missing.optional, note=missing.get)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the stack could not start.

    Attributes:
        cause: what happened, one sentence.
        fix: what to do about it.
        log: the file that has more.
        last_lines: the end of that file.
    """

    part: str
    cause: str
    fix: str
    log: str
    last_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StackSnapshot:
    """The whole stack at one moment. Every change makes a new one, so a follower that misses some misses nothing."""

    phase: Phase
    supervisor_pid: int
    started_at: str
    parts: tuple[PartStatus, ...]
    failure: Failure | None = None

    def __getitem__(self, name: str) -> PartStatus:
        return next(part for part in self.parts if part.name == name)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> StackSnapshot:
        failure = document["failure"]
        return cls(
            phase=Phase(document["phase"]),
            supervisor_pid=document["supervisor_pid"],
            started_at=document["started_at"],
            parts=tuple(map(PartStatus.from_json, document["parts"])),
            failure=Failure(**{**failure, "last_lines": tuple(failure["last_lines"])}) if failure else None,
        )


@dataclass(frozen=True, slots=True)
class StackStatus:
    """What was found by asking every part.

    Attributes:
        parts: each part; STOPPED means that nothing answers where it should listen.
        supervisor: what the supervisor says; None when none answers.
    """

    parts: tuple[PartStatus, ...]
    supervisor: StackSnapshot | None

    @property
    def is_running(self) -> bool:
        """Whether there is anything: a supervisor, or a part that somebody else started."""
        return self.supervisor is not None or any(
            part.state in (ProcessState.HEALTHY, ProcessState.UNHEALTHY) for part in self.parts
        )

    @property
    def is_well(self) -> bool:
        return all(part.is_well for part in self.parts)


@dataclass(frozen=True, slots=True)
class StackReport:
    """What `investiq status` tells: the parts, and what the desk says; None where it does not answer."""

    stack: StackStatus
    trading: TradingStatus | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        stack, trading = document["stack"], document["trading"]
        supervisor = StackSnapshot.from_json(stack["supervisor"]) if stack["supervisor"] else None
        return cls(StackStatus(tuple(map(PartStatus.from_json, stack["parts"])), supervisor), trading)
