"""`investiq deploy-window`: mute alerts during a planned restart; it ends by itself."""

from __future__ import annotations

from datetime import timedelta

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.ledger import note_silence
from investiq.cli.login_name import login_name
from investiq.cli.parameters import Duration, Words
from investiq.cli.silence import describe_silence, document
from investiq.foundation.vocabulary import AuditAction

__all__ = ["command"]


_END = -1.0


class _LengthOrEnd(Duration):
    """A length, or the word `end`."""

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        return _END if value == "end" else super().convert(value, param, ctx)


@click.command(
    "deploy-window",
    cls=ExampleCommand,
    examples=(
        ("investiq deploy-window 5m", "before a planned restart of parts"),
        ("investiq deploy-window 15m --reason 'version 0.2'", "say what is deployed; run again to extend it"),
        ("investiq deploy-window end", "end it early"),
    ),
)
@click.argument("seconds", type=_LengthOrEnd(unit_needed=True), metavar="LENGTH|end")
@click.option(
    "--reason", type=Words(), default="planned restart", show_default=True, help="What is deployed; recorded."
)
@pass_command_context
def command(context: CommandContext, *, seconds: float, reason: str) -> None:
    """Silence for LENGTH, at most 1h, what a planned restart of InvestIQ's parts fires.

    These are dead and vanished parts, failing probes and lost dependencies. A halt of trading, a lost heartbeat, errors
    and the host page as ever.
    """
    from investiq.cli.answers import answered  # noqa: PLC0415
    from investiq.clients.alertmanager.refusals import check_length  # noqa: PLC0415
    from investiq.clients.alertmanager.silence import LONGEST_WINDOW  # noqa: PLC0415
    from investiq.operate.deploy.windows import end_windows, open_window  # noqa: PLC0415

    config = context.loaded.config
    if seconds == _END:
        ended = answered(end_windows(config))
        for one in ended:
            note_silence(context, AuditAction.DEPLOY_WINDOW_ENDED, one)
        context.emit("investiq.silences/1", {"silences": [document(window) for window in ended]})
        context.say("deploy window ended: restarts page again" if ended else "no deploy window is active")
        return
    length = timedelta(seconds=seconds)
    check_length(length, LONGEST_WINDOW)
    window = answered(open_window(config, length, login_name(), reason.strip()))
    note_silence(context, AuditAction.DEPLOY_WINDOW_OPENED, window)
    context.emit("investiq.silence/1", document(window), *describe_silence(window))
