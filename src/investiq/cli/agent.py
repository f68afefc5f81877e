"""`investiq agent`: the paper-trading agent in the foreground."""

from __future__ import annotations

import click

from investiq.cli.context import Session, pass_session
from investiq.cli.help import ExampleCommand
from investiq.foundation.telemetry import logging


@click.command(
    cls=ExampleCommand,
    examples=(("investiq agent", "go through the watchlist until Ctrl-C; decisions are logged as JSON"),),
)
@pass_session
def command(session: Session) -> None:
    """Run the paper-trading agent: it analyses the watchlist and trades through the public API."""
    from investiq.serve.agent import run  # noqa: PLC0415  loads the client only when it runs

    logging.configure("agent", session.loaded.config.logging.level, session.stderr)
    run(session.loaded.config)
