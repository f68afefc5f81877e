"""What a check of the doctor gets to know, and what it answers: values only, so that each check stands by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import httpx2

from investiq.foundation.config import Config, LoadedConfig
from investiq.foundation.findings import Finding
from investiq.operate.supervise.parts import StackTable
from investiq.operate.supervise.stack_status import StackStatus
from investiq.operate.supervise.status import PartStatus, ProcessState

__all__ = ["START", "Diagnosis", "DoctorCheck", "Installation", "Verdict"]

START = "`investiq up`"
"""The fix of everything that needs a running part; said once, however many checks need one."""


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WRONG = "wrong"
    UNCHECKED = "unchecked"  # nothing is known to be wrong, and nothing is known to be right


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer of one check.

    Attributes:
        looked_at: what was seen, with its numbers: an empty list must not read as all well.
        findings: what is wrong, each with its fix; also what could not be checked.
        notes: what its user should know, though nothing is wrong.
    """

    looked_at: str
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()

    @property
    def verdict(self) -> Verdict:
        if any(not finding.unchecked for finding in self.findings):
            return Verdict.WRONG
        return Verdict.UNCHECKED if self.findings else Verdict.OK


@dataclass(frozen=True, slots=True)
class Installation:
    """The installation as it was found.

    Attributes:
        loaded: the configuration as it is written, and where each setting comes from.
        config: with the start of the replay that the data here belongs to, unless the configuration names another.
        table: the parts that this machine can run.
        found: how the parts answer.
        http: asks the parts.
    """

    loaded: LoadedConfig
    config: Config
    table: StackTable
    found: StackStatus
    http: httpx2.Client
    _known: dict[str, PartStatus] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", {part.name: part for part in self.found.parts})

    def answers(self, part: str) -> bool:
        """Whether anything answers where `part` listens."""
        return self._known[part].state in (ProcessState.HEALTHY, ProcessState.UNHEALTHY)

    def unanswered(self, check: str, parts: Iterable[str]) -> list[Finding]:
        """What `check` has to leave open, because some of `parts` do not answer."""
        silent = [self._known[part] for part in parts if not self.answers(part)]
        missing = [part for part in silent if part.state is ProcessState.MISSING]
        down = " and ".join(part.name for part in silent if part not in missing)
        needs = [Finding(check, part.name, "is not installed", part.note, unchecked=True) for part in missing]
        return [*needs, *([Finding(check, down, "needed, and not running", START, unchecked=True)] if down else [])]


DoctorCheck = Callable[[Installation], Diagnosis]
