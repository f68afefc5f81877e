"""`investiq status`: asks each part how it is."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import click

from investiq.cli.context import Session, pass_session
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.cli.stack_screen import part_rows
from investiq.stack.survey import Survey, survey


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq status", "one line per part"),
        ("investiq status --json | jq -r '.parts[] | select(.state != \"healthy\").name'", "what is not well"),
        ("investiq status >/dev/null && echo all well", "the exit code: 0 well, 3 something is not, 6 not running"),
    ),
)
@pass_session
def command(session: Session) -> int:
    """Ask each part how it is, over HTTP; the supervisor adds memory and restarts."""
    found = asyncio.run(survey(session.loaded.config))
    show(session, found)
    if not found.is_running:
        session.say("InvestIQ is not running; `investiq up` starts it")
        return ExitCode.NOT_RUNNING
    return ExitCode.DONE if found.is_well else ExitCode.FINDINGS


def show(session: Session, found: Survey) -> None:
    """Print the survey as a table, or as JSON."""
    document = {
        "running": found.is_running,
        "well": found.is_well,
        "phase": found.supervisor.phase if found.supervisor else None,
        "supervisor_pid": found.supervisor.supervisor_pid if found.supervisor else None,
        "started_at": found.supervisor.started_at if found.supervisor else None,
        "parts": [asdict(part) for part in found.parts],
    }
    session.emit("investiq.status/1", document, session.table(*part_rows(found.parts)))
