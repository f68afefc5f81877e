"""The inbox over HTTP: the notifications that it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from investiq.clients.session import ServerClient, rows, text_map
from investiq.foundation import topology

__all__ = ["InboxClient", "InboxMessage"]


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A notification that reached the inbox: an alert that began to fire, or that resolved.

    Attributes:
        id: ascending in the order of arrival.
        status: firing or resolved.
        severity: empty where the alert has none.
        fingerprint: of the alert's labels.
        ends_at: None while it fires.
        document: all that the inbox says of it.
    """

    id: int
    received_at: datetime
    status: str
    name: str
    severity: str
    fingerprint: str
    starts_at: datetime
    ends_at: datetime | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    document: Mapping[str, Any]

    @property
    def summary(self) -> str:
        return self.annotations.get("summary", "")


class InboxClient(ServerClient):
    """One inbox."""

    name = "the inbox"
    process = topology.INBOX

    async def notifications(
        self, limit: int, *, status: str | None = None, alertname: str | None = None, since: str | None = None
    ) -> list[InboxMessage]:
        """Up to `limit` (1000 at the most), newest first, that pass every given filter.

        Args:
            since: a time of arrival, ISO-8601 with its zone.
        """
        filters = {"status": status, "alertname": alertname, "since": since}
        given = {name: value for name, value in filters.items() if value is not None}
        document = await self.http.json("/api/notifications", {"limit": limit, **given})
        with self.http.reading("/api/notifications"):
            return [_message(raw) for raw in rows(document["notifications"])]


def _message(raw: Mapping[str, Any]) -> InboxMessage:
    ended = raw["ends_at"]
    return InboxMessage(
        id=int(raw["id"]),
        received_at=datetime.fromisoformat(raw["received_at"]),
        status=str(raw["status"]),
        name=str(raw["alertname"]),
        severity=str(raw["severity"]),
        fingerprint=str(raw["fingerprint"]),
        starts_at=datetime.fromisoformat(raw["starts_at"]),
        ends_at=None if ended is None else datetime.fromisoformat(ended),
        labels=text_map(raw["labels"]),
        annotations=text_map(raw["annotations"]),
        document=raw,
    )
