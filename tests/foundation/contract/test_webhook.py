"""Alertmanager's webhook, as it is read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from investiq.foundation.contract.webhook import WebhookMessage

ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "A"},
    "annotations": {},
    "startsAt": "2026-03-02T09:00:30Z",
    "fingerprint": "0123456789abcdef",
}
MESSAGE: dict[str, Any] = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "inbox", "alerts": [ALERT]}


def test_what_nobody_here_reads_does_not_stop_a_page() -> None:
    odd = MESSAGE | {"truncatedAlerts": "many", "commonLabels": None, "externalURL": 7, "notificationReason": "new"}
    assert WebhookMessage.model_validate(odd).alerts[0].labels == {"alertname": "A"}


@pytest.mark.parametrize("change", [{"version": "5"}, {"status": "pending"}, {"alerts": []}, {"receiver": None}])
def test_what_is_read_has_to_be_right(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WebhookMessage.model_validate(MESSAGE | change)
