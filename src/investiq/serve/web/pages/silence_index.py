"""Where one comes to silence something without a link: what fires first, then every alert that may be silenced."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from investiq.clients.alertmanager.alerts import FiringAlert
from investiq.clients.alertmanager.silence import Silence
from investiq.foundation.contract.panels import AlertDocument, PanelsUnreadable
from investiq.serve.web.elements import Children, card, chip, empty, missing, notice, page_title
from investiq.serve.web.links import silence_page
from investiq.serve.web.pages.silenced import silence_words
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources

__all__ = ["layout"]


async def layout(sources: Sources) -> Component:
    """The page, as things are now."""
    alerts, silences = await sources.alerts(), await sources.silences()
    return html.Div(
        [
            page_title(html.H1("Silence")),
            html.Div(
                [
                    html.Div([_firing(alerts), _every(sources)], className="silence-ask"),
                    html.Div(card("Silences", _silences(silences)), className="silence-state"),
                ],
                className="silence",
            ),
        ]
    )


def _firing(alerts: list[FiringAlert] | SourceUnavailable) -> Component:
    if isinstance(alerts, SourceUnavailable):
        return card("Firing now", missing(alerts, "Alerts"))
    rows = [html.Li([_link(alert.name, alert.labels.get("service", "")), *_state(alert)]) for alert in alerts]
    return card("Firing now", html.Ul(rows, className="firing-list") if rows else empty("None firing"))


def _link(name: str, service: str = "") -> Component:
    words = f"{name} of {service}" if service else name
    link: Component = dcc.Link(words, href=silence_page(name, service))
    return link


def _state(alert: FiringAlert) -> list[Component | str]:
    return [] if alert.state == "active" else [" ", chip(alert.state, "warn")]


def _silences(silences: list[Silence] | SourceUnavailable) -> Children:
    """Each is ended on the page of what it names, or with `investiq unsilence`."""
    if isinstance(silences, SourceUnavailable):
        return missing(silences, "Silences")
    return [html.Article(silence_words(one), className="silenced") for one in silences] or empty("No active silences")


def _every(sources: Sources) -> Component:
    try:
        rules = sources.panels.read().alerts
    except PanelsUnreadable as error:
        return notice("The list of alerts is not available", [error.message], "red")
    names = [html.Li(_link(rule.name)) for rule in sorted(rules, key=_name) if not rule.unsilenceable]
    return card("All alerts that can be silenced", html.Ul(names, className="names"))


def _name(rule: AlertDocument) -> str:
    return rule.name
