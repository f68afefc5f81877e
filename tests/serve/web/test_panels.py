"""Panels: what is asked for them, and what is drawn of the answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
from dash.development.base_component import Component

from investiq.clients.prometheus import Point
from investiq.foundation.config import Config
from investiq.foundation.contract.panels import PanelDocument, PanelView
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.dashboards.panels_file import panels_document
from investiq.serve.web.panels import dashboard
from investiq.serve.web.panels.dashboard import board_layout, draw, render_dashboard
from investiq.serve.web.panels.lines import COLORS, MOST_LINES
from investiq.serve.web.panels.queries import SPANS, PlottedSeries, TimeGrid, query_panel, time_grid
from investiq.serve.web.panels.states import intervals
from investiq.serve.web.panels.table import columns_of
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources
from tests.serve.web.fakes import Stand, text_of
from tests.serve.web.panels import UP_OR_DOWN, answer, boards_of, document, panel, raw_panel, vector

PICTURE = TimeGrid(1000, 1040, 10, 1040)


def line(
    name: str, latest: float | None = 1.0, points: list[tuple[int, float]] | None = None, **labels: str
) -> PlottedSeries:
    drawn = [Point(*point) for point in ([(1040, 1.0)] if points is None else points)]
    return PlottedSeries(name, 0, labels or {"name": name}, drawn, latest)


def everything(drawn: Any) -> list[Component]:
    """All components of a tree."""
    if isinstance(drawn, list | tuple):
        return [found for item in drawn for found in everything(item)]
    return [drawn, *everything(getattr(drawn, "children", None))] if isinstance(drawn, Component) else []


def of_class(drawn: Any, name: str) -> list[Any]:
    return [part for part in everything(drawn) if name in str(getattr(part, "className", "")).split()]


# ---- what is asked ----


@pytest.mark.parametrize("span", SPANS.values())
@pytest.mark.parametrize("view", [PanelView.LINES, PanelView.STATES])
def test_a_picture_has_no_gap_between_its_rates_and_never_less_than_four_scrapes(span: Any, view: PanelView) -> None:
    grid = time_grid(span, view, 1_000_003.0)

    assert grid.window_seconds >= max(60, grid.step + 5)
    assert grid.times[-1] == grid.now == 1_000_000
    assert all(later > earlier for earlier, later in zip(grid.times, grid.times[1:], strict=False))
    assert len(grid.times) <= 1_500
    assert grid.times[0] % grid.step == 0, "the same moments at each poll"


def test_no_state_of_a_minute_falls_between_two_samples() -> None:
    assert all(time_grid(span, PanelView.STATES).step <= 60 for span in SPANS.values())


async def test_a_panel_of_lines_asks_for_the_span_and_for_now(sources: Sources, stand: Stand) -> None:
    boards = boards_of(document())
    grid = time_grid(SPANS["24 h"], PanelView.LINES, 100_000.0)

    await query_panel(sources, boards, panel(), grid)

    over, now = (parse_qs(path.partition("?")[2]) for path in sorted(stand.prometheus.asked, reverse=True))
    assert over["query"] == now["query"] == ['rate(requests{job=~".+"}[735s])']
    assert (over["start"], over["end"], over["step"]) == (["12960"], ["99360"], ["720"])
    assert now["time"] == ["100000"]


async def test_a_number_asks_for_now_only(sources: Sources, stand: Stand) -> None:
    await query_panel(sources, boards_of(document()), panel(view="stat"), time_grid(SPANS["24 h"], PanelView.NUMBER))

    assert [path.partition("?")[0] for path in stand.prometheus.asked] == ["/api/v1/query"]


async def test_lines_are_named_by_the_legend_and_end_now(sources: Sources, stand: Stand) -> None:
    stand.prometheus.documents["/api/v1/query_range"] = answer(
        ({"job": "p99", "x": "1"}, [[12960, "0.5"], [13680, "NaN"], [99360, "+Inf"]]), ({"job": "p9"}, [[99360, "2"]])
    )
    stand.prometheus.documents["/api/v1/query"] = vector(({"job": "p99", "x": "1"}, [100_000, "7"]), ({}, [0, "1"]))
    legend = [{"expr": "up", "legend": "{{job}} {{ x }}{{nothing}}"}]

    lines = await query_panel(
        sources, boards_of(document()), panel(queries=legend), time_grid(SPANS["24 h"], PanelView.LINES, 100_000.0)
    )

    assert not isinstance(lines, SourceUnavailable)
    assert [(found.name, found.latest) for found in lines] == [("", None), ("p9", None), ("p99 1", 7.0)]
    assert list(lines[2].points) == [(12960, 0.5), (100_000, 7.0)]


async def test_a_plain_number_is_an_answer_too(sources: Sources, stand: Stand) -> None:
    stand.prometheus.documents["/api/v1/query"] = {
        "status": "success",
        "data": {"resultType": "scalar", "result": [1000, "4"]},
    }

    lines = await query_panel(
        sources, boards_of(document()), panel(view="stat"), time_grid(SPANS["1 h"], PanelView.NUMBER, 1001)
    )

    assert not isinstance(lines, SourceUnavailable)
    assert [found.latest for found in lines] == [4.0]


# ---- what is drawn ----


def test_lines_have_colours_units_latest_values_and_thresholds() -> None:
    limits = [{"value": 3, "op": ">", "severity": "critical", "alert": "HighLoad", "subject": "api"}]
    drawn = draw(
        panel(thresholds=limits),
        [line("api", 2.5, [(1000, 1.0), (1020, 2.0), (1040, 2.5)]), line("web", None, [(1010, 0.1)])],
        PICTURE,
    )

    assert drawn.series is not None
    scale, api, web = drawn.series
    assert api["data"] == [
        {"time": 1000, "value": 1.0},
        {"time": 1010},
        {"time": 1020, "value": 2.0},
        {"time": 1030},
        {"time": 1040, "value": 2.5},
    ]
    assert web["data"] == [{"time": 1010, "value": 0.1}]
    assert [point["time"] for point in scale["data"]] == [1000, 1010, 1020, 1030, 1040], "the whole span"
    ends = [(point["time"], point["value"]) for point in scale["data"] if "value" in point]
    assert ends == [(1000, 0), (1040, 3)], "from zero, with the threshold in sight, and until now"
    assert [(limit["price"], limit["title"]) for limit in scale["priceLines"]] == [(3.0, "HighLoad")]
    assert api["options"]["color"] == COLORS[0]
    assert api["options"]["priceFormat"]["formatter"] == "rate"
    assert "api 2.5/s" in text_of(drawn.words)
    assert "web –" in text_of(drawn.words)


def test_a_threshold_far_above_the_lines_does_not_press_them_flat() -> None:
    limits = [{"value": 500, "op": ">", "severity": "warning", "alert": "HighLoad", "subject": "api"}]
    drawn = draw(panel(thresholds=limits), [line("api", 2.5, [(1000, 2.5)])], PICTURE)

    assert drawn.series is not None
    assert [point["value"] for point in drawn.series[0]["data"] if "value" in point] == [0, 1]


def test_an_axis_that_follows_the_values_is_not_stretched() -> None:
    drawn = draw(panel(minimum=None, unit="currencyUSD"), [line("equity", 97_000.0, [(1000, 97_000.0)])], PICTURE)

    assert drawn.series is not None
    assert [point["value"] for point in drawn.series[0]["data"] if "value" in point] == [97_000.0, 97_000.0]


def test_of_forty_lines_the_highest_are_drawn_and_that_is_said() -> None:
    drawn = draw(panel(), [line(f"e{place:02}", float(place)) for place in range(40)], PICTURE)

    assert drawn.series is not None
    assert len(drawn.series) == 1 + MOST_LINES
    assert "top 12 of 40 lines by latest value" in text_of(drawn.words)
    assert "e39" in text_of(drawn.words)
    assert "e27" not in text_of(drawn.words)


def _contrast(one: str, other: str) -> float:
    def light(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("color", COLORS)
def test_each_line_can_be_seen_on_white_and_on_dark_ground(color: str) -> None:
    assert _contrast(color, "#ffffff") >= 3
    assert _contrast(color, "#161b22") >= 3


def test_a_number_is_in_the_words_of_its_state_or_with_its_unit() -> None:
    states = draw(panel(view="stat", unit="none", states=UP_OR_DOWN), [line("db", 1.0), line("broker", 0.0)], PICTURE)
    alone = draw(panel(view="stat", unit="currencyUSD"), [line("", 99.5)], PICTURE)

    assert text_of(states.words).split() == ["db", "up", "broker", "down"]
    assert len(of_class(states.words, "tone-good")) == len(of_class(states.words, "tone-bad")) == 1
    assert text_of(alone.words).split() == ["$99.50"]


def test_a_number_past_a_threshold_says_whose() -> None:
    limits = [{"value": 5, "op": ">", "severity": "warning", "alert": "HighLatency", "subject": "api"}]
    drawn = draw(panel(view="stat", unit="ms", thresholds=limits), [line("", 6.0)], PICTURE)

    assert "past the threshold of HighLatency" in text_of(drawn.words)
    assert of_class(drawn.words, "tone-warn")
    calm = draw(panel(view="stat", unit="ms", thresholds=limits), [line("", 5.0)], PICTURE)
    assert "past" not in text_of(calm.words)


def test_states_are_stretches_with_words_and_gaps_are_no_state() -> None:
    states = panel(view="state-timeline", unit="none", states=UP_OR_DOWN)
    samples = [(1000, 1.0), (1010, 1.0), (1020, 0.0), (1040, 1.0)]

    found = [(s.start, s.end, s.text, s.tone) for s in intervals(states, line("db", 1.0, samples), PICTURE.times)]

    assert found == [(1000, 1020, "up", "good"), (1020, 1030, "down", "bad"), (1030, 1040, "no data", "none")]


def test_a_bar_of_states_is_told_to_who_does_not_see_it() -> None:
    states = panel(view="state-timeline", unit="none", states=UP_OR_DOWN)
    drawn = draw(states, [line("db", 0.0, [(1000, 1.0), (1010, 0.0), (1020, 0.0), (1030, 0.0), (1040, 0.0)])], PICTURE)

    (bar,) = of_class(drawn.words, "timeline-bar")
    assert getattr(bar, "aria-label") == "db: down from 00:16, before that up from 00:16"
    assert text_of(of_class(drawn.words, "timeline-row")) == "db down"
    widths = [float(part.style["width"].rstrip("%")) for part in of_class(drawn.words, "stretch")]
    assert widths == [25.0, 75.0]


def test_a_table_has_the_labels_of_the_legends_and_the_highest_values_first() -> None:
    table = panel(view="table", unit="short", queries=[{"expr": "up", "legend": "{{job}} at {{instance}}"}])
    lines = [line("", value, job=f"j{value:g}", instance="i", other="x") for value in (1.0, 3.0, 2.0)]

    words = text_of(draw(table, lines, PICTURE).words).split()

    assert columns_of(table, lines) == ["job", "instance"]
    assert words[-9:] == ["j3", "i", "3", "j2", "i", "2", "j1", "i", "1"]


def test_a_table_without_labels_in_its_legend_has_those_that_differ() -> None:
    table = panel(view="table", queries=[{"expr": "up", "legend": ""}])

    assert columns_of(table, [line("", job="a", same="x"), line("", job="b", same="x")]) == ["job"]
    assert columns_of(table, [line("", job="a", same="x")]) == ["job", "same"]


def test_a_table_with_two_queries_has_a_column_for_each() -> None:
    queries = [{"expr": "a", "legend": "{{job}} objective"}, {"expr": "b", "legend": "{{job}} current"}]
    table = panel(view="table", unit="percentunit", queries=queries)
    lines = [
        PlottedSeries("", 0, {"job": "api"}, [Point(1040, 1.0)], 0.99),
        PlottedSeries("", 1, {"job": "api"}, [Point(1040, 1.0)], 0.95),
    ]

    words = text_of(draw(table, lines, PICTURE).words).replace("\u202f", "").split()

    assert words == ["job", "objective", "current", "api", "99.0%", "95.0%"]


def test_a_table_of_versions_has_no_column_of_ones() -> None:
    queries = [{"expr": "build_info", "legend": "{{job}} Python {{python}}"}]
    table = panel(view="table", unit="none", queries=queries)

    assert text_of(draw(table, [line("", job="api", python="3.11")], PICTURE).words).split() == [
        "job",
        "python",
        "api",
        "3.11",
    ]


def test_a_long_table_is_cut_and_says_so() -> None:
    table = panel(view="table", unit="short", queries=[{"expr": "up", "legend": "{{job}}"}])
    drawn = draw(table, [line("", float(place), job=f"j{place}") for place in range(130)], PICTURE)

    assert "top 50 of 130 rows" in text_of(drawn.words)
    assert "j79 " not in text_of(drawn.words)


@pytest.mark.parametrize("view", [view.value for view in PanelView])
def test_nothing_is_good_where_that_is_said_and_a_question_elsewhere(view: str) -> None:
    good = draw(panel(view=view, emptiness="No alert fires.", empty_is_good=True), [], PICTURE)
    quiet = draw(panel(view=view, emptiness="Nobody asked."), [], PICTURE)
    bad = draw(panel(view=view), [line("x", None, [])], PICTURE)

    assert text_of(good.words) == "Good No alert fires."
    assert text_of(quiet.words) == "No data Nobody asked."
    assert text_of(bad.words).startswith("No data Prometheus has no sample")
    assert "investiq validate" in text_of(bad.words)
    assert good.series is None


# ---- a board ----


async def test_one_broken_panel_leaves_the_others_whole(
    sources: Sources, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    boards = boards_of(
        document(
            raw_panel(title="refused", view="stat", queries=[{"expr": "sum(", "legend": ""}]),
            raw_panel(title="broken", view="table"),
            raw_panel(title="well", view="stat", unit="short", queries=[{"expr": "up", "legend": ""}]),
        )
    )
    stand.prometheus.refused = {"sum("}
    stand.prometheus.documents["/api/v1/query"] = vector(({}, [1000, "42"]))
    monkeypatch.setattr("time.time", lambda: 1000.0)
    monkeypatch.setattr(dashboard, "table", lambda *_: 1 / 0)

    refused, broken, well = await render_dashboard(sources, boards, boards.dashboards[0], "15 min")

    assert "Prometheus rejected the query. Prometheus refuses the query: parse error" in text_of(refused.words)
    assert refused.silent is None, "Prometheus answers"
    assert "Cannot draw this panel." in text_of(broken.words)
    assert text_of(well.words).split() == ["42"]


async def test_a_span_that_the_page_does_not_offer_is_the_first(sources: Sources, stand: Stand) -> None:
    boards = boards_of(document())

    await render_dashboard(sources, boards, boards.dashboards[0], "a year")

    asked_for = parse_qs(stand.prometheus.asked[0].partition("?")[2])
    assert int(asked_for["end"][0]) - int(asked_for["start"][0]) == 900


def test_a_panel_says_what_it_shows_and_which_alerts_judge_it() -> None:
    limits = [{"value": 0, "op": "==", "severity": "critical", "alert": "DependencyDown", "subject": "api"}]
    raw = raw_panel(view="state-timeline", unit="none", states=UP_OR_DOWN, thresholds=limits)
    laid: PanelDocument = boards_of(document(raw)).dashboards[0].panels[0]

    page = board_layout(boards_of(document(raw)).dashboards[0], "api@1")

    assert "DependencyDown  at down" in text_of(page)
    assert [part.href for part in everything(page) if type(part).__name__ == "A"] == ["/runbooks/api/DependencyDown"]  # type: ignore[attr-defined]
    (button,) = of_class(page, "about-button")
    (told,) = of_class(page, "about-text")
    assert button.type == "button", "reached by the keyboard"
    assert getattr(button, "aria-describedby") == told.id
    assert text_of(told) == laid.description


def test_no_text_of_a_dashboard_shows_its_backticks() -> None:
    document = panels_document(dashboards_of(Config()))
    told = [text_of(board_layout(dashboard, dashboard.name)) for dashboard in document.dashboards]
    assert any("wait" in text for text in told)
    assert all("`" not in text for text in told)
