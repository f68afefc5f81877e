"""The installation as a check of the doctor gets to know it: values only, so that each check stands by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from investiq.foundation.config import Config, LoadedConfig
from investiq.foundation.findings import Finding, FindingSeverity, Place, PlaceKind
from investiq.invest.market.kept_start import where_it_was
from investiq.operate.supervise.parts import StackTable, stack_table
from investiq.operate.supervise.stack_status import read_stack_status
from investiq.operate.supervise.status import PartStatus, ProcessState, StackStatus

__all__ = ["START", "Installation", "find_installation"]

START = "`investiq up`"
"""The fix of everything that needs a running part; said once, however many checks need one."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The installation as it was found.

    Attributes:
        loaded: the configuration as it is written, and where each setting comes from.
        config: with the start of the replay that the data here belongs to, unless the configuration names another.
        table: the parts that this machine can run.
        found: how the parts answer.
    """

    loaded: LoadedConfig
    config: Config
    table: StackTable
    found: StackStatus
    _known: dict[str, PartStatus] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", {part.name: part for part in self.found.parts})

    def answers(self, part: str) -> bool:
        """Whether anything answers where `part` listens."""
        return self._known[part].state in (ProcessState.HEALTHY, ProcessState.UNHEALTHY)

    def unanswered(self, check: str, parts: Iterable[str]) -> tuple[Finding, ...]:
        """What `check` has to leave open, because some of `parts` do not answer."""
        silent = [self._known[part] for part in parts if not self.answers(part)]
        missing = [part for part in silent if part.state is ProcessState.MISSING]
        down = " and ".join(part.name for part in silent if part not in missing)
        needs = [_open(check, part.name, "is not installed", part.note) for part in missing]
        return (*needs, *([_open(check, down, "needed, and not running", START)] if down else []))


def _open(check: str, part: str, what: str, fix: str) -> Finding:
    return Finding(check, Place(PlaceKind.PART, part), what, fix, severity=FindingSeverity.UNCHECKED)


def find_installation(loaded: LoadedConfig) -> Installation:
    """The installation that `loaded` configures, with its parts as they answer now.

    Raises:
        ReplayStateError: the file that knows the start of the replay cannot be read.
    """
    config = where_it_was(loaded)
    return Installation(loaded, config, stack_table(config), asyncio.run(read_stack_status(config)))
