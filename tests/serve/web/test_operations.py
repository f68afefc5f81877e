"""The operations pages: parts, alerts, pages, and the dashboards."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from dash import no_update

from investiq.foundation.config import Config, Paths
from investiq.serve.web.pages.operations import board_changes, layout
from investiq.serve.web.pages.watched import alerts_content, pages_content, parts_content
from investiq.serve.web.sources import Sources
from tests.serve.web.fakes import Stand, alert, raw_silence, target, text_of
from tests.serve.web.panels import answer, document, raw_panel, vector, written

HTML = {"accept": "text/html"}


@pytest.fixture
def panels(config: Config) -> Path:
    """Where the file of panels lies, with two dashboards in it."""
    path = Paths.of(config).panels
    written(path, two_dashboards())
    return path


def two_dashboards() -> dict[str, Any]:
    file = document(raw_panel(), raw_panel(title="Trades", view="stat", unit="short"))
    file["dashboards"] += document(raw_panel(title="Trades today"), name="overview")["dashboards"]
    return file


def key_of(page: Any) -> str:
    """What the page shows, as its store has it."""
    key: str = next(item.data for item in page.children if getattr(item, "id", "") == "board-key")
    return key


async def test_parts_that_are_up_are_counted(sources: Sources) -> None:
    text = text_of(parts_content(await sources.targets()))

    assert "2 of 2 targets up" in text
    assert "API server Up" in text


async def test_a_part_that_is_down_shows_its_error(sources: Sources, stand: Stand) -> None:
    down = target("signal-models", "down", "connection refused")
    stand.prometheus.documents["/api/v1/targets"]["data"]["activeTargets"].append(down)

    text = text_of(parts_content(await sources.targets()))

    assert "2 of 3 targets up" in text
    assert "Signal models Down 127.0.0.1:3000 connection refused" in text


async def test_what_is_probed_from_outside_has_the_name_of_its_server(sources: Sources, stand: Stand) -> None:
    probe = target("blackbox")
    probe["labels"]["instance"] = "http://127.0.0.1:3000/health"
    stand.prometheus.documents["/api/v1/targets"]["data"]["activeTargets"] = [target("investiq-api"), probe]

    assert "Health from outside Up API server" in text_of(parts_content(await sources.targets()))


async def test_what_a_probe_does_not_reach_is_down_although_its_exporter_answers(
    sources: Sources, stand: Stand
) -> None:
    probe = target("blackbox")
    probe["labels"]["instance"] = "http://127.0.0.1:3000/health"
    stand.prometheus.documents["/api/v1/targets"]["data"]["activeTargets"] = [target("blackbox-exporter"), probe]
    stand.prometheus.documents["/api/v1/query"] = vector((probe["labels"], [1000, "0"]))

    text = text_of(parts_content(await sources.targets()))

    assert "Health from outside Down" in text
    assert "the probe failed" in text
    assert "1 of 2 targets up" in text


async def test_alerts_come_with_severity_age_and_what_to_do(sources: Sources, stand: Stand) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [
        alert("HighLatency", "warning", state="suppressed"),
        alert("ServiceDown", "critical", subject="api"),
        alert("Watchdog", "none"),
    ]

    drawn = alerts_content(await sources.alerts())
    text = text_of(drawn)

    assert text.index("ServiceDown critical") < text.index("HighLatency warning inhibited")
    assert "A(children='Runbook: what to do', href='/runbooks/api/ServiceDown')" in str(drawn)
    assert "Watchdog" not in text
    assert text.startswith("Firing alerts 1")


async def test_an_alert_that_is_none_of_ours_shows_what_it_says_of_its_runbook(sources: Sources, stand: Stand) -> None:
    foreign = alert("DiskWorn", "warning")
    foreign["annotations"]["runbook"] = "javascript:alert()"
    stand.alertmanager.documents["/api/v2/alerts"] = [foreign]

    drawn = alerts_content(await sources.alerts())

    assert "Runbook:  javascript:alert()" in text_of(drawn)
    assert "href" not in str(drawn)


async def test_a_silenced_alert_says_who_silenced_it_until_when_and_why(sources: Sources, stand: Stand) -> None:
    muted = alert("HighLatency", "warning", state="suppressed")
    muted["status"] |= {"silencedBy": ["b", "a", "gone"], "inhibitedBy": []}
    expired = {"state": "expired"}  # so that the alert's own status is what counts
    stand.alertmanager.documents["/api/v2/alerts"] = [muted, alert("ServiceDown", "critical")]
    stand.alertmanager.documents["/api/v2/silences"] = [
        raw_silence(id="a", status=expired),
        raw_silence(id="b", status=expired, createdBy="ben", comment="deploy window: version 0.2"),
        raw_silence(id="other", status=expired, createdBy="eve"),
    ]

    text = text_of(alerts_content(await sources.alerts()))

    assert text.index("ServiceDown critical") < text.index("HighLatency warning silenced")
    assert "Silenced by ana until 2 Jan 18:00:00 UTC: known, #214" in text
    assert "Silenced by ben until 2 Jan 18:00:00 UTC: deploy window: version 0.2" in text
    assert "eve" not in text


async def test_silences_are_asked_for_only_where_something_is_silenced(sources: Sources, stand: Stand) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [alert("HighLatency", "warning", state="suppressed")]

    assert "inhibited" in text_of(alerts_content(await sources.alerts()))
    assert not any("silences" in path for path in stand.alertmanager.asked)


async def test_an_alert_of_ours_links_to_where_it_is_silenced(sources: Sources, stand: Stand) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [
        alert("ServiceDown", "critical", subject="api"),
        alert("NoSuchRule", "critical"),
        alert("DiskFull", "warning", subject="host", service=""),
    ]

    drawn = str(alerts_content(await sources.alerts()))

    assert "'/silence/ServiceDown?service=investiq-api'" in drawn
    assert "'/silence/DiskFull'" in drawn
    assert "/silence/NoSuchRule" not in drawn


async def test_nothing_firing_is_said_in_words(sources: Sources) -> None:
    assert "No firing alerts" in text_of(alerts_content(await sources.alerts()))


async def test_pages_are_shown_as_they_arrived(sources: Sources, stand: Stand) -> None:
    page = {
        "id": 1,
        "received_at": "2026-01-02T10:00:00+00:00",
        "starts_at": "2026-01-02T10:00:00+00:00",
        "ends_at": None,
        "fingerprint": "0123456789abcdef",
        "status": "firing",
        "alertname": "ServiceDown",
        "severity": "critical",
        "labels": {"service": "investiq-api"},
        "annotations": {"summary": "investiq-api does not answer"},
    }
    assert "No notifications yet" in text_of(pages_content(await sources.pages()))
    stand.inbox.documents["/api/notifications"] = {"notifications": [page] * 30}
    sources.pages.forget()

    text = text_of(pages_content(await sources.pages()))

    assert "2 Jan 10:00:00 UTC Firing ServiceDown investiq-api does not answer API server" in text
    assert text.count("ServiceDown") == 6
    assert "Older:  investiq inbox" in text


async def test_each_watcher_that_is_down_is_named(sources: Sources, stand: Stand) -> None:
    for server in (stand.prometheus, stand.alertmanager, stand.inbox):
        server.down = True

    assert "Parts: Prometheus has not answered since" in text_of(parts_content(await sources.targets()))
    assert "Alerts: Alertmanager has not answered since" in text_of(alerts_content(await sources.alerts()))
    assert "The inbox: Inbox has not answered since" in text_of(pages_content(await sources.pages()))


@pytest.mark.parametrize(
    "document",
    [[], {}, {"status": "success", "data": None}, {"status": "success", "data": {"activeTargets": [{}]}}, "text"],
)
async def test_another_program_on_the_port_is_no_answer_and_no_crash(
    sources: Sources, stand: Stand, document: Any
) -> None:
    stand.prometheus.documents["/api/v1/targets"] = document

    assert "who has the port?" in text_of(parts_content(await sources.targets()))


async def test_each_dashboard_of_the_file_has_its_page_and_an_unknown_one_is_a_404(
    console: httpx2.AsyncClient, panels: Path
) -> None:
    for path in ("/operations", "/operations/overview", "/operations/api"):
        assert (await console.get(path, headers=HTML)).status_code == 200

    for path in ("/operations/nothing", "/operations/api/more", "/operations/"):
        unknown = await console.get(path, headers=HTML)
        assert unknown.status_code == 404
        assert "Page not found:" in unknown.text
        assert 'href="/operations"' in unknown.text


async def test_while_the_file_is_missing_no_page_is_called_unknown(console: httpx2.AsyncClient) -> None:
    assert (await console.get("/operations/api", headers=HTML)).status_code == 200


def test_the_first_page_shows_what_fires_and_the_panels_of_the_overview(sources: Sources, panels: Path) -> None:
    text = text_of(layout(sources))

    assert "Firing alerts" in text
    assert "Trades today" in text
    assert "Requests Requests" not in text, "a title and its description"


def test_the_page_of_a_dashboard_leads_to_the_others(sources: Sources, panels: Path) -> None:
    page = layout(sources, "api")
    text = text_of(page)

    assert "Overview API" in text
    assert "Firing alerts" not in text
    assert text.index("Servers") < text.index("Requests") < text.index("Trades")


def test_a_dashboard_that_does_not_exist_is_said_to(sources: Sources, panels: Path) -> None:
    assert "Dashboard not found No dashboard is called  nothing" in text_of(layout(sources, "nothing"))


def test_without_the_file_the_page_says_what_renders_it(sources: Sources) -> None:
    text = text_of(layout(sources))

    assert "No panels" in text
    assert "is not there:  investiq up  renders it" in text
    assert "Firing alerts" in text, "what does not need the file stays"


async def test_a_poll_fills_charts_and_words_by_their_place(
    sources: Sources, stand: Stand, panels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_003.0)
    stand.prometheus.documents["/api/v1/query_range"] = answer(({"job": "api"}, [[1_000, "0.5"]]))
    stand.prometheus.documents["/api/v1/query"] = vector(({"job": "api"}, [1_000, "4"]))
    key = key_of(layout(sources, "api"))

    series, fits, words, outage, events, read = await board_changes(sources, key, "15 min", [0], [0, 1])

    assert [line["id"] for line in series[0]] == ["scale", "0 job=api"]
    assert fits == [{"action": "fitContent", "nonce": "10 1000"}]
    assert text_of(words[0]).split() == ["api", "0.5/s"]
    assert text_of(words[1]).split() == ["4"]
    assert outage is None
    assert events is None
    assert "UTC" in text_of(read)


async def test_a_page_of_an_older_file_is_left_as_it_is_until_it_is_laid_out_anew(
    sources: Sources, stand: Stand, panels: Path
) -> None:
    key = key_of(layout(sources, "api"))
    written(panels, copy.deepcopy(two_dashboards()) | {"variables": {}})

    series, _, words, *_ = await board_changes(sources, key, "15 min", [0], [0, 1])

    assert series == [no_update]
    assert words == [no_update, no_update]
    assert stand.prometheus.asked == []


async def test_an_outage_of_prometheus_is_said_once_with_what_to_type(
    sources: Sources, stand: Stand, panels: Path
) -> None:
    stand.prometheus.down = True
    key = key_of(layout(sources, "api"))

    series, _, words, outage, *_ = await board_changes(sources, key, "15 min", [0], [0, 1])

    assert series == [no_update]
    assert "investiq status" in text_of(outage)
    for panel in words:
        assert "Prometheus has not answered since" in text_of(panel)
        assert "investiq status" not in text_of(panel)


async def test_ten_tabs_ask_prometheus_no_more_than_one(sources: Sources, stand: Stand, panels: Path) -> None:
    key = key_of(layout(sources, "api"))
    for _ in range(10):
        await board_changes(sources, key, "15 min", [0], [0, 1])

    assert len(stand.prometheus.asked) <= 4, "two queries, and again where ten seconds ended meanwhile"


async def test_only_the_panels_of_the_page_are_asked_for(sources: Sources, stand: Stand, panels: Path) -> None:
    stand.prometheus.documents["/api/v1/query_range"] = answer()
    await board_changes(sources, key_of(layout(sources)), "1 h", [0], [0])

    assert {path.partition("?")[0] for path in stand.prometheus.asked} <= {"/api/v1/query_range", "/api/v1/query"}
    assert len(stand.prometheus.asked) <= 2


def test_the_checklist_is_a_tab_of_the_operations(sources: Sources) -> None:
    assert "Link(children='Checklist', href='/checklist'" in str(layout(sources))
