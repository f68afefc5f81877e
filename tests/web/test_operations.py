"""The operations page: parts, alerts, pages, and the panels read from Prometheus."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs

import pytest

from investiq.telemetry import catalogue
from investiq.web.pages.operations import panel_content
from investiq.web.pages.panels import PANELS, SPANS, step_of
from investiq.web.pages.watched import alerts_content, pages_content, parts_content
from investiq.web.sources import Sources
from tests.web.fakes import Stand, alert, target, text_of

PANEL = {panel.name: panel for panel in PANELS}


def answer(*series: tuple[dict[str, str], list[list[Any]]]) -> dict[str, Any]:
    return {"data": {"result": [{"metric": metric, "values": values} for metric, values in series]}}


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
    stand.prometheus.documents["/api/v1/query"] = answer((probe["labels"], []))

    text = text_of(parts_content(await sources.targets()))

    assert "Health from outside Down" in text
    assert "the probe failed" in text
    assert "1 of 2 targets up" in text


async def test_alerts_come_with_severity_age_and_what_to_do(sources: Sources, stand: Stand) -> None:
    stand.alertmanager.documents["/api/v2/alerts"] = [
        alert("HighLatency", "warning", state="suppressed"),
        alert("ServiceDown", "critical"),
        alert("Watchdog", "none"),
    ]

    text = text_of(alerts_content(await sources.alerts()))

    assert text.index("ServiceDown critical") < text.index("HighLatency warning inhibited")
    assert "docs/runbooks/api.md#servicedown" in text
    assert "Watchdog" not in text
    assert text.startswith("Firing alerts 1")


async def test_a_silenced_alert_says_who_silenced_it_until_when_and_why(sources: Sources, stand: Stand) -> None:
    muted = alert("HighLatency", "warning", state="suppressed")
    muted["status"] |= {"silencedBy": ["b", "a", "gone"], "inhibitedBy": []}
    silence = {"createdBy": "ana", "comment": "known, #214", "endsAt": "2026-01-02T18:00:00.000Z"}
    stand.alertmanager.documents["/api/v2/alerts"] = [muted, alert("ServiceDown", "critical")]
    stand.alertmanager.documents["/api/v2/silences"] = [
        silence | {"id": "a"},
        silence | {"id": "b", "createdBy": "ben", "comment": "deploy window: version 0.2"},
        silence | {"id": "other", "createdBy": "eve"},
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


async def test_nothing_firing_is_said_in_words(sources: Sources) -> None:
    assert "Nothing fires" in text_of(alerts_content(await sources.alerts()))


async def test_pages_are_shown_as_they_arrived(sources: Sources, stand: Stand) -> None:
    page = {
        "received_at": "2026-01-02T10:00:00+00:00",
        "status": "firing",
        "alertname": "ServiceDown",
        "severity": "critical",
        "labels": {"service": "investiq-api"},
        "annotations": {"summary": "investiq-api does not answer"},
    }
    assert "No page yet" in text_of(pages_content(await sources.pages()))
    stand.inbox.documents["/api/notifications"] = {"notifications": [page] * 30}
    sources.pages.forget()

    text = text_of(pages_content(await sources.pages()))

    assert "2 Jan 10:00:00 UTC Firing ServiceDown investiq-api does not answer API server" in text
    assert text.count("ServiceDown") == 6
    assert "Older ones:  investiq inbox" in text


async def test_each_watcher_that_is_down_is_named(sources: Sources, stand: Stand) -> None:
    for server in (stand.prometheus, stand.alertmanager, stand.inbox):
        server.down = True

    assert "Parts: Prometheus gives no answer since" in text_of(parts_content(await sources.targets()))
    assert "Alerts: Alertmanager gives no answer since" in text_of(alerts_content(await sources.alerts()))
    assert "The inbox: Inbox gives no answer since" in text_of(pages_content(await sources.pages()))


@pytest.mark.parametrize("document", [[], {}, {"data": None}, {"data": {"activeTargets": [{}]}}, "text"])
async def test_another_program_on_the_port_is_no_answer_and_no_crash(
    sources: Sources, stand: Stand, document: Any
) -> None:
    stand.prometheus.documents["/api/v1/targets"] = document

    assert "who has the port?" in text_of(parts_content(await sources.targets()))


async def test_a_panel_has_one_line_for_each_server(
    sources: Sources, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1905.0)
    stand.prometheus.documents["/api/v1/query_range"] = answer(
        ({"job": "frontend"}, [[1000, "0.5"], [1010, "NaN"], [1020, "2.25"]]),
        ({"job": "investiq-api"}, [[1000, "1"]]),
    )

    series, _, missing, legend = await panel_content(sources, PANEL["requests"], "15 min")

    lines = {line["id"]: line["data"] for line in series}
    assert lines["frontend"][:3] == [{"time": 1000, "value": 0.5}, {"time": 1010}, {"time": 1020, "value": 2.25}]
    assert {len(points) for points in lines.values()} == {91}, "each line is as long as the time asked for"
    assert not any("value" in point for point in lines["signal-models"])
    assert missing is None
    assert "API 1.0/s" in text_of(legend)
    assert "signal models –" in text_of(legend)


async def test_a_panel_without_samples_says_so(sources: Sources) -> None:
    _, _, missing, legend = await panel_content(sources, PANEL["latency"], "1 h")

    assert "The API was asked nothing in this time." in text_of(missing)
    assert text_of(legend) == "p50 – p95 – p99 –"


async def test_panels_ask_for_metrics_of_the_catalogue_over_the_chosen_span(sources: Sources, stand: Stand) -> None:
    for panel in PANELS:
        await panel_content(sources, panel, "6 h")

    asked = [parse_qs(path.partition("?")[2]) for path in stand.prometheus.asked]
    text = " ".join(query["query"][0] for query in asked)
    for metric in (catalogue.REQUESTS, catalogue.ERRORS, catalogue.REQUEST_DURATION):
        assert metric.name in text
    assert "%(window)s" not in text
    for query in asked:
        assert int(query["end"][0]) - int(query["start"][0]) == SPANS["6 h"]


@pytest.mark.parametrize("span", SPANS.values())
def test_a_span_is_about_a_hundred_samples_with_windows_that_overlap(span: int) -> None:
    step = step_of(span)

    assert 80 <= span / step <= 150
    assert f"[{max(60, 2 * step)}s]" in PANEL["requests"].queries(step)[0]


async def test_a_span_that_the_page_does_not_offer_is_the_first(sources: Sources) -> None:
    series, *_ = await panel_content(sources, PANEL["requests"], "a year")

    assert [line["id"] for line in series] == ["scale", "investiq-api", "signal-models", "frontend"]
