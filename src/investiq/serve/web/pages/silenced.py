"""What fires of an alert, and the silences on it, as lists for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from dash import dcc, html
from dash.development.base_component import Component

from investiq.clients.alertmanager.alerts import FiringAlert
from investiq.clients.alertmanager.silence import Silence
from investiq.foundation import figures as fmt
from investiq.foundation.durations import format_duration
from investiq.serve.web.alert_summary import alert_count
from investiq.serve.web.elements import Children, attributes, card, chip, empty, missing, with_code
from investiq.serve.web.links import silence_page
from investiq.serve.web.mantine import dmc
from investiq.serve.web.reading import SourceUnavailable

__all__ = ["firing_content", "firing_count", "relevant", "silence_words", "silences_content"]

_SHOWN = 12


def relevant(
    silences: Sequence[Silence], labels: Mapping[str, str], firing: Sequence[FiringAlert] | SourceUnavailable
) -> list[Silence]:
    """Those that name the alert of `labels`, and those that mute one of it that fires, however they do."""
    muting = set() if isinstance(firing, SourceUnavailable) else {one.id for alert in firing for one in alert.silences}
    return [silence for silence in silences if silence.id in muting or silence.names(labels)]


def firing_count(alerts: Sequence[FiringAlert] | SourceUnavailable) -> Children:
    """In one line, what a silence would mute now."""
    if isinstance(alerts, SourceUnavailable):
        return "Firing alerts are not known."
    if not alerts:
        return "Not firing now. A silence mutes it when it does."
    silenced = sum(bool(alert.silences) for alert in alerts)
    verb = "fires" if len(alerts) == 1 else "fire"
    return [html.Strong(fmt.count(len(alerts), "alert")), f" of it {verb} now{_muted(silenced, len(alerts))}"]


def _muted(silenced: int, alerts: int) -> str:
    if silenced == alerts:
        return ", silenced already."
    already = f", {silenced} of them silenced already" if silenced else ""
    return f"{already}. A silence mutes {'it' if alerts == 1 else 'them'}."


def firing_content(alerts: Sequence[FiringAlert] | SourceUnavailable, name: str, service: str) -> Component:
    """Which fire now; where all services are asked for, with a link to each one's own silence."""
    if isinstance(alerts, SourceUnavailable):
        return card("Firing now", missing(alerts, "Alerts"))
    if not alerts:
        return card("Firing now", empty("None firing", "Alertmanager has none."), aside=chip("none", "good"))
    rows: list[Component] = [_firing(alert, name, service) for alert in alerts[:_SHOWN]]
    if len(alerts) > _SHOWN:
        rows.append(html.Li(f"and {len(alerts) - _SHOWN} more", className="muted"))
    return card("Firing now", html.Ul(rows, className="firing-list"), aside=alert_count(alerts))


def _firing(alert: FiringAlert, name: str, service: str) -> Component:
    own = alert.labels.get("service", "")
    only = dcc.Link(f"Only {own}", href=silence_page(name, own)) if own and not service else own
    details = [f"Since {fmt.clock_time(alert.since)} · ", only]
    state = None if alert.state == "active" else chip(alert.state)
    return html.Li(
        [
            html.Div([html.Span(with_code(alert.summary or alert.name)), state], className="firing-what"),
            html.Div(details, className="muted small"),
        ]
    )


def silences_content(silences: Sequence[Silence] | SourceUnavailable, may_end: bool = False) -> Children:
    """Who silenced it until when and why, and a button to end each."""
    if isinstance(silences, SourceUnavailable):
        return missing(silences, "Silences")
    return [_silence(silence, may_end) for silence in silences] or empty("Not silenced")


def _silence(silence: Silence, may_end: bool) -> Component:
    button = dmc.Button(
        "End",
        id={"kind": "silence-end", "silence": silence.id},
        variant="default",
        size="sm",
        disabled=not may_end,
        **attributes(aria_label=f"End the silence of {silence.by}"),
    )
    return html.Article([silence_words(silence), button], className="silenced")


def silence_words(silence: Silence) -> Component:
    """Until when, by whom, why, and what it mutes."""
    now = datetime.now(UTC)
    begins = f"From {fmt.clock_time(silence.starts_at)} until" if silence.starts_at > now else "Until"
    until = f"{begins} {fmt.clock_time(silence.ends_at)}"
    words = [
        html.Div([html.Strong(until), f" ({format_duration(silence.ends_at - now)}) by {silence.by}"]),
        html.Div(silence.reason),
        html.Div(f"{silence.what} · mutes {fmt.count(silence.mutes, 'alert')} now", className="muted small"),
    ]
    return html.Div(words, className="silenced-words")
