"""What happened, above the panels."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from investiq.clients.prometheus import Point
from investiq.serve.web.panels.events import draw_events, happenings
from investiq.serve.web.panels.queries import PlottedSeries, TimeGrid
from investiq.serve.web.sources import Sources
from tests.serve.web.fakes import Stand, text_of
from tests.serve.web.panels import answer, boards_of, document

PICTURE = TimeGrid(1000, 1900, 10, 1900)
HALT = {"title": "Halts", "expr": "halted == 1", "text": "trading is halted", "state": "bad", "moment": False}
START = {"title": "Restarts", "expr": "start * 1000", "text": "{{job}} was started", "state": "neutral", "moment": True}
BOARDS = boards_of(document(events=[HALT, START]))


@pytest.fixture(autouse=True)
def at_1900(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_900.0)


def line(*points: tuple[int, float], latest: float | None = None) -> PlottedSeries:
    return PlottedSeries("x", 0, {}, [Point(*point) for point in points], latest)


def found(event: int, of: PlottedSeries) -> list[tuple[int, int, str]]:
    return [(piece.start, piece.end, piece.tone) for piece in happenings(BOARDS.events[event], of, PICTURE)]


def test_what_lasts_is_there_while_it_has_samples() -> None:
    drawn = found(0, line(*((at, 1.0) for at in range(1200, 1301, 10))))

    assert drawn == [(1000, 1200, "none"), (1200, 1310, "bad"), (1310, 1900, "none")]


def test_a_moment_stands_where_its_value_says_and_those_from_before_do_not() -> None:
    drawn = found(1, line((1500, 400_000.0), (1510, 1_450_000.0), (1520, 1_450_000.0)))

    assert drawn == [(1000, 1450, "none"), (1450, 1456, "neutral"), (1456, 1900, "none")]


def test_moments_that_touch_leave_the_bar_as_long_as_the_time() -> None:
    drawn = found(1, line((1500, 1_450_000.0), (1510, 1_452_000.0), (1520, 1_899_000.0)))

    assert drawn[0][0] == 1000
    assert drawn[-1][1] == 1900
    assert all(end == start for (_, end, _), (start, _, _) in pairwise(drawn))


async def test_what_happened_is_told_newest_first(sources: Sources, stand: Stand) -> None:
    stand.prometheus.answers = {
        "halted == 1": answer(({}, [[1200, "1"], [1900, "1"]])),
        "start * 1000": answer(({"job": "web"}, [[1900, "1450000"]]), ({"job": "api"}, [[1900, "5000"]])),
    }

    text = text_of(await draw_events(sources, BOARDS, "15 min"))

    assert text.startswith("What happened")
    assert "web was started at 00:24" in text
    assert "api" not in text, "started before this time"
    assert text.index("web was started") < text.index("trading is halted")


async def test_nothing_is_said_in_a_line(sources: Sources) -> None:
    text = text_of(await draw_events(sources, BOARDS, "15 min"))

    assert text == "Nothing in this range explains a change: halts, restarts."


@pytest.mark.parametrize("boards", [BOARDS, boards_of(document())])
async def test_an_outage_is_not_said_here(sources: Sources, stand: Stand, boards: Any) -> None:
    stand.prometheus.down = True

    assert await draw_events(sources, boards, "15 min") is None
