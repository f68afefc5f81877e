"""How the parts are, asked from outside: over HTTP, whoever started them; the supervisor adds what only it knows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from investiq.clients.session import TrustedUsers
from investiq.foundation.config import Config, Paths
from investiq.operate.supervise.control import ControlClient, NotRunning
from investiq.operate.supervise.parts import ProcessSpec, stack_table
from investiq.operate.supervise.readiness import ask
from investiq.operate.supervise.status import PartStatus, ProcessState, StackSnapshot, missing_status

__all__ = ["StackStatus", "read_stack_status"]


@dataclass(frozen=True, slots=True)
class StackStatus:
    """What was found.

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


async def read_stack_status(config: Config) -> StackStatus:
    """Ask all parts and the supervisor, at the same time."""
    table = stack_table(config)
    supervisor = await _supervisor(config)
    known = {part.name: part for part in supervisor.parts} if supervisor else {}
    trusted = TrustedUsers.of(config)
    found = await asyncio.gather(*(_status(part, known.get(part.name), trusted) for part in table.parts))
    return StackStatus((*filter(None, found), *map(missing_status, table.missing)), supervisor)


async def _supervisor(config: Config) -> StackSnapshot | None:
    try:
        async with asyncio.timeout(2):
            return await ControlClient(Paths.of(config).run).status()
    except (NotRunning, TimeoutError):
        return None


async def _status(part: ProcessSpec, known: PartStatus | None, trusted: TrustedUsers) -> PartStatus | None:
    """What the part answers; what the supervisor knows where it cannot answer. None for what nobody can say."""
    if part.check is None:
        return known
    status = known or PartStatus(part.name, part.what, ProcessState.STOPPED, part.port, part.url)
    health = await ask(part.check, trusted)
    if health.well:
        return replace(status, state=ProcessState.HEALTHY, note="")
    if health.answered:
        return replace(status, state=ProcessState.UNHEALTHY, note=health.detail)
    if status.state is ProcessState.HEALTHY:  # the supervisor has not noticed yet
        return replace(status, state=ProcessState.UNHEALTHY, note=health.detail)
    return replace(status, note=status.note or health.detail)
