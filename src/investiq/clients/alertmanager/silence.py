"""A silence, and how Alertmanager writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from investiq.foundation.contract.heartbeat import WATCHDOG_LABELS
from investiq.foundation.vocabulary import Part, RestartAlert, SilenceFault
from investiq.promql.matcher import Matcher, eq

__all__ = [
    "DEPLOY_COMMENT",
    "DEPLOY_MATCHERS",
    "LONGEST_SILENCE",
    "LONGEST_WINDOW",
    "Silence",
    "document",
    "matchers_of",
    "silence_of",
]

LONGEST_SILENCE = timedelta(days=7)
"""What is not mended in a week wants a changed rule: a longer silence is forgotten, and with it the fault."""

LONGEST_WINDOW = timedelta(hours=1)
"""A restart takes minutes. Whoever needs longer opens another window, and knows that nobody is watching."""

DEPLOY_MATCHERS = (
    eq("alertname", *(alert.value for alert in RestartAlert)),
    eq("service", *(part.value for part in Part)),
)
"""The one silence of a deploy window: what a restart fires, about parts of ours."""

DEPLOY_COMMENT = "deploy window: "
"""How the comment of a deploy window's silence begins: the silence itself is the record of the deployment."""


def matchers_of(alert: str, labels: Mapping[str, str]) -> tuple[Matcher, ...]:
    """What matches the alert of this name, only where it has `labels`."""
    return tuple(Matcher(label, "=", value) for label, value in {"alertname": alert, **labels}.items())


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence that is active or pending.

    Attributes:
        by: login name, or the name that was given, of who made it.
        mutes: firing alerts that it keeps from being notified now.
    """

    id: str
    matchers: tuple[Matcher, ...]
    by: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    mutes: int = 0

    @property
    def what(self) -> str:
        """Its matchers as people read them; of a deploy window, just that."""
        return "restarts of our parts" if self.is_window else ", ".join(map(str, self.matchers)).replace('"', "")

    @property
    def is_window(self) -> bool:
        """Whether it is a deploy window. Anybody can write that comment: what it matches says what it is."""
        return self.reason.startswith(DEPLOY_COMMENT) and set(self.matchers) == set(DEPLOY_MATCHERS)

    def faults(self, now: datetime) -> tuple[SilenceFault, ...]:
        """Why it is too broad, the worst first; empty where it is not."""
        window = self.is_window and self.ends_at - now <= LONGEST_WINDOW + _CLOCKS
        found = {
            SilenceFault.WATCHDOG: self.covers(WATCHDOG_LABELS),
            SilenceFault.MANY_ALERTS: not window and not any(_is_one_alert(matcher) for matcher in self.matchers),
            SilenceFault.LONG: self.ends_at - max(self.starts_at, now) > LONGEST_SILENCE + _CLOCKS,
        }
        return tuple(fault for fault, is_so in found.items() if is_so)

    def covers(self, labels: Mapping[str, str]) -> bool:
        """Whether it mutes an alert that has exactly `labels`."""
        return all(matcher.accepts(labels.get(matcher.label, "")) for matcher in self.matchers)

    def names(self, labels: Mapping[str, str]) -> bool:
        """Whether it is about the alert of `labels`, of which not all need be known: it names it, and excludes none."""
        known = [matcher for matcher in self.matchers if matcher.label in labels]
        return any(matcher.label == "alertname" for matcher in known) and all(
            matcher.accepts(labels[matcher.label]) for matcher in known
        )

    def is_again(self, other: Silence) -> bool:
        """Whether it silences the same for the same reason, by the same person."""
        mine, theirs = ({str(matcher) for matcher in one.matchers} for one in (self, other))
        return (mine, self.by, self.reason) == (theirs, other.by, other.reason)


_CLOCKS = timedelta(minutes=1)
"""How far its clock and ours may differ."""

_LITERAL = re.compile(r"[A-Za-z0-9_]+")


def _is_one_alert(matcher: Matcher) -> bool:
    """Whether only the alert of one name passes; as a pattern too, where it can be read as plain text."""
    return matcher.label == "alertname" and (
        (matcher.op == "=" and matcher.value != "")
        or (matcher.op == "=~" and _LITERAL.fullmatch(matcher.value) is not None)
    )


def silence_of(raw: Mapping[str, Any], muted: Sequence[str] = ()) -> Silence:
    """A silence as Alertmanager gives it.

    Args:
        muted: the id of a silence once for each alert that it mutes.

    Raises:
        KeyError, TypeError, ValueError: this is none.
    """
    return Silence(
        id=raw["id"],
        matchers=tuple(_matcher(one) for one in raw["matchers"]),
        by=raw["createdBy"],
        reason=raw["comment"],
        starts_at=datetime.fromisoformat(raw["startsAt"]),
        ends_at=datetime.fromisoformat(raw["endsAt"]),
        mutes=muted.count(raw["id"]),
    )


def document(silence: Silence) -> dict[str, Any]:
    """The silence as Alertmanager takes it; with an id, it changes the one that has it."""
    return {
        "id": silence.id,
        "matchers": [_matcher_document(matcher) for matcher in silence.matchers],
        "startsAt": silence.starts_at.isoformat(),
        "endsAt": silence.ends_at.isoformat(),
        "createdBy": silence.by,
        "comment": silence.reason,
    }


def _matcher(raw: Mapping[str, Any]) -> Matcher:
    signs = {(False, True): "=", (True, True): "=~", (False, False): "!=", (True, False): "!~"}
    return Matcher(raw["name"], signs[raw["isRegex"], raw.get("isEqual", True)], raw["value"])


def _matcher_document(matcher: Matcher) -> dict[str, Any]:
    regex, equal = "~" in matcher.op, not matcher.op.startswith("!")
    return {"name": matcher.label, "value": matcher.value, "isRegex": regex, "isEqual": equal}
