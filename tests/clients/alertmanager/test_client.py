"""What is asked of Alertmanager, and what becomes of its answers; tests/cli silences with a real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from investiq.clients.alertmanager.client import Alertmanager, UnknownSilence
from investiq.clients.alertmanager.silence import Silence
from investiq.clients.session import BadResponse, Refused
from investiq.foundation.config import Config
from investiq.promql.matcher import eq, ne
from tests.clients.strict import Reply, StrictServer

EVERYTHING = "GET /api/v2/alerts"
SILENCES = "GET /api/v2/silences"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
async def alertmanager(server: StrictServer) -> AsyncIterator[Alertmanager]:
    async with Alertmanager(server.url) as client:
        yield client


def raw_alert(*silenced_by: str, state: str = "active", **labels: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": "ServiceDown", "severity": "critical", **labels},
        "annotations": {"summary": "it is down", "description": "nothing answers", "runbook": "docs/runbooks/api.md"},
        "startsAt": "2026-01-02T10:00:00.000Z",
        "status": {"state": state, "silencedBy": list(silenced_by), "inhibitedBy": []},
    }


def raw_silence(identifier: str, hours: int = 1, state: str = "active", **changes: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "status": {"state": state},
        "matchers": [{"name": "alertname", "value": "ServiceDown", "isRegex": False, "isEqual": True}],
        "startsAt": NOON.isoformat(),
        "endsAt": (NOON + timedelta(hours=hours)).isoformat(),
        "createdBy": "ana",
        "comment": "known",
    } | changes


def test_that_of_this_installation_is_where_the_configuration_says() -> None:
    assert Alertmanager.of(Config()).url == "http://127.0.0.1:9093"


# ---- alerts ----


async def test_an_alert_says_what_it_is_about_and_how_it_stands(
    server: StrictServer, alertmanager: Alertmanager
) -> None:
    alerts = [
        raw_alert(service="investiq-api", job="x", subject="api"),
        raw_alert(job="node", state="suppressed"),
        raw_alert("a", "gone", state="suppressed"),
    ]
    server.on(EVERYTHING, alerts)
    server.on(SILENCES, [raw_silence("a"), raw_silence("b")])

    ours, inhibited, silenced = await alertmanager.alerts(eq("service", "a", "b"), ne("severity", "none"))

    assert (ours.name, ours.severity, ours.service, ours.subject) == ("ServiceDown", "critical", "investiq-api", "api")
    assert (ours.summary, ours.description, ours.runbook) == ("it is down", "nothing answers", "docs/runbooks/api.md")
    assert (ours.since, ours.state) == (datetime(2026, 1, 2, 10, tzinfo=UTC), "active")
    assert (inhibited.service, inhibited.state, inhibited.silences) == ("node", "inhibited", ())
    assert silenced.state == "silenced"
    assert [silence.id for silence in silenced.silences] == ["a"]
    assert server.asked[0].params == {"filter": ['service=~"a|b"', 'severity!="none"']}


async def test_silences_are_asked_for_only_where_something_is_silenced(
    server: StrictServer, alertmanager: Alertmanager
) -> None:
    server.on(EVERYTHING, [raw_alert()])
    assert len(await alertmanager.alerts()) == 1
    assert [request.path for request in server.asked] == ["/api/v2/alerts"]


async def test_an_alert_that_is_put_fires_now_and_ends_by_itself(
    server: StrictServer, alertmanager: Alertmanager
) -> None:
    server.on("POST /api/v2/alerts", Reply("", 200))

    await alertmanager.put_alert({"alertname": "Test"}, {"summary": "a test"}, timedelta(seconds=20))

    ((sent,),) = (request.body for request in server.asked)
    starts, ends = (datetime.fromisoformat(sent.pop(name)) for name in ("startsAt", "endsAt"))
    assert sent == {"labels": {"alertname": "Test"}, "annotations": {"summary": "a test"}}
    assert ends - starts == timedelta(seconds=20)
    assert abs(datetime.now(UTC) - starts) < timedelta(minutes=1)


# ---- silences ----


async def test_open_silences_are_the_next_to_end_first_with_what_each_mutes(
    server: StrictServer, alertmanager: Alertmanager
) -> None:
    server.on(EVERYTHING, [raw_alert("a"), raw_alert("a", "b"), raw_alert()])
    server.on(SILENCES, [raw_silence("a", 3), raw_silence("b", 1), raw_silence("c", 2, "expired")])

    found = await alertmanager.open_silences()

    assert [(silence.id, silence.mutes) for silence in found] == [("b", 1), ("a", 2)]


async def test_a_silence_is_posted_and_given_as_alertmanager_has_it(
    server: StrictServer, alertmanager: Alertmanager
) -> None:
    server.on(EVERYTHING, [], [raw_alert("new")])
    server.on(SILENCES, [raw_silence("other", createdBy="ben")], [raw_silence("new")])
    server.on("POST /api/v2/silences", {"silenceID": "new"})

    made = await alertmanager.add_silence([eq("alertname", "ServiceDown")], timedelta(hours=2), "ana", "known")

    assert (made.id, made.mutes) == ("new", 1)
    (sent,) = (request.body for request in server.asked if request.method == "POST")
    assert (sent["id"], sent["createdBy"], sent["comment"]) == ("", "ana", "known")
    assert datetime.fromisoformat(sent["endsAt"]) - datetime.fromisoformat(sent["startsAt"]) == timedelta(hours=2)


async def test_the_same_again_is_the_same_silence_with_another_end(
    server: StrictServer, alertmanager: Alertmanager
) -> None:
    server.on(EVERYTHING, [])
    server.on(SILENCES, [raw_silence("before")])
    server.on("POST /api/v2/silences", {"silenceID": "before"})

    await alertmanager.add_silence([eq("alertname", "ServiceDown")], timedelta(hours=2), "ana", "known")

    (sent,) = (request.body for request in server.asked if request.method == "POST")
    assert (sent["id"], datetime.fromisoformat(sent["startsAt"])) == ("before", NOON)


async def test_one_that_was_ended_meanwhile_is_given_as_it_was_made(
    server: StrictServer, alertmanager: Alertmanager
) -> None:
    server.on(EVERYTHING, [])
    server.on(SILENCES, [])
    server.on("POST /api/v2/silences", {"silenceID": "new"})
    wanted = Silence("", (eq("alertname", "ServiceDown"),), "ana", "known", NOON, NOON + timedelta(hours=1))

    assert (await alertmanager.put_silence(wanted)).id == "new"


async def test_a_silence_is_found_by_the_beginning_of_its_id_and_ended(
    server: StrictServer, alertmanager: Alertmanager
) -> None:
    server.on(EVERYTHING, [])
    server.on(SILENCES, [raw_silence("abc"), raw_silence("abd"), raw_silence("xyz")])
    server.on("DELETE /api/v2/silence/xyz", Reply(""))

    await alertmanager.end_silence(await alertmanager.find_silence("x"))

    assert server.asked[-1].method == "DELETE"
    with pytest.raises(UnknownSilence, match="several silences have an id that begins with ab"):
        await alertmanager.find_silence("ab")
    with pytest.raises(UnknownSilence, match="no open silence has an id that begins with q"):
        await alertmanager.find_silence("q")


async def test_a_silence_that_is_not_taken_is_refused_in_the_words_of_alertmanager(
    server: StrictServer, alertmanager: Alertmanager
) -> None:
    server.on(EVERYTHING, [])
    server.on(SILENCES, [])
    server.on("POST /api/v2/silences", Reply('"start time must be before end time"', 400))
    with pytest.raises(Refused, match="start time must be before end time"):
        await alertmanager.add_silence([eq("alertname", "A")], timedelta(0), "ana", "known")


@pytest.mark.parametrize("answer", ["", "[]", '{"id": "new"}'])
async def test_a_silence_without_an_id_was_not_made_by_alertmanager(
    server: StrictServer, alertmanager: Alertmanager, answer: str
) -> None:
    server.on(EVERYTHING, [])
    server.on(SILENCES, [])
    server.on("POST /api/v2/silences", Reply(answer))
    with pytest.raises(BadResponse, match="is not Alertmanager: who has the port"):
        await alertmanager.add_silence([eq("alertname", "A")], timedelta(hours=1), "ana", "known")


# ---- itself ----


async def test_version_and_configuration(server: StrictServer, alertmanager: Alertmanager) -> None:
    status = {"versionInfo": {"version": "0.25.0"}, "config": {"original": "route:\n  receiver: inbox\n"}}
    server.on("GET /api/v2/status", status)
    assert await alertmanager.version() == "0.25.0"
    assert await alertmanager.config() == {"route": {"receiver": "inbox"}}
