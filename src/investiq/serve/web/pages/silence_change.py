"""What the page of a silence is asked to do, by the rules of `investiq silence`, and what comes of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Literal, NamedTuple

import structlog
from dash import no_update
from dash.development.base_component import Component

from investiq.clients.alertmanager.refusals import check_length, check_name, check_text
from investiq.clients.alertmanager.silence import Silence, matchers_of
from investiq.foundation import figures as fmt
from investiq.foundation.contract.panels import AlertDocument
from investiq.foundation.durations import parse_duration
from investiq.foundation.errors import InvestIQError
from investiq.serve.web.changes import Actor
from investiq.serve.web.elements import Children, notice, paragraph
from investiq.serve.web.sources import Sources

__all__ = ["LENGTHS", "OTHER", "USUAL", "Form", "SilenceTarget", "end", "rule_named", "silence"]

_log = structlog.get_logger(__name__)

_NOTE_SECONDS = 3.0

OTHER = "other"
LENGTHS = (("10m", "10 min"), ("1h", "1 h"), ("4h", "4 h"), ("1d", "1 day"), (OTHER, "Other"))
USUAL = "1h"


class SilenceTarget(NamedTuple):
    """What is to be silenced: an alert of one service, or of all where that is empty."""

    alert: str
    service: str = ""

    @property
    def labels(self) -> dict[str, str]:
        """What is known of the labels of its alerts, apart from its name."""
        return {"service": self.service} if self.service else {}


class Form(NamedTuple):
    """What the form holds, in the order of its fields; nothing of it is checked yet."""

    choice: str
    other: str | None
    reason: str | None
    by: str | None

    def length(self) -> timedelta:
        """For how long.

        Raises:
            MalformedDuration: the other length is none.
            NotSilenceable: it is too long, or no time at all.
        """
        length = parse_duration((self.other or "") if self.choice == OTHER else self.choice, unit_needed=True)
        check_length(length)
        return length


def rule_named(sources: Sources, name: str) -> AlertDocument:
    """The rule of this name.

    Raises:
        NotSilenceable: there is none, or it has to be heard.
        PanelsUnreadable: which there are is not known.
    """
    rules = {rule.name: rule for rule in sources.panels.read().alerts}
    check_name(name, {rule.name: rule.unsilenceable for rule in rules.values()})
    return rules[name]


async def silence(sources: Sources, actor: Actor, target: SilenceTarget, form: Form) -> tuple[Children, Any]:
    """Make the silence that the form asks for: what came of it, and a mark that something changed."""
    try:
        rule_named(sources, target.alert)
        length = form.length()
        reason = check_text(form.reason or "", "enter a reason: others will ask")
        name = check_text(form.by or "", "enter your name, so others know whom to ask")
    except InvestIQError as error:
        return _failed("Not silenced", error.message), no_update
    by = name if name == actor.who.name else f"{name} ({actor.who.name})"  # the name is typed, the key is not
    try:
        made = await actor.silencer.add(matchers_of(target.alert, target.labels), length, by, reason)
    except InvestIQError as error:
        _log.warning("silence_failed", alert=target.alert, service=target.service, error=error.message)
        again = "Pressing again cannot create a second silence."
        return _failed("Not silenced" if error.reason != "timeout" else "No response", error.message, again), no_update
    _log.info("silence_made", alert=target.alert, service=target.service, until=made.ends_at.isoformat(), by=by)
    unkept = await _noted(actor, "silence_put", made, f"until {made.ends_at:%Y-%m-%d %H:%M} UTC by {by}: {reason}")
    sources.forget_alerts()
    mutes = fmt.count(made.mutes, "firing alert", "firing alerts")
    return (
        notice(f"Silenced until {fmt.minute(made.ends_at)}", [made.what, f"It mutes {mutes}.", unkept], "teal"),
        f"{made.id} {made.ends_at.isoformat()}",
    )


async def end(sources: Sources, actor: Actor, identifier: str) -> tuple[Children, Any]:
    """End a silence: what came of it, and a mark that something changed."""
    try:
        ended = await actor.silencer.end(identifier)
    except InvestIQError as error:
        sources.forget_alerts()
        return _failed("Not ended", error.message), f"{identifier} not ended"
    _log.info("silence_ended", silence=identifier, what=ended.what, of=ended.by, by=actor.who.name)
    unkept = await _noted(actor, "silence_ended", ended, f"of {ended.by}: {ended.reason}")
    sources.forget_alerts()
    said = [f"{ended.what}: notifications resume if it is still firing.", unkept]
    return notice("Ended", said, "teal"), f"{identifier} ended"


async def _noted(
    actor: Actor, action: Literal["silence_put", "silence_ended"], done: Silence, detail: str
) -> str | None:
    """Have the API keep it in the audit log. It is done: where it cannot be kept, that is said."""
    try:
        async with asyncio.timeout(_NOTE_SECONDS):
            await actor.client.note_silence(action, done.id, f"{done.what} {detail}"[:1_000])
    except (InvestIQError, TimeoutError) as error:
        _log.warning("silence_not_in_audit_log", silence=done.id, action=action, error=str(error))
        return "Not recorded in the audit log: the API does not answer."
    return None


def _failed(heading: str, message: str, then: Children = None) -> Component:
    return notice(heading, [paragraph(message), then], "red")
