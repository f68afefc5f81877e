"""`investiq status`: asks each part how it is, and the desk whether it trades."""

from __future__ import annotations

from dataclasses import asdict

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.cli.part_rows import part_rows
from investiq.cli.trading_status import status_lines
from investiq.foundation.setting_sources import given
from investiq.operate.supervise.report import reported
from investiq.operate.supervise.status import StackReport


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
    report = _report(context)
    found, trading = report.stack, report.trading
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


def _report(context: CommandContext) -> StackReport:
    """By way of the supervisor that was given what we were, which answers sooner than we would have asked."""
    ours = given(context.config_path)
    if ours is not None and (report := reported(ours)) is not None:
        return report
    import asyncio  # noqa: PLC0415  with the configuration and the parts, 300 ms

    from investiq.operate.supervise.stack_status import read_report  # noqa: PLC0415

    return asyncio.run(read_report(context.loaded.config))
