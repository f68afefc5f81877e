"""`investiq status`: asks each part how it is, and the desk whether it trades."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.halt import status_lines
from investiq.cli.help import ExampleCommand
from investiq.cli.stack_screen import part_rows
from investiq.clients.api import InvestIQClient
from investiq.clients.session import ClientError
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.operate.supervise.stack_status import read_stack_status

if TYPE_CHECKING:
    from investiq.foundation.contract.api import TradingStatus

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
    found = asyncio.run(read_stack_status(config))
    trading = _trading(config) if found.is_running else None
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
        lines += ["", *(status_lines(trading) if trading else ["whether trading is halted is not known"])]
    context.emit("investiq.status/1", document, *lines)
    if not found.is_running:
        context.say("InvestIQ is not running; `investiq up` starts it")
        return ExitCode.NOT_RUNNING
    return ExitCode.DONE if found.is_well else ExitCode.FINDINGS


def _trading(config: Config) -> TradingStatus | None:
    """What the desk of this machine says; None when it does not answer, and the table of parts tells why."""
    try:
        with InvestIQClient(topology.API.url(config), timeout=_SECONDS) as client:
            return client.trading_status()
    except ClientError:
        return None
