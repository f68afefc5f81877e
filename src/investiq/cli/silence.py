"""`investiq silence`: keep an alert from being notified, for a time that is always bounded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.ledger import note_silence
from investiq.cli.login_name import login_name
from investiq.cli.parameters import Duration, Words
from investiq.foundation.durations import format_duration
from investiq.foundation.vocabulary import AuditAction

if TYPE_CHECKING:
    from investiq.clients.alertmanager.silence import Silence
    from investiq.foundation.config import Config
    from investiq.promql.matcher import Matcher

__all__ = ["command", "describe_silence", "document"]


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq silence HighLatency --for 2h --reason 'known, #214'", "one alert, for all services"),
        ("investiq silence ServiceDown --for 10m --reason deploy --match service=investiq-api", "of one service"),
        ("investiq silences", "active silences"),
    ),
)
@click.argument("alert", metavar="ALERT")
@click.option("--for", "seconds", type=Duration(unit_needed=True), required=True, help="Duration: 30m, 2h; at most 7d.")
@click.option("--reason", type=Words(), required=True, help="Why; shown to everyone beside the alert.")
@click.option(
    "--match", "labels", multiple=True, metavar="LABEL=VALUE", help="Only alerts with this label; repeatable."
)
@pass_command_context
def command(context: CommandContext, *, alert: str, seconds: float, reason: str, labels: tuple[str, ...]) -> None:
    """Keep ALERT from being notified for a while. It fires on, shows as silenced, and mutes its symptoms as before."""
    from investiq.cli.answers import answered  # noqa: PLC0415
    from investiq.clients.alertmanager.refusals import check_length, check_name, check_text  # noqa: PLC0415
    from investiq.clients.alertmanager.silence import matchers_of  # noqa: PLC0415
    from investiq.monitoring.routing.silencing import known_alerts, unsilenceable_reasons  # noqa: PLC0415  the rules are not for every command

    config, length = context.loaded.config, timedelta(seconds=seconds)
    check_name(alert, unsilenceable_reasons(known_alerts(config)))
    check_length(length)
    why = check_text(reason, "--reason is empty: say why, others will ask")
    matchers = (*matchers_of(alert, {}), *(_label(label) for label in labels))
    silence = answered(_added(config, matchers, length, why))
    note_silence(context, AuditAction.SILENCE_PUT, silence)
    context.emit("investiq.silence/1", document(silence), *describe_silence(silence))


async def _added(config: Config, matchers: Sequence[Matcher], length: timedelta, why: str) -> Silence:
    from investiq.clients.alertmanager.client import Alertmanager  # noqa: PLC0415

    async with Alertmanager.of(config) as alertmanager:
        return await alertmanager.add_silence(matchers, length, login_name(), why)


def describe_silence(silence: Silence) -> list[str]:
    """What was done, until when, and how to undo it."""
    left = format_duration(silence.ends_at - datetime.now(UTC))
    now = {0: "no firing alerts", 1: "1 firing alert"}.get(silence.mutes, f"{silence.mutes} firing alerts")
    return [
        f"silenced until {silence.ends_at:%Y-%m-%d %H:%M:%S} UTC ({left}) by {silence.by}: {silence.what}",
        f"it mutes {now}",
        f"end it early: investiq {'deploy-window end' if silence.is_window else f'unsilence {silence.id[:8]}'}",
    ]


def document(silence: Silence) -> dict[str, Any]:
    """A silence for programs."""
    return {
        "id": silence.id,
        "matchers": [str(matcher) for matcher in silence.matchers],
        "by": silence.by,
        "reason": silence.reason,
        "starts_at": silence.starts_at.isoformat(),
        "ends_at": silence.ends_at.isoformat(),
        "mutes": silence.mutes,
        "deploy_window": silence.is_window,
    }


def _label(text: str) -> Matcher:
    from investiq.promql.matcher import Matcher  # noqa: PLC0415

    label, equals, value = text.partition("=")
    if not equals or not value or not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", label) or label == "alertname":
        message = f"{text!r} is not a label with its value: write it as service=investiq-api"
        raise click.BadParameter(message, param_hint="--match")
    return Matcher(label, "=", value)
