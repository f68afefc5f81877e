"""The production checklist as `investiq checklist` found it last, and how long ago. Nothing is checked here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import CheckedPoint, Checklist
from investiq.foundation.vocabulary import PointState, ReadinessGrade
from investiq.serve.web.elements import (
    Children,
    attributes,
    card,
    chip,
    missing,
    notice,
    outage,
    page_title,
    pending,
    with_code,
)
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources
from investiq.serve.web.words import title

__all__ = ["checklist_content", "layout", "register"]

POLL_MILLISECONDS = 5_000
_OLD = timedelta(days=1)
"""After which the result is out of date."""

_TONES = {
    PointState.DONE: "good",
    PointState.NOT_DONE: "bad",
    PointState.NEEDS_PERSON: "warn",
    PointState.NOT_CHECKED: "warn",
}
_GRADES = {
    ReadinessGrade.NOT_READY: ("bad", "faults may go unseen, or strangers may look in"),
    ReadinessGrade.PAPER: ("good", "faults are seen, and strangers stay outside; for live trading, points are missing"),
    ReadinessGrade.LIVE: ("good", "every point is done"),
}


def layout() -> Component:
    """The page, to be filled by its callback."""
    return html.Div(
        [
            dcc.Interval(id="checklist-poll", interval=POLL_MILLISECONDS),
            page_title(html.H1("Checklist"), html.Span(id="checklist-age", className="muted small")),
            html.Div(card("Points", pending(400)), id="checklist"),
        ]
    )


def register(app: Dash, sources: Sources) -> None:
    """Keep the page current."""

    async def show(_ticks: int | None) -> tuple[Children, str]:
        return checklist_content(await sources.checklist(), datetime.now(UTC))

    app.callback(
        Output("checklist", "children"), Output("checklist-age", "children"), Input("checklist-poll", "n_intervals")
    )(show)


def checklist_content(found: Checklist | SourceUnavailable, now: datetime) -> tuple[Children, str]:
    """What stands on the page, and of when it is."""
    if isinstance(found, SourceUnavailable):
        return (outage if found.refused else missing)(found, "The checklist"), ""
    checked_at = datetime.fromisoformat(found["checked_at"])
    age = now - checked_at
    told = f"checked {fmt.age(max(age.total_seconds(), 0))} ago, {fmt.clock_time(checked_at, now)}"
    points = html.Ol([_point(point, now) for point in found["points"]], className="checklist")
    done = sum(_state(point, now) is PointState.DONE for point in found["points"])
    aside = html.Span(f"{done} of {len(found['points'])} done", className="muted small")
    old = _old(age) if age > _OLD else None
    return [old, _grade(found), card("Points", points, aside=aside)], told


def _old(age: timedelta) -> Component:
    lines = ["The deployment may have changed since. Check again: `investiq checklist`."]
    return notice(f"This was checked {fmt.age(age.total_seconds())} ago", lines, "yellow")


def _grade(found: Checklist) -> Component:
    tone, meaning = _GRADES[ReadinessGrade(found["grade"])]
    return html.P([chip(title(found["grade"]), tone), f" When it was checked: {meaning}."], className="checklist-grade")


def _point(point: CheckedPoint, now: datetime) -> Component:
    state = _state(point, now)
    head = html.Div([html.H3(point["title"]), chip(title(state.value), _TONES[state])], className="checklist-head")
    said = [html.P(with_code(text)) for text in (*_expired(point, now), *point["evidence"])]
    steps = [
        html.P([html.Strong("Next: "), *with_code(step)], className="checklist-step") for step in point["next_steps"]
    ]
    return html.Li([head, *said, *steps], **attributes(data_point=point["point"]))


def _state(point: CheckedPoint, now: datetime) -> PointState:
    """As it was found, but for a signature that has expired since."""
    return PointState.NEEDS_PERSON if _expired(point, now) else PointState(point["state"])


def _expired(point: CheckedPoint, now: datetime) -> list[str]:
    sign_off = point["sign_off"]
    if sign_off is None or point["state"] != PointState.DONE:
        return []
    end = datetime.fromisoformat(sign_off["expires_at"])
    return [f"The signature expired on {fmt.day(sign_off['expires_at'])}."] if end <= now else []
