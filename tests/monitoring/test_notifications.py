"""What a person reads: our receivers in a real Alertmanager, sent to strict servers of Discord and PagerDuty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from investiq.foundation.config import Config
from investiq.foundation.vocabulary import Severity
from investiq.monitoring.alert import Alert
from investiq.monitoring.routing.messages import SHOWN, TEMPLATE_FILE, notification_template
from investiq.monitoring.routing.routes import alertmanager_document
from investiq.monitoring.rules import ALERTS
from investiq.monitoring.rules.api import DEPENDENCY_DOWN, HIGH_ERROR_RATE, SERVICE_DOWN
from investiq.monitoring.rules.host import ALERTS as HOST_ALERTS
from investiq.monitoring.rules.signals import MODEL_NOT_LOADED, MODEL_STALE
from investiq.monitoring.rules.trading import CIRCUIT_BREAKER_TRIPPED
from investiq.serve.web.links import silence_page
from tests.alertmanager import Alertmanager, Receiver, alertmanager, eventually, posted, receiver
from tests.clients.notify.services import Service, discord, pagerduty, served

pytestmark = pytest.mark.e2e

MINUTE = timedelta(minutes=1)
BEGAN = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)
CONSOLE = "https://invest.example.org"


@dataclass
class Stand:
    """An Alertmanager and what listens to it."""

    alertmanager: Alertmanager
    discord: Service
    pagerduty: Service
    inbox: Receiver

    def embeds(self, name: str) -> list[dict[str, Any]]:
        """What Discord was sent about it, by its title."""
        found = [embed for document in list(self.discord.taken) for embed in document["embeds"]]
        return [embed for embed in found if name in embed["title"]]

    def events(self, name: str) -> list[dict[str, Any]]:
        """What PagerDuty was sent about it."""
        return [event for event in list(self.pagerduty.taken) if name in event["payload"]["summary"]]


def _hurried(route: dict[str, Any]) -> None:
    """Shorten the waits of a route and of all under it, so that a test does not wait as a person would."""
    for wait in ("group_wait", "group_interval"):
        if wait in route:
            route[wait] = "300ms"
    for child in route.get("routes", ()):
        _hurried(child)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder: Path = tmp_path_factory.mktemp("notifications")
    with served(discord) as chat, served(pagerduty) as duty, receiver() as inbox:
        config = Config.model_validate(
            {
                "web": {"public_url": CONSOLE},
                "notify": {
                    "discord_webhook_url": f"{chat.url}/api/webhooks/1/token",
                    "pagerduty_key": "0123456789abcdef0123456789abcdef",
                },
            }
        )
        document = alertmanager_document(config)
        document["global"]["pagerduty_url"] = f"{duty.url}/v2/enqueue"
        _hurried(document["route"])
        next(r for r in document["receivers"] if r["name"] == "inbox")["webhook_configs"] = [{"url": inbox.url}]
        (folder / TEMPLATE_FILE).parent.mkdir()
        (folder / TEMPLATE_FILE).write_text(notification_template(config), "utf-8")
        with alertmanager(document, folder) as running:
            yield Stand(running, chat, duty, inbox)
    assert chat.refused == []
    assert duty.refused == []


def _alert(
    alert: Alert, summary: str, *, since: datetime = BEGAN, labels: Mapping[str, str], lasted: timedelta | None = None
) -> dict[str, Any]:
    """An alert of the rules as Prometheus posts it, its templates filled in.

    Alertmanager lets a group wait from the moment when its first alert began: one that began long ago is told at once.
    """
    of_the_rule = {"alertname": alert.name, "severity": alert.severity.value, "subject": alert.subject.value}
    until = since + lasted if lasted else None
    annotations = {
        "summary": summary,
        "description": alert.description,
        "runbook": f"{CONSOLE}/runbooks/{alert.runbook}",
        "dashboard": f"{CONSOLE}/operations/{alert.subject}",
    }
    return posted(of_the_rule | dict(labels), since=since, until=until) | {"annotations": annotations}


def _of_the_api(number: int = 1, **times: Any) -> dict[str, Any]:
    instance = f"127.0.0.1:{3000 + number}"
    summary = f"investiq-api does not answer at {instance}"
    return _alert(SERVICE_DOWN, summary, labels={"service": "investiq-api", "instance": instance}, **times)


def _links(text: str) -> dict[str, str]:
    return dict(re.findall(r"\[(\w+)\]\((\S+)\)", text))


def test_a_page_says_what_since_when_how_bad_what_is_lost_and_where_to_go(stand: Stand) -> None:
    stand.alertmanager.post(_of_the_api())
    (embed,) = eventually(lambda: stand.embeds("ServiceDown"))
    (event,) = eventually(lambda: stand.events("ServiceDown"))

    assert embed["title"] == "CRITICAL: ServiceDown investiq-api"
    lines = embed["description"].splitlines()
    assert lines[:2] == ["investiq-api does not answer at 127.0.0.1:3001", "since 2026-03-02 09:00:30 UTC"]
    assert SERVICE_DOWN.description in lines
    links = _links(embed["description"])
    assert links["runbook"] == f"{CONSOLE}/runbooks/api/ServiceDown"
    assert links["dashboard"] == f"{CONSOLE}/operations/api"
    assert links["silence"] == f"{CONSOLE}{silence_page('ServiceDown', 'investiq-api')}"

    payload = event["payload"]
    assert event["event_action"] == "trigger"
    assert payload["summary"] == ("CRITICAL: ServiceDown investiq-api: investiq-api does not answer at 127.0.0.1:3001")
    assert (payload["severity"], payload["component"], payload["class"], payload["group"]) == (
        "critical",
        "investiq-api",
        "ServiceDown",
        "api",
    )
    assert {link["text"]: link["href"] for link in event["links"]} == links
    details = payload["custom_details"]
    assert "since 2026-03-02 09:00:30 UTC" in details["firing"]
    assert details["description"] == SERVICE_DOWN.description
    assert event["client_url"] == f"{CONSOLE}/operations/api"

    # Over: what ended, and how long it lasted.
    stand.alertmanager.post(_of_the_api(lasted=timedelta(minutes=4, seconds=10)))
    over = eventually(lambda: stand.embeds("RESOLVED: ServiceDown"))[0]
    assert over["title"] == "RESOLVED: ServiceDown investiq-api"
    assert over["description"].splitlines()[:2] == [
        "resolved: investiq-api does not answer at 127.0.0.1:3001",
        "lasted 4m10s, from 2026-03-02 09:00:30 to 09:04:40 UTC",
    ]
    assert SERVICE_DOWN.description not in over["description"]
    assert set(_links(over["description"])) == {"runbook", "dashboard"}
    resolved = eventually(lambda: [one for one in stand.pagerduty.taken if one["event_action"] == "resolve"])[0]
    assert resolved["dedup_key"] == event["dedup_key"]


@pytest.mark.parametrize("service", ["", "a b&c=d/é"])
def test_the_silence_link_is_the_address_that_the_console_has_for_it(stand: Stand, service: str) -> None:
    labels = {"service": service, "name": "x"} if service else {"name": "x"}
    stand.alertmanager.post(_alert(CIRCUIT_BREAKER_TRIPPED, f"halted {service!r}", labels=labels))
    title = f"CircuitBreakerTripped {service}".strip()
    (embed,) = eventually(
        lambda: [one for one in stand.embeds("CircuitBreakerTripped") if one["title"].endswith(title)]
    )
    assert _links(embed["description"])["silence"] == f"{CONSOLE}{silence_page('CircuitBreakerTripped', service)}"


def _now() -> datetime:
    return datetime.now(UTC)


def _database(number: int, since: datetime, **times: Any) -> dict[str, Any]:
    labels = {"service": "investiq-api", "name": "database", "instance": f"{number:02}"}
    summary = f"the API has lost its database on {number:02}"
    return _alert(DEPENDENCY_DOWN, summary, since=since, labels=labels, **times)


def test_thirty_alerts_of_one_fault_are_one_message_that_counts_them(stand: Stand) -> None:
    began = _now()
    stand.alertmanager.post(*(_database(number, began) for number in range(30)))
    (embed,) = eventually(lambda: stand.embeds("DependencyDown"))
    (event,) = eventually(lambda: stand.events("DependencyDown"))

    assert embed["title"] == "CRITICAL: 30 × DependencyDown investiq-api"
    assert embed["description"].count("the API has lost its database on") == SHOWN
    assert f"and {30 - SHOWN} more" in embed["description"].splitlines()
    assert set(_links(embed["description"])) == {"runbook", "dashboard", "silence"}
    assert event["payload"]["summary"].endswith("the API has lost its database on 00 (and 29 more)")
    assert f"and {30 - SHOWN} more" in event["payload"]["custom_details"]["firing"]

    # One of them ends: a change of the group, told once with what goes on first.
    stand.alertmanager.post(_database(0, began - timedelta(hours=1), lasted=timedelta(hours=1)))
    changed = eventually(lambda: stand.embeds("29 × DependencyDown"))[0]
    assert changed["title"] == "CRITICAL: 29 × DependencyDown investiq-api"
    assert "resolved: the API has lost its database on 00\nlasted 1h0m0s, " in changed["description"]


def test_thirty_faults_that_come_one_by_one_are_few_messages(stand: Stand) -> None:
    """Each is a change of the group; what is told are the intervals, not the changes."""
    warnings = [alert for alert in HOST_ALERTS if alert.severity is Severity.WARNING]
    for number in range(30):
        labels = {"service": "node", "instance": f"{number}"}
        stand.alertmanager.post(_alert(warnings[number % len(warnings)], "little is left", since=_now(), labels=labels))
    eventually(lambda: stand.embeds("WARNING: 30 alerts node"))
    assert len(stand.embeds("node")) <= 5


def test_warnings_of_a_service_are_one_message_that_names_each(stand: Stand) -> None:
    labels = {"service": "signal-models"}
    stand.alertmanager.post(
        _alert(MODEL_STALE, "the signal model is old", since=_now(), labels=labels),
        _alert(MODEL_NOT_LOADED, "the signal models have no model loaded", since=_now(), labels=labels),
    )
    (embed,) = eventually(lambda: stand.embeds("signal-models"))
    assert embed["title"] == "WARNING: 2 alerts signal-models"
    assert "ModelStale: the signal model is old" in embed["description"].splitlines()
    assert "ModelNotLoaded: the signal models have no model loaded" in embed["description"].splitlines()
    links = _links(embed["description"])
    assert links["runbooks"] == f"{CONSOLE}/runbooks/signals"
    assert links["silence"] == f"{CONSOLE}/operations/alerts"
    assert stand.events("signal-models") == [], "a warning wakes nobody"


def test_an_alert_of_somebody_else_is_told_with_what_it_has(stand: Stand) -> None:
    bare = posted({"alertname": "Théirs*", "severity": "critical"}, since=BEGAN) | {"annotations": {}}
    stand.alertmanager.post(bare)
    (embed,) = eventually(lambda: stand.embeds("Théirs"))
    assert embed["title"] == "CRITICAL: Théirs*"
    assert embed["description"].splitlines()[0] == "Théirs*"
    (event,) = eventually(lambda: stand.events("Théirs"))
    assert event["payload"]["summary"] == "CRITICAL: Théirs*: Théirs*"
    assert event.get("links", []) == [], "no rule of ours: no runbook, no dashboard, and no page to silence it"
    assert _links(embed["description"]) == {}


def test_what_is_too_long_is_cut_to_what_the_services_take(stand: Stand) -> None:
    """The strict servers refuse more, and the fixture looks whether they refused anything."""
    labels = {"service": "s" * 300, "name": "market_data"}
    wordy = replace(HIGH_ERROR_RATE, description="ü" * 999)
    many = [_alert(wordy, "é" * 999, since=_now(), labels=labels | {"instance": f"{number}"}) for number in range(20)]
    over = [_alert(wordy, "é" * 999, lasted=MINUTE, labels=labels | {"instance": f"{number}"}) for number in range(10)]

    stand.alertmanager.post(*many)
    eventually(lambda: stand.embeds("20 × HighErrorRate") or stand.discord.refused)
    stand.alertmanager.post(*over)
    eventually(lambda: stand.embeds("10 × HighErrorRate") or stand.discord.refused)
    eventually(lambda: stand.events("HighErrorRate") or stand.pagerduty.refused)
    assert stand.discord.refused == []
    assert stand.embeds("20 × HighErrorRate")[0]["description"].splitlines()[0] == "é" * 160


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_no_text_of_a_rule_is_one_that_is_cut(alert: Alert) -> None:
    assert len(alert.summary) <= 160
    assert len(alert.description) <= 500
