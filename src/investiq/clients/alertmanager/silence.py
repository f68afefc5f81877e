"""A silence, and how Alertmanager writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from investiq.promql.matcher import Matcher

__all__ = ["DEPLOY_COMMENT", "Silence", "document", "matchers_of", "silence_of"]

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
        """Whether it is a deploy window."""
        return self.reason.startswith(DEPLOY_COMMENT)

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
