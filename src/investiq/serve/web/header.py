"""The header of every page: mode, halt, market time, age of the data, worst alert. What is unknown is said to be."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from investiq.clients.alertmanager.alerts import FiringAlert
from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import Market, TradingStatus
from investiq.foundation.vocabulary import MarketPhase
from investiq.serve.web.alert_summary import summarise
from investiq.serve.web.elements import Children, attributes, chip, outage, with_code, without_code
from investiq.serve.web.logins import Logins, Who
from investiq.serve.web.permission import SESSION, Shown, is_person, login_page
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources
from investiq.serve.web.words import MODES, PHASES, why_halted

__all__ = ["POLL_MILLISECONDS", "header_content", "register", "session_document", "who_content"]

POLL_MILLISECONDS = 2_000


def register(app: Dash, sources: Sources, logins: Logins) -> None:
    """Keep the header current."""

    async def show(_ticks: int | None, session: Shown) -> tuple[Any, ...]:
        content, who = await asyncio.gather(header_content(sources), logins.shown())
        now = session_document(who)
        return *content, no_update if now == session else now

    def show_who(session: Shown, path: str | None, search: str | None) -> Children:
        return who_content(session, f"{path or '/'}{search or ''}")

    app.callback(
        Output("status", "children"),
        Output("outage", "children"),
        Output(SESSION, "data"),
        Input("header-poll", "n_intervals"),
        State(SESSION, "data"),
    )(show)
    app.callback(
        Output("who", "children"), Input(SESSION, "data"), Input("address", "pathname"), Input("address", "search")
    )(show_who)


def session_document(who: Who | None) -> Shown:
    """What the page knows of who is logged in."""
    if who is None:
        return {}
    return {"name": who.name, "scope": who.scope.value, "until": fmt.clock_time(who.expires_at)}


def who_content(session: Shown, page: str) -> Children:
    """Who is logged in and may do what, and the way out; or the way in."""
    if session is None:
        return None
    if not is_person(session):
        return html.A("Log in", href=login_page(page), className="log-in")
    who = html.Span(
        [html.Strong(session["name"]), f" ({session['scope']})"],
        title=f"Logged in until {session['until']}",
        className="who-name",
    )
    return [who, html.Button("Log out", id="log-out", type="button", className="log-out")]


async def header_content(sources: Sources) -> tuple[Component, Children]:
    """The line of states, and what is said below it when the API server does not answer."""
    status, market, alerts = await asyncio.gather(sources.status(), sources.market(), sources.alerts())
    items = [_mode(status), _trading(status), *_market(market), _alerts(alerts)]
    # The page compares its own clock with the arrival of this mark: assets/stale.js.
    mark = str(datetime.now(UTC).timestamp())
    line = html.Dl(items, className="status-line", **attributes(data_asof=mark))
    return line, outage(status, "Trading and analysis") if isinstance(status, SourceUnavailable) else None


def _item(name: str, label: str, value: Children, note: Children = None, css: str = "") -> Component:
    return html.Div(
        [html.Dt(label), html.Dd(value, className="status-value"), html.Dd(note, className="status-note")],
        className=f"status-item {css}",
        id=f"status-{name}",
    )


def _mode(status: TradingStatus | SourceUnavailable) -> Component:
    if isinstance(status, SourceUnavailable):
        return _item("mode", "Mode", chip("Unknown", "bad"), "the API does not answer")
    word, color, meaning = MODES.get(status["mode"], (status["mode"], "red", "unknown mode"))
    return _item("mode", "Mode", html.Span(word, className=f"mode mode-{color}"), meaning)


def _trading(status: TradingStatus | SourceUnavailable) -> Component:
    if isinstance(status, SourceUnavailable):
        return _item("trading", "Trading", chip("Unknown", "bad"), "the API does not answer")
    if not status["halted"]:
        watched = status["monitoring"]["required"]
        note = "entries and exits allowed" if watched else "trading without monitoring: require_monitoring = false"
        return _item("trading", "Trading", chip("Not halted", "good" if watched else "warn"), note)
    why = why_halted(status["reason"], status["monitoring"]["heartbeat"])
    note = f"{why}: {status['note']}" if status["note"] else why
    return _item(
        "trading", "Trading", chip("Halted", "bad"), html.Span(with_code(note), title=without_code(note)), css="halted"
    )


def _market(market: Market | SourceUnavailable) -> list[Component]:
    if isinstance(market, SourceUnavailable):
        unknown = chip("Unknown", "bad")
        return [_item("market", "Market time", unknown), _item("age", "Age of the last price", unknown)]
    word, _ = PHASES[market["phase"]]
    now = _item("market", "Market time, New York", fmt.market_time(market["now"]), word)
    return [now, _item("age", "Age of the last price", fmt.age(market["data_age_seconds"]), _aging(market))]


def _aging(market: Market) -> str:
    if market["data_age_seconds"] is None:
        return "no price yet"
    return "in market time" if market["phase"] == MarketPhase.OPEN else "market closed"


def _alerts(alerts: list[FiringAlert] | SourceUnavailable) -> Component:
    shown = summarise(alerts)
    return _item("alerts", shown.label, shown.value, shown.note)
