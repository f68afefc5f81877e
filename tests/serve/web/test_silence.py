"""The page of a silence: what it shows, refuses, posts to Alertmanager, and ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from dash import no_update

from investiq.foundation.config import Config, Paths
from investiq.serve.web.changes import Actor
from investiq.serve.web.links import runbook_page, silence_page
from investiq.serve.web.pages import silence_index
from investiq.serve.web.pages.silence import layout, state_content
from investiq.serve.web.pages.silence_change import Form, SilenceTarget, end, silence
from investiq.serve.web.sources import Sources
from tests.serve.web.fakes import Stand, alert, raw_silence, text_of
from tests.serve.web.panels import document, written

API = SilenceTarget("ServiceDown", "investiq-api")
EVERYWHERE = SilenceTarget("ServiceDown")
FORM = Form("1h", "", "known, #214", "Anna")


@pytest.fixture(autouse=True)
def panels(config: Config) -> Path:
    path = Paths.of(config).panels
    written(path, document())
    return path


def exact(**labels: str) -> list[Mapping[str, Any]]:
    return [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in labels.items()]


def posted(stand: Stand) -> list[Any]:
    return [body for _, body, _ in stand.alertmanager.changes]


# ---- what it shows ----


async def test_the_page_says_what_the_alert_is_what_fires_and_who_silenced_it(sources: Sources, stand: Stand) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [
        alert("ServiceDown", "critical"),
        alert("ServiceDown", "critical", service="frontend"),
        alert("HighLatency", "warning"),
    ]
    stand.alertmanager.silences[:] = [
        raw_silence(id="a", matchers=exact(alertname="ServiceDown", service="frontend")),
        raw_silence(id="b", matchers=exact(alertname="ServiceDown"), createdBy="ben", status={"state": "expired"}),
        raw_silence(id="c", matchers=exact(alertname="HighLatency"), createdBy="eve"),
    ]

    page = await layout(sources, "ServiceDown")

    text = text_of(page)
    assert "Positions are not watched." in text
    assert "For all services." in text
    assert "2 alerts of it fire now, 1 of them silenced already. A silence mutes them." in " ".join(text.split())
    assert text.count("ServiceDown happened") == 2
    assert "HighLatency" not in text
    assert "by ana known, #214 alertname=ServiceDown, service=frontend · mutes 1 alert now" in " ".join(text.split())
    assert "ben" not in text
    assert "eve" not in text
    drawn = str(page)
    assert "'/runbooks/api/ServiceDown'" in drawn
    assert "{'kind': 'silence-end', 'silence': 'a'}" in drawn
    assert "investiq silence ServiceDown --for 1h" in text


async def test_a_service_narrows_what_is_muted_and_what_is_shown(sources: Sources, stand: Stand) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [
        alert("ServiceDown", "critical"),
        alert("ServiceDown", "critical", service="frontend"),
    ]
    stand.alertmanager.silences[:] = [raw_silence(matchers=exact(alertname="ServiceDown", service="frontend"))]

    text = text_of(await layout(sources, "ServiceDown", "?service=investiq-api"))

    assert "Only for  investiq-api" in text
    assert "1 alert  of it fires now. A silence mutes it." in text
    assert "frontend" not in text
    assert "Not silenced" in text
    assert "--match service=investiq-api" in text


async def test_what_is_muted_by_a_silence_that_does_not_name_it_can_be_ended_here_too(
    sources: Sources, stand: Stand
) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [alert("ServiceDown", "critical")]
    stand.alertmanager.silences[:] = [raw_silence(id="all", matchers=exact(service="investiq-api"))]

    assert "'silence': 'all'" in str(await layout(sources, "ServiceDown"))
    assert "'silence': 'all'" not in str(await layout(sources, "HighLatency"))


async def test_a_command_to_copy_does_what_it_says_whatever_a_link_holds(sources: Sources) -> None:
    text = text_of(await layout(sources, "ServiceDown", "?service=a%3B%20reboot"))

    assert "--match 'service=a; reboot'" in text


async def test_nothing_that_fires_is_said(sources: Sources) -> None:
    count, firing, silences = map(text_of, await state_content(sources, API))
    assert count == "Not firing now. A silence mutes it when it does."
    assert "None firing" in firing
    assert "Not silenced" in silences


async def test_without_alertmanager_the_page_says_so_and_what_to_type(sources: Sources, stand: Stand) -> None:
    stand.alertmanager.down = True

    count, firing, silences = map(text_of, await state_content(sources, API))

    assert count == "Firing alerts are not known."
    assert "Alerts: Alertmanager has not answered since" in firing
    assert "investiq status" in firing
    assert "Silences: Alertmanager has not answered since" in silences


async def test_what_answers_and_is_not_alertmanager_is_said(sources: Sources, stand: Stand) -> None:
    stand.alertmanager.documents |= {"/api/v2/silences": [{"id": "a", "status": {"state": "pending"}}]}

    _, _, silences = map(text_of, await state_content(sources, API))

    assert "is not Alertmanager: who has the port?" in silences


# ---- what it refuses ----


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ServiceDwn", "no rule is called ServiceDwn: did you mean ServiceDown?"),
        ("Zzzz", "no rule is called Zzzz"),
        ("Watchdog", "Watchdog cannot be silenced: it is the heartbeat"),
    ],
)
async def test_what_cannot_be_silenced_has_no_form_and_posts_nothing(
    sources: Sources, actor: Actor, stand: Stand, name: str, says: str
) -> None:
    page = await layout(sources, name)
    answer, changed = await silence(sources, actor, SilenceTarget(name), FORM)

    assert says in text_of(page)
    assert "silence-send" not in str(page)
    assert says in text_of(answer)
    assert changed is no_update
    assert posted(stand) == []


async def test_a_near_name_is_a_link(sources: Sources) -> None:
    assert "href='/silence/ServiceDown'" in str(await layout(sources, "ServiceDwn"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"choice": "other", "other": ""}, "'' is not a duration: write a number and its unit, such as 30s, 10m"),
        ({"choice": "other", "other": "90"}, "'90' is not a duration"),
        ({"choice": "other", "other": None}, "is not a duration"),
        ({"choice": "other", "other": "8d"}, "the longest is 7 days"),
        ({"choice": "other", "other": "0s"}, "a silence lasts a second at least"),
        ({"choice": "for ever"}, "is not a duration"),
        ({"reason": "  "}, "enter a reason"),
        ({"reason": None}, "enter a reason"),
        ({"by": ""}, "enter your name"),
        ({"by": None}, "enter your name"),
    ],
)
async def test_a_form_that_lacks_something_names_it_and_posts_nothing(
    sources: Sources, actor: Actor, stand: Stand, changes: dict[str, Any], says: str
) -> None:
    answer, changed = await silence(sources, actor, API, FORM._replace(**changes))

    assert "Not silenced" in text_of(answer)
    assert says in text_of(answer)
    assert changed is no_update
    assert posted(stand) == []


async def test_which_names_there_are_is_not_known_without_the_file(
    sources: Sources, actor: Actor, stand: Stand, panels: Path
) -> None:
    panels.unlink()

    assert "The list of alerts is not available" in text_of(await layout(sources, "ServiceDown"))
    answer, _ = await silence(sources, actor, API, FORM)
    assert "`investiq up` renders it" not in text_of(answer)  # typed as code
    assert "investiq up  renders it" in text_of(answer)
    assert posted(stand) == []


# ---- what it posts ----


@pytest.mark.parametrize(
    ("chosen", "length"),
    [
        (("10m", ""), timedelta(minutes=10)),
        (("1h", "9d"), timedelta(hours=1)),
        (("4h", ""), timedelta(hours=4)),
        (("1d", None), timedelta(days=1)),
        (("other", " 90m"), timedelta(minutes=90)),
        (("other", "7d"), timedelta(days=7)),
    ],
)
async def test_a_silence_is_posted_with_matchers_end_reason_and_name(
    sources: Sources, actor: Actor, stand: Stand, chosen: tuple[str, str | None], length: timedelta
) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [alert("ServiceDown", "critical")]
    before = datetime.now(UTC)

    answer, changed = await silence(sources, actor, API, Form(*chosen, " known, #214 ", " Anna "))

    ((path, body, _),) = stand.alertmanager.changes
    starts, ends = (datetime.fromisoformat(body.pop(name)) for name in ("startsAt", "endsAt"))
    assert path == "/api/v2/silences"
    assert body == {
        "id": "",
        "matchers": exact(alertname="ServiceDown", service="investiq-api"),
        "createdBy": "Anna (alice)",
        "comment": "known, #214",
    }
    assert before <= starts <= datetime.now(UTC)
    assert ends - starts == length
    text = text_of(answer)
    assert f"{ends:%H:%M} UTC" in text
    assert text.startswith("Silenced until ")
    assert "alertname=ServiceDown, service=investiq-api" in text
    assert "It mutes 1 firing alert." in text
    assert changed is not no_update


async def test_without_a_service_all_of_them_are_silenced(sources: Sources, actor: Actor, stand: Stand) -> None:
    answer, _ = await silence(sources, actor, EVERYWHERE, FORM)

    assert posted(stand)[0]["matchers"] == exact(alertname="ServiceDown")
    assert "It mutes no firing alerts." in text_of(answer)


async def test_a_double_click_makes_one_silence(sources: Sources, actor: Actor, stand: Stand) -> None:
    stand.alertmanager.slow = 0.05

    answers = await asyncio.gather(*(silence(sources, actor, API, FORM) for _ in range(3)))

    assert all(text_of(answer).startswith("Silenced until ") for answer, _ in answers)
    assert len(stand.alertmanager.silences) == 1


async def test_a_change_is_made_to_its_end_when_its_page_has_gone(sources: Sources, actor: Actor, stand: Stand) -> None:
    page = asyncio.create_task(silence(sources, actor, API, FORM))
    await asyncio.sleep(0)
    page.cancel()

    await silence(sources, actor, EVERYWHERE, FORM)

    assert len(stand.alertmanager.silences) == 2


async def test_another_reason_another_person_or_another_service_is_another_silence(
    sources: Sources, actor: Actor, stand: Stand
) -> None:
    for form, target in (
        (FORM, API),
        (FORM._replace(reason="else"), API),
        (FORM._replace(by="Ben"), API),
        (FORM, EVERYWHERE),
    ):
        await silence(sources, actor, target, form)
    assert len(stand.alertmanager.silences) == 4


async def test_who_heard_no_answer_presses_again_and_has_one_silence(
    sources: Sources, actor: Actor, stand: Stand
) -> None:
    stand.alertmanager.mute_after_post = True
    answer, changed = await silence(sources, actor, API, FORM)
    assert "did not answer in time" in text_of(answer)
    assert "cannot" in text_of(answer)
    assert changed is no_update

    stand.alertmanager.mute_after_post = False
    answer, _ = await silence(sources, actor, API, FORM)
    assert text_of(answer).startswith("Silenced until ")
    assert len(stand.alertmanager.silences) == 1


async def test_without_alertmanager_nothing_is_promised(sources: Sources, actor: Actor, stand: Stand) -> None:
    stand.alertmanager.down = True

    answer, changed = await silence(sources, actor, API, FORM)

    assert "Not silenced" in text_of(answer)
    assert "Alertmanager does not answer at http://127.0.0.1:9093" in text_of(answer)
    assert changed is no_update


async def test_the_page_shows_a_change_at_once(sources: Sources, actor: Actor, stand: Stand) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [alert("ServiceDown", "critical")]
    await state_content(sources, API)

    await silence(sources, actor, API, FORM)
    count, firing, silences = map(text_of, await state_content(sources, API))

    assert count == "1 alert  of it fires now, silenced already."
    assert "silenced" in firing
    assert "by Anna (alice) known, #214" in " ".join(silences.split())


# ---- what it ends ----


async def test_a_silence_is_ended_once(sources: Sources, actor: Actor, stand: Stand) -> None:
    stand.alertmanager.silences[:] = [raw_silence(), raw_silence(id="b", createdBy="ben")]
    await state_content(sources, API)

    answer, changed = await end(sources, actor, "a")
    again, _ = await end(sources, actor, "a")

    assert "Ended alertname=ServiceDown: notifications resume if it is still firing." in text_of(answer)
    assert changed == "a ended"
    assert "it has already ended" in text_of(again)
    assert [raw["status"]["state"] for raw in stand.alertmanager.silences] == ["expired", "active"]
    _, _, silences = map(text_of, await state_content(sources, API))
    assert "ben" in silences
    assert "ana" not in silences


async def test_without_alertmanager_nothing_is_ended(sources: Sources, actor: Actor, stand: Stand) -> None:
    stand.alertmanager.down = True
    answer, _ = await end(sources, actor, "a")
    assert "Not ended" in text_of(answer)
    assert "does not answer" in text_of(answer)


# ---- its address ----


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/silence/ServiceDown", 200),
        ("/silence/ServiceDown?service=investiq-api", 200),
        ("/silence/Watchdog", 200),
        ("/silence/ServiceDwn", 404),
        ("/silence", 200),
        ("/silence/ServiceDown/more", 404),
    ],
)
async def test_each_alert_has_a_page_and_nothing_else(console: httpx2.AsyncClient, path: str, status: int) -> None:
    assert (await console.get(path)).status_code == status


async def test_a_name_that_nobody_has_is_not_found_on_a_page_that_knows_better(console: httpx2.AsyncClient) -> None:
    assert "/assets/console.css" in (await console.get("/silence/ServiceDwn")).text


async def test_without_the_file_any_name_has_a_page(console: httpx2.AsyncClient, panels: Path) -> None:
    panels.unlink()
    assert (await console.get("/silence/ServiceDwn")).status_code == 200


async def test_another_page_silences_nothing(console: httpx2.AsyncClient, stand: Stand) -> None:
    answer = await console.post(
        "/_dash-update-component", json={"output": "x"}, headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403
    assert stand.alertmanager.asked == []


def test_whatever_a_name_holds_stays_a_part_of_the_address() -> None:
    assert silence_page("A/../b?c#d", "e&f=g h") == "/silence/A%2F..%2Fb%3Fc%23d?service=e%26f%3Dg+h"
    assert runbook_page("api", "A/../b") == "/runbooks/api/A%2F..%2Fb"


# ---- without an alert ----


async def test_without_an_alert_the_page_offers_what_fires_and_all_that_may_be_silenced(
    sources: Sources, stand: Stand
) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [alert("ServiceDown", "critical"), alert("Watchdog", "none")]
    stand.alertmanager.silences[:] = [raw_silence()]

    page = await silence_index.layout(sources)

    text, links = text_of(page), str(page)
    assert "ServiceDown of investiq-api   silenced" in text
    assert "/silence/ServiceDown?service=investiq-api" in links
    assert "/silence/HighLatency" in links
    assert "/silence/Watchdog" not in links
    assert "by ana known, #214" in text
