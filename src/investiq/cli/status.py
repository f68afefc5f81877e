"""`investiq status`: asks each part how it is, and the desk whether it trades."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.cli.stack_screen import part_rows
from investiq.cli.trading_status import status_lines
from investiq.clients.session import ClientError, TrustedUsers, probing
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.operate.supervise.stack_status import StackStatus, read_stack_status

if TYPE_CHECKING:
    from investiq.foundation.contract.api import TradingStatus

_OK = 200
_SECONDS = 3.0
"""Beyond that the desk is not there for a person who waits for a table."""


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq status", "one line per part, then whether trading is halted"),
        ("investiq status --json | jq -r '.parts[] | select(.state != \"healthy\").name'", "what is not well"),
        ("investiq status >/dev/null && echo all well", "the exit code: 0 well, 3 a part is not, 6 not running"),
    ),
)
@pass_command_context
def command(context: CommandContext) -> int:
    """Ask each part how it is, over HTTP; the supervisor adds memory and restarts. A halt is no fault of a part."""
    config = context.loaded.config
    found, trading = asyncio.run(_ask(config))
    document = {
        "running": found.is_running,
        "well": found.is_well,
        "phase": found.supervisor.phase if found.supervisor else None,
        "supervisor_pid": found.supervisor.supervisor_pid if found.supervisor else None,
        "started_at": found.supervisor.started_at if found.supervisor else None,
        "parts": [asdict(part) for part in found.parts],
        "trading": trading,
    }
    lines = context.table(*part_rows(found.parts))
    if found.is_running:
        lines += ["", *(status_lines(trading) if trading else ["halt state unknown"])]
    context.emit("investiq.status/1", document, *lines)
    if not found.is_running:
        context.say("InvestIQ is not running; `investiq up` starts it")
        return ExitCode.NOT_RUNNING
    return ExitCode.DONE if found.is_well else ExitCode.FINDINGS


async def _ask(config: Config) -> tuple[StackStatus, TradingStatus | None]:
    """Everything at the same time."""
    return await asyncio.gather(read_stack_status(config), _trading(config))


async def _trading(config: Config) -> TradingStatus | None:
    """What the desk of this machine says; None when it does not answer, and the table of parts tells why."""
    url = f"{topology.API.url(config)}/api/trading/status"
    try:
        answer = await probing.get(url, trusted=TrustedUsers.of(config), seconds=_SECONDS)
        told = json.loads(answer.text) if answer.status == _OK else None
    except (OSError, ClientError, probing.NotHttp, ValueError):
        return None
    return cast("TradingStatus", told) if isinstance(told, dict) and "halted" in told else None
