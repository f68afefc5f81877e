"""Parts, alerts and pages as lists for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from urllib.parse import urlsplit

from dash import dcc, html
from dash.development.base_component import Component

from investiq.clients.alertmanager.alerts import FiringAlert
from investiq.clients.alertmanager.silence import Silence
from investiq.clients.inbox import InboxMessage
from investiq.clients.prometheus import ScrapeTarget
from investiq.foundation import figures as fmt
from investiq.foundation import topology
from investiq.serve.web.alert_summary import alert_count
from investiq.serve.web.elements import Children, card, chip, empty, missing, with_code
from investiq.serve.web.links import runbook_page, silence_page
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.words import title

__all__ = ["alerts_content", "pages_content", "parts_content"]

_TITLES = topology.titles()
_HEALTH = {"up": ("Up", "good"), "down": ("Down", "bad"), "unknown": ("Not polled yet", "plain")}
_SEVERITY = {"critical": "bad", "warning": "warn"}
_PAGES_SHOWN = 6


def parts_content(targets: list[ScrapeTarget] | SourceUnavailable) -> Component:
    """Each scrape job with its targets, in one tile."""
    if isinstance(targets, SourceUnavailable):
        return card("Parts", missing(targets, "Parts"))
    up = sum(target.health == "up" for target in targets)
    tone = "good" if up == len(targets) else "bad"
    jobs = {job: list(group) for job, group in groupby(targets, key=lambda target: target.job)}
    servers = {target.instance: _TITLES.get(target.job, target.job) for target in targets}
    tiles = [_tile(job, jobs[job], servers) for job in sorted(jobs, key=_place)]
    body = (
        html.Div(tiles, className="tiles")
        if tiles
        else empty("No scrape targets", "Prometheus has no targets configured.")
    )
    return card("Parts", body, aside=chip(f"{up} of {len(targets)} targets up", tone))


def _place(job: str) -> tuple[int, str]:
    """Ours first, in the order in which they stand above."""
    known = list(_TITLES)
    return (known.index(job) if job in known else len(known), job)


def _tile(job: str, targets: Sequence[ScrapeTarget], servers: Mapping[str, str]) -> Component:
    worst = min(targets, key=lambda target: ("down", "unknown", "up").index(target.health))
    word, tone = _HEALTH[worst.health]
    head = html.Div([html.Strong(_TITLES.get(job, job)), chip(word, tone)], className="tile-head")
    return html.Div(
        [head, *(_target(target, servers) for target in targets)], className=f"tile tile-{tone}", id=f"part-{job}"
    )


def _target(target: ScrapeTarget, servers: Mapping[str, str]) -> Component:
    """One line; what is probed from outside is an address of a server that has a name."""
    name = html.Span(servers.get(urlsplit(target.instance).netloc, target.instance), title=target.instance)
    if target.health == "down":
        # Go's errors begin with the address and the system call; what went wrong is their last clause.
        fault = html.Span(target.error.rpartition(": ")[2], className="tone-bad sentence", title=target.error)
        return html.Div([name, fault], className="target")
    seen = "" if target.last_scrape is None else f"{fmt.age(_ago(target.last_scrape))} ago"
    return html.Div([name, html.Span(seen, className="muted")], className="target")


def _ago(moment: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())


def alerts_content(alerts: list[FiringAlert] | SourceUnavailable) -> Component:
    """What fires, worst first, with what to do about it."""
    if isinstance(alerts, SourceUnavailable):
        return card("Firing alerts", missing(alerts, "Alerts"))
    body: Children = [_alert(alert) for alert in alerts] or empty(
        "No firing alerts", "Alertmanager has no alerts except the heartbeat."
    )
    return card("Firing alerts", body, aside=alert_count(alerts))


def _alert(alert: FiringAlert) -> Component:
    state = [] if alert.state == "active" else [chip(alert.state)]
    head = [
        html.Strong(alert.name),
        chip(alert.severity or "no severity", _SEVERITY.get(alert.severity, "plain")),
        *state,
    ]
    details: list[Component | None] = [
        html.P(with_code(alert.summary)),
        html.P(with_code(alert.description), className="muted small") if alert.description else None,
        html.P(
            [
                f"Since {fmt.clock_time(alert.since)} ({fmt.age(_ago(alert.since))})",
                f" · {_TITLES.get(alert.service, alert.service)}" if alert.service else "",
                html.Span([" · ", _runbook(alert)]) if alert.runbook else "",
                html.Span([" · ", _silence(alert)]) if alert.subject else "",
            ],
            className="muted small",
        ),
        *(html.P(_silenced(silence), className="small") for silence in alert.silences),
    ]
    return html.Article([html.Div(head, className="alert-head"), *details], className=f"alert alert-{alert.state}")


def _runbook(alert: FiringAlert) -> Component:
    if not alert.subject:  # no rule of ours: what its annotation says is all that is known
        return html.Span(["Runbook: ", html.Code(alert.runbook)])
    return html.A("Runbook: what to do", href=runbook_page(alert.subject, alert.name))


def _silence(alert: FiringAlert) -> Component:
    link: Component = dcc.Link(
        "Silence", href=silence_page(alert.name, alert.labels.get("service", "")), className="silence-link"
    )
    return link


def _silenced(silence: Silence) -> str:
    return f"Silenced by {silence.by} until {fmt.clock_time(silence.ends_at)}: {silence.reason}"


def pages_content(pages: list[InboxMessage] | SourceUnavailable) -> Component:
    """What reached the inbox, newest first."""
    if isinstance(pages, SourceUnavailable):
        return card("Notifications received", missing(pages, "The inbox"))
    if not pages:
        return card(
            "Notifications received", empty("No notifications yet", "Firing and resolved notifications appear here.")
        )
    rows = [_page(page) for page in pages[:_PAGES_SHOWN]]
    more = len(pages) > _PAGES_SHOWN
    note = html.P(["Older: ", html.Code("investiq inbox")], className="muted small") if more else None
    return card("Notifications received", [html.Table(html.Tbody(rows), className="pages"), note])


def _page(page: InboxMessage) -> Component:
    tone = _SEVERITY.get(page.severity, "plain") if page.status == "firing" else "good"
    service = page.labels.get("service", "")
    return html.Tr(
        [
            html.Td(fmt.clock_time(page.received_at), className="page-time"),
            html.Td(chip(title(page.status), tone)),
            html.Td([html.Strong(page.name), html.Div(page.summary, className="muted small")]),
            html.Td(_TITLES.get(service, service), className="muted small page-part"),
        ]
    )
