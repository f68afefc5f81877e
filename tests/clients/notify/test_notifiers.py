"""Each notifier against a server that takes nothing but what the published protocol allows."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from investiq.clients.notify import notifiers
from investiq.clients.notify.discord import Discord
from investiq.clients.notify.inbox import Inbox
from investiq.clients.notify.message import message
from investiq.clients.notify.notifier import Undelivered
from investiq.clients.notify.pagerduty import PagerDuty
from investiq.clients.notify.transport import LONGEST_ASKED_SECONDS, post
from investiq.clients.notify.webhook import Webhook
from investiq.foundation.config import Config, Paths
from investiq.foundation.config.schema import NotifyConfig
from investiq.foundation.contract.webhook import WebhookMessage
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.inbox.app import create_app
from tests.clients.notify.notices import BEGAN, ENDED, notice, over
from tests.clients.notify.services import Answer, discord, pagerduty, served
from tests.ports import closed_port

ROUTING_KEY = "0123456789abcdef0123456789ABCDEF"
SECRETS = {
    "discord_webhook_url": "https://discord.com/api/webhooks/1/secret-token",
    "pagerduty_key": ROUTING_KEY,
    "webhook_url": "https://hook.example/secret-path",
}


def anything(_path: str, _document: object) -> int:
    return 200


# ---- which there are ----


def test_the_inbox_is_always_told_and_the_others_where_they_are_configured() -> None:
    assert [made.name for made in notifiers(Config())] == ["inbox"]
    configured = notifiers(Config(notify=NotifyConfig.model_validate(SECRETS)))
    assert [made.name for made in configured] == list(catalogue.DIRECT_NOTIFICATIONS.labels[0].values or ())
    for made in configured:
        assert not any(secret in repr(made) for secret in SECRETS.values())


# ---- Discord ----


def test_discord_takes_both_messages_and_nobody_is_mentioned() -> None:
    with served(discord) as service:
        channel = Discord(f"{service.url}/api/webhooks/123/tok-en_1")
        channel.deliver(notice(description="@everyone look"), post)
        channel.deliver(over(), post)
    assert service.refused == []
    began, ended = (document["content"] for document in service.taken)
    assert began.splitlines()[0] == "**CRITICAL: MonitoringHeartbeatLost investiq-api**"
    assert "since 2026-03-02 09:00:30 UTC, on here (127.0.0.1:3000)" in began
    assert "runbook: http://127.0.0.1:8050/runbooks/trading/MonitoringHeartbeatLost" in began
    assert ended.splitlines()[0] == "**RESOLVED: MonitoringHeartbeatLost investiq-api**"
    assert "until 2026-03-02 09:05:00 UTC" in ended
    assert all(document["allowed_mentions"] == {"parse": []} for document in service.taken)


def test_a_long_message_is_cut_to_what_discord_takes() -> None:
    with served(discord) as service:
        Discord(f"{service.url}/api/webhooks/123/token").deliver(notice(description="é" * 5000), post)
    assert len(service.taken[0]["content"]) == 2000


# ---- PagerDuty ----


def test_pagerduty_opens_and_resolves_one_incident() -> None:
    with served(pagerduty) as service:
        duty = PagerDuty(ROUTING_KEY, f"{service.url}/v2/enqueue")
        duty.deliver(notice(summary="x" * 3000), post)
        duty.deliver(over(), post)
    assert service.refused == []
    trigger, resolve = service.taken
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    assert trigger["dedup_key"] == resolve["dedup_key"]
    assert trigger["payload"]["severity"] == "critical"
    assert trigger["payload"]["source"] == "here (127.0.0.1:3000)"
    assert trigger["payload"]["timestamp"] == BEGAN.isoformat()


def test_pagerduty_is_asked_at_its_public_address() -> None:
    made = PagerDuty.of(Config(notify=NotifyConfig.model_validate(SECRETS)))
    assert made is not None
    assert made.url == "https://events.pagerduty.com/v2/enqueue"


# ---- webhooks and the inbox ----


@pytest.mark.parametrize("told", [notice(), over()], ids=["firing", "resolved"])
def test_a_webhook_gets_what_alertmanager_would_send(told: object) -> None:
    assert isinstance(told, type(notice()))
    with served(anything) as service:
        Webhook(f"{service.url}/any").deliver(told, post)
    document = WebhookMessage.model_validate(service.taken[0])
    (alert,) = document.alerts
    assert (document.status, alert.status, alert.starts_at) == (told.status, told.status, BEGAN)
    assert alert.ends_at == ENDED or told.until is None
    assert alert.labels["alertname"] == "MonitoringHeartbeatLost"


def test_a_webhook_gets_every_member_as_alertmanager_writes_it() -> None:
    document = message(notice(), "inbox")
    assert list(document) == [
        *("version", "groupKey", "truncatedAlerts", "status", "receiver"),
        *("groupLabels", "commonLabels", "commonAnnotations", "externalURL", "alerts"),
    ]
    (alert,) = document["alerts"]
    assert (alert["startsAt"], alert["endsAt"]) == ("2026-03-02T09:00:30+00:00", "0001-01-01T00:00:00Z")
    assert alert["generatorURL"] == document["externalURL"] == "http://127.0.0.1:8050/operations"
    assert document["commonLabels"] == alert["labels"]
    assert message(over(), "inbox")["alerts"][0]["fingerprint"] == alert["fingerprint"]


def test_the_inbox_shows_it_like_any_page(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    with TestClient(
        create_app(config, Metrics(Part.INBOX)), base_url="http://127.0.0.1:5001", client=("127.0.0.1", 1)
    ) as inbox:
        inbox.headers["Authorization"] = f"Bearer {Paths.of(config).inbox_token.read_text().strip()}"
        for told in (notice(), over()):
            assert inbox.post("/webhook", json=message(told, "inbox")).status_code == 200
        rows = inbox.get("/api/notifications").json()["notifications"]
    assert [(row["alertname"], row["severity"], row["status"]) for row in rows] == [
        ("MonitoringHeartbeatLost", "critical", "resolved"),
        ("MonitoringHeartbeatLost", "critical", "firing"),
    ]
    assert rows[0]["labels"]["sent_by"] == "api"
    assert rows[0]["fingerprint"] == rows[1]["fingerprint"]
    assert rows[0]["ends_at"] is not None
    assert rows[1]["ends_at"] is None


def test_the_inbox_is_the_configured_one() -> None:
    config = Config.model_validate({"inbox": {"port": 5999}})
    assert Inbox.of(config) == Inbox("http://127.0.0.1:5999/webhook", Paths.of(config).inbox_token)


# ---- how a delivery fails ----


@pytest.mark.parametrize(
    ("answer", "outcome", "again", "after"),
    [
        ((500, {}), "server_error", True, 0.0),
        ((503, {}), "server_error", True, 0.0),
        ((408, {}), "server_error", True, 0.0),
        ((429, {"Retry-After": "7.5"}), "rate_limited", True, 7.5),
        ((429, {"Retry-After": "86400"}), "rate_limited", True, LONGEST_ASKED_SECONDS),
        ((429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), "rate_limited", True, 0.0),
        ((400, {}), "refused", False, 0.0),
        ((404, {}), "refused", False, 0.0),
        ((302, {"Location": "http://127.0.0.1:1/"}), "refused", False, 0.0),
        ((204, {}), "refused", False, 0.0),
    ],
)
def test_what_a_status_means(answer: Answer, outcome: str, again: bool, after: float) -> None:
    with served(anything, answer) as service, pytest.raises(Undelivered) as caught:
        post(f"{service.url}/secret", {}, (202,))
    assert (caught.value.outcome, caught.value.again, caught.value.after_seconds) == (outcome, again, after)


def test_silence_ends_at_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("investiq.clients.notify.transport.LIMIT_SECONDS", 0.2)
    with served(anything, 1.0) as service, pytest.raises(Undelivered) as caught:
        post(service.url, {}, (200,))
    assert (caught.value.outcome, caught.value.again) == ("timeout", True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/secret-path", "secret-path", "http://secret-path:99999/"])
def test_no_failure_tells_the_address(url: str) -> None:
    with pytest.raises(Undelivered) as caught:
        post(url.format(port=closed_port()), {}, (200,))
    assert (caught.value.outcome, caught.value.again) == ("unreachable", True)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
