"""What is asked of the inbox, and its notifications as values; tests/cli asks a real one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from investiq.clients.inbox import InboxClient, InboxMessage
from investiq.clients.session import BadResponse
from investiq.foundation.config import Config
from tests.clients.strict import StrictServer

FIRING: dict[str, Any] = {
    "id": 7,
    "received_at": "2026-01-02T10:00:01.5Z",
    "status": "firing",
    "receiver": "inbox",
    "group_key": "{}",
    "alertname": "ServiceDown",
    "severity": "critical",
    "starts_at": "2026-01-02T10:00:00Z",
    "ends_at": None,
    "fingerprint": "0123456789abcdef",
    "generator_url": "",
    "repeats": 2,
    "last_received_at": "2026-01-02T12:00:01.5Z",
    "labels": {"service": "investiq-api"},
    "annotations": {"summary": "investiq-api does not answer"},
}


def test_that_of_this_installation_is_where_the_configuration_says() -> None:
    assert InboxClient.of(Config()).url == "http://127.0.0.1:5001"


async def test_a_notification_is_a_message_with_all_that_the_inbox_says(server: StrictServer) -> None:
    resolved = FIRING | {"id": 6, "status": "resolved", "ends_at": "2026-01-02T10:05:00+00:00", "annotations": {}}
    server.on("GET /api/notifications", {"notifications": [FIRING, resolved]})

    async with InboxClient(server.url) as inbox:
        firing, over = await inbox.notifications(50)

    assert firing == InboxMessage(
        id=7,
        received_at=datetime(2026, 1, 2, 10, 0, 1, 500_000, tzinfo=UTC),
        status="firing",
        name="ServiceDown",
        severity="critical",
        fingerprint="0123456789abcdef",
        starts_at=datetime(2026, 1, 2, 10, tzinfo=UTC),
        ends_at=None,
        labels={"service": "investiq-api"},
        annotations={"summary": "investiq-api does not answer"},
        document=FIRING,
    )
    assert firing.summary == "investiq-api does not answer"
    assert (over.ends_at, over.summary) == (datetime(2026, 1, 2, 10, 5, tzinfo=UTC), "")


async def test_only_filters_that_are_given_are_asked_for(server: StrictServer) -> None:
    server.on("GET /api/notifications", {"notifications": []})
    async with InboxClient(server.url) as inbox:
        assert await inbox.notifications(1000) == []
        await inbox.notifications(5, status="firing", alertname="ServiceDown", since="2026-01-02T10:00:00+00:00")

    assert [request.params for request in server.asked] == [
        {"limit": ["1000"]},
        {"limit": ["5"], "status": ["firing"], "alertname": ["ServiceDown"], "since": ["2026-01-02T10:00:00+00:00"]},
    ]


@pytest.mark.parametrize("changes", [{"id": None}, {"labels": []}, {"received_at": "yesterday"}, {"ends_at": 5}])
async def test_what_is_no_notification_is_none(server: StrictServer, changes: dict[str, Any]) -> None:
    server.on("GET /api/notifications", {"notifications": [FIRING | changes]})
    async with InboxClient(server.url) as inbox:
        with pytest.raises(BadResponse, match="not as the inbox does"):
            await inbox.notifications(50)
