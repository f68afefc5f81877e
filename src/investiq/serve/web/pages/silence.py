"""Silence: keep one alert from being notified for a while. Notifications link here: it is read on a phone, at night."""

from __future__ import annotations

import asyncio
import shlex
from typing import Any
from urllib.parse import parse_qs

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from investiq.clients.alertmanager.refusals import NotSilenceable
from investiq.clients.alertmanager.silence import matchers_of
from investiq.foundation.contract.panels import AlertDocument, PanelsUnreadable
from investiq.foundation.vocabulary import Access
from investiq.serve.web.changes import Actor, Changes
from investiq.serve.web.elements import Children, attributes, card, notice, page_title, paragraph, with_code
from investiq.serve.web.links import runbook_page, silence_page
from investiq.serve.web.mantine import dmc
from investiq.serve.web.pages.silence_change import LENGTHS, OTHER, USUAL, Form, SilenceTarget, end, rule_named, silence
from investiq.serve.web.pages.silenced import firing_content, firing_count, relevant, silences_content
from investiq.serve.web.permission import SESSION, Shown, may, who_may
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources

__all__ = ["knows", "layout", "register", "state_content"]

POLL_MILLISECONDS = 5_000


def knows(sources: Sources, name: str) -> bool:
    """Whether an alert has this name; while the file cannot be read, any page says so."""
    try:
        return sources.panels.read().rule(name) is not None
    except PanelsUnreadable:
        return True


async def layout(sources: Sources, name: str, search: str = "", session: Shown = None) -> Component:
    """The page of an alert; `search` may name the service, as in `?service=investiq-api`.

    It comes with what fires, so that nothing moves under a thumb once it is there.
    """
    target = SilenceTarget(name, parse_qs(search.removeprefix("?")).get("service", [""])[0])
    try:
        rule = rule_named(sources, name)
    except NotSilenceable as error:
        return _refused(sources, name, error)
    except PanelsUnreadable as error:
        return html.Div([page_title(html.H1(f"Silence {name[:80]}")), _unreadable(error)])
    count, firing, silences = await state_content(sources, target, may(session, Access.TRADE))
    return html.Div(
        [
            dcc.Interval(id="silence-poll", interval=POLL_MILLISECONDS),
            dcc.Store(id="silence-target", data=list(target)),
            dcc.Store(id="silence-changed"),
            page_title(html.H1(f"Silence {name}")),
            html.Div(
                [
                    html.Div([_about(rule, target), _form(target, count)], className="silence-ask"),
                    html.Div(
                        [html.Div(firing, id="silence-firing"), _silences(silences)],
                        className="silence-state",
                    ),
                ],
                className="silence",
            ),
        ]
    )


def _silences(silences: Children) -> Component:
    return card("Silences on it", [html.Div(id="silence-ended"), html.Div(silences, id="silence-list")])


def _refused(sources: Sources, name: str, error: NotSilenceable) -> Component:
    rule = sources.panels.read().rule(name)
    suggestions = error.detail.get("suggestions")
    near = suggestions if isinstance(suggestions, list) else []
    links: list[Component] = [dcc.Link(f"Silence {one}", href=silence_page(one)) for one in near]
    if rule is not None:
        links.append(html.A("Runbook", href=runbook_page(rule.subject, rule.name)))
    links.append(dcc.Link("Firing alerts", href="/operations/alerts"))
    return html.Div(
        [
            page_title(html.H1(f"{name[:80]} cannot be silenced", className="long-title")),
            html.P(paragraph(error.message)),
            html.P(links, className="links"),
        ]
    )


def _unreadable(error: PanelsUnreadable) -> Component:
    lines = [
        html.Span(with_code(error.message)),
        html.Span(with_code("The command line still works: `investiq silence`.")),
    ]
    return notice("The list of alerts is not available", lines, "red")


def _about(rule: AlertDocument, target: SilenceTarget) -> Component:
    """What the alert is, and of which services it is silenced."""
    scope: list[Component | str] = ["For all services."]
    if target.service:
        scope = ["Only for ", html.Strong(target.service), ". ", dcc.Link("For all", href=silence_page(target.alert))]
    runbook = html.A("Runbook: what to do", href=runbook_page(rule.subject, rule.name))
    lost = [html.P(with_code(description)) for description in rule.descriptions]
    return card(rule.name, [*lost, html.P(scope), html.P(runbook)], css="silence-about")


def _form(target: SilenceTarget, count: Children) -> Component:
    fields = [
        html.P(count, id="silence-count", className="silence-count", **attributes(aria_live="polite")),
        dmc.InputWrapper(
            dmc.SegmentedControl(
                id="silence-choice",
                data=[{"value": value, "label": label} for value, label in LENGTHS],
                value=USUAL,
                fullWidth=True,
                **attributes(aria_label="Duration"),
            ),
            label="Duration",
        ),
        dmc.TextInput(
            id="silence-other",
            label="Other duration",
            description="A number and its unit, such as 90m, 2h or 3d; at most 7d.",
            placeholder="90m",
            disabled=True,
            inputProps={"autoCapitalize": "none"},
        ),
        dmc.TextInput(
            id="silence-reason",
            label="Reason",
            description="Shown to everyone beside the alert.",
            required=True,
            value="",
        ),
        dmc.TextInput(
            id="silence-by",
            label="Your name",
            description="Remembered by this browser.",
            required=True,
            value="",
            autoComplete="name",
            persistence=True,
            persistence_type="local",
        ),
        html.Div(id="silence-permission"),
        dmc.Button("Silence", id="silence-send", fullWidth=True, size="md", disabled=True),
        html.Div(_command(target), id="silence-answer", className="silence-answer", **attributes(aria_live="polite")),
    ]
    return card("Silence it", html.Div(fields, className="silence-form"))


def _command(target: SilenceTarget) -> Component:
    """What the form does, for who has a shell at hand."""
    labels = [word for label, value in target.labels.items() for word in ("--match", f"{label}={value}")]
    command = shlex.join(["investiq", "silence", target.alert, "--for", USUAL, "--reason", "…", *labels])
    text = "The alert keeps firing and shows as silenced. On the command line:"
    return html.P([text, html.Br(), html.Code(command)], className="muted small")


async def state_content(
    sources: Sources, target: SilenceTarget, may_end: bool = False
) -> tuple[Children, Component, Children]:
    """How many fire now, which these are, and the silences on them, with buttons that live where one may end them."""
    matchers = matchers_of(target.alert, target.labels)
    firing, silences = await asyncio.gather(sources.matched(*matchers), sources.silences())
    if not isinstance(silences, SourceUnavailable):
        silences = relevant(silences, {"alertname": target.alert, **target.labels}, firing)
    return (
        firing_count(firing),
        firing_content(firing, target.alert, target.service),
        silences_content(silences, may_end),
    )


def register(app: Dash, sources: Sources, changes: Changes) -> None:
    """Keep the page current, silence, and end silences."""

    async def show(
        _ticks: int | None, _changed: str | None, session: Shown, target: tuple[str, str]
    ) -> tuple[Any, ...]:
        return await state_content(sources, SilenceTarget(*target), may(session, Access.TRADE))

    def enable(session: Shown, target: tuple[str, str]) -> tuple[bool, Children]:
        page = silence_page(*target)
        return not may(session, Access.TRADE), who_may(session, Access.TRADE, "silence alerts", page)

    async def send(actor: Actor, _clicks: int | None, target: tuple[str, str], *form: Any) -> tuple[Any, Any]:
        return await silence(sources, actor, SilenceTarget(*target), Form(*form))

    def pressed(clicks: list[int | None]) -> bool:
        # Buttons that are drawn anew come here too, without a click.
        return any(clicks) and isinstance(ctx.triggered_id, dict) and bool(ctx.triggered[0]["value"])

    async def stop(actor: Actor, _clicks: list[int | None]) -> tuple[Any, Any]:
        return await end(sources, actor, str(ctx.triggered_id["silence"]))

    app.callback(
        Output("silence-count", "children"),
        Output("silence-firing", "children"),
        Output("silence-list", "children"),
        Input("silence-poll", "n_intervals"),
        Input("silence-changed", "data"),
        Input(SESSION, "data"),
        State("silence-target", "data"),
        prevent_initial_call=True,
    )(show)
    app.callback(
        Output("silence-send", "disabled"),
        Output("silence-permission", "children"),
        Input(SESSION, "data"),
        Input("silence-target", "data"),
    )(enable)
    app.callback(Output("silence-other", "disabled"), Input("silence-choice", "value"))(lambda choice: choice != OTHER)
    changes.callback(
        app,
        Output("silence-answer", "children"),
        Output("silence-changed", "data", allow_duplicate=True),
        Input("silence-send", "n_clicks"),
        State("silence-target", "data"),
        *(State(f"silence-{field}", "value") for field in Form._fields),
        needs=Access.TRADE,
        to="silence alerts",
        refused=lambda why: (why, no_update),
        prevent_initial_call=True,
        running=[(Output("silence-send", "loading"), True, False)],
    )(send)
    changes.callback(
        app,
        Output("silence-ended", "children"),
        Output("silence-changed", "data", allow_duplicate=True),
        Input({"kind": "silence-end", "silence": ALL}, "n_clicks"),
        needs=Access.TRADE,
        to="end silences",
        refused=lambda why: (why, no_update),
        asked=pressed,
        prevent_initial_call=True,
    )(stop)
