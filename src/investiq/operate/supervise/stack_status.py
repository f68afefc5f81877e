"""How the parts are, asked from outside: over HTTP, whoever started them; the supervisor adds what only it knows."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from investiq.clients.session import ClientError, TrustedUsers, probing
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.operate.supervise.control import ControlClient, NotRunning
from investiq.operate.supervise.parts import ProcessSpec, stack_table
from investiq.operate.supervise.readiness import ask
from investiq.operate.supervise.status import (
    PartStatus,
    ProcessState,
    StackReport,
    StackSnapshot,
    StackStatus,
    missing_status,
)

if TYPE_CHECKING:
    from investiq.foundation.contract.api import TradingStatus

__all__ = ["read_report", "read_stack_status"]

_OK = 200
_DESK_SECONDS = 3.0
"""Beyond that the desk is not there for a person who waits for a table."""


async def read_report(config: Config, supervisor: StackSnapshot | None = None) -> StackReport:
    """Ask all parts, the supervisor and the desk, at the same time.

    Args:
        supervisor: what it says, where that is known.
    """
    return StackReport(*await asyncio.gather(read_stack_status(config, supervisor), _trading(config)))


async def read_stack_status(config: Config, supervisor: StackSnapshot | None = None) -> StackStatus:
    """Ask all parts and the supervisor, at the same time."""
    table = stack_table(config)
    supervisor = supervisor or await _supervisor(config)
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


async def _trading(config: Config) -> TradingStatus | None:
    """What the desk of this machine says; None when it does not answer, and the table of parts tells why."""
    url = f"{topology.API.url(config)}/api/trading/status"
    try:
        answer = await probing.get(url, trusted=TrustedUsers.of(config), seconds=_DESK_SECONDS)
        told = json.loads(answer.text) if answer.status == _OK else None
    except (OSError, ClientError, probing.NotHttp, ValueError):
        return None
    return cast("TradingStatus", told) if isinstance(told, dict) and "halted" in told else None
