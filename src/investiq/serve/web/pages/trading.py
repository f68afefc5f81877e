"""Trading: the account, the breaker, positions, orders, and the few things that a person may change."""

from __future__ import annotations

import asyncio
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from investiq.foundation.contract.api import ClosedPosition, OrderPage, Position
from investiq.foundation.vocabulary import Access
from investiq.serve.web import charts
from investiq.serve.web.changes import Changes
from investiq.serve.web.elements import (
    Children,
    attributes,
    card,
    empty,
    missing,
    page_title,
    pending,
)
from investiq.serve.web.pages import breaker, order_ticket, row_actions
from investiq.serve.web.pages.account import account_figures
from investiq.serve.web.pages.blotter import orders_table, positions_table
from investiq.serve.web.pages.trading_tabs import ORDERS, TRADING, tabs
from investiq.serve.web.permission import SESSION, Shown, may
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources

__all__ = ["layout", "register"]

POLL_MILLISECONDS = 3_000
ORDERS_SHOWN = 20


def layout() -> Component:
    """The page, to be filled by its callbacks."""
    return html.Div(
        [
            dcc.Interval(id="trading-poll", interval=POLL_MILLISECONDS),
            dcc.Store(id="equity-shown"),
            page_title(html.H1("Trading"), breaker.buttons()),
            tabs(TRADING),
            html.Div(pending(76), id="account", className="account"),
            html.Div([_equity_card(), order_ticket.ticket_card()], className="trading-top"),
            html.Div([_positions_card(), html.Div(pending(220), id="breaker")], className="trading-middle"),
            _orders_card(),
            breaker.modal(),
        ]
    )


def _equity_card() -> Component:
    body = [
        html.Div(
            charts.chart("equity-chart", 264, charts.equity_series([]), panes=(3, 1), intraday=True), className="chart"
        ),
        html.P("Market time, New York. Below: drawdown from the all-time high.", className="muted small"),
        html.Div(id="equity-missing"),
    ]
    return card("Equity", body)


def _positions_card() -> Component:
    note = html.Span("realised P&L is net of commission; closed positions come last", className="muted small wide-only")
    body = [html.Div(id="positions-missing"), html.Div(pending(140), id="positions", className="table")]
    return card("Positions", body, aside=note, **attributes(aria_label="Positions"))


def _orders_card() -> Component:
    body = [
        html.Div(id="orders-answer", **attributes(aria_live="polite")),
        html.Div(id="orders-missing"),
        html.Div(pending(140), id="orders", className="table"),
    ]
    note = dcc.Link("All orders", href=ORDERS)
    return card("Orders", body, aside=note, **attributes(aria_label="Orders"))


def register(app: Dash, sources: Sources, changes: Changes) -> None:
    """Keep the page current, and pass on what the user decides."""
    poll, changed = Input("trading-poll", "n_intervals"), Input("trading-changed", "data")

    async def show_state(_ticks: int | None, _changed: str | None) -> tuple[Children, Children]:
        return await state_content(sources)

    async def show_tables(_ticks: int | None, _changed: str | None, session: Shown) -> tuple[Any, ...]:
        return await table_content(sources, may(session, Access.TRADE))

    async def show_equity(_ticks: int | None, shown: list[Any] | None) -> tuple[Any, ...]:
        return await equity_content(sources, shown)

    app.callback(Output("account", "children"), Output("breaker", "children"), poll, changed)(show_state)
    app.callback(
        Output("positions", "children"),
        Output("positions-missing", "children"),
        Output("orders", "children"),
        Output("orders-missing", "children"),
        poll,
        changed,
        Input(SESSION, "data"),
    )(show_tables)
    app.callback(
        Output("equity-chart", "series"),
        Output("equity-chart", "timeScaleAction"),
        Output("equity-shown", "data"),
        Output("equity-missing", "children"),
        poll,
        State("equity-shown", "data"),
    )(show_equity)
    charts.tint(app, "equity-chart")
    breaker.register(app, sources, changes)
    order_ticket.register(app, sources, changes)
    row_actions.register(app, sources, changes)


async def state_content(sources: Sources) -> tuple[Children, Children]:
    """Account figures and the breaker."""
    account, status = await asyncio.gather(sources.account(), sources.status())
    figures = missing(account, "The account") if isinstance(account, SourceUnavailable) else account_figures(account)
    state = missing(status, "The breaker") if isinstance(status, SourceUnavailable) else breaker.breaker_card(status)
    return figures, state


async def table_content(sources: Sources, may_trade: bool) -> tuple[Any, ...]:
    """Both tables; where the API does not answer, what was last shown stays hidden below the notice."""
    positions, closed, page = await asyncio.gather(sources.positions(), sources.closed(), sources.orders())
    return *_positions(positions, closed, may_trade), *_orders(page, may_trade)


def _positions(
    held: list[Position] | SourceUnavailable, closed: list[ClosedPosition] | SourceUnavailable, may_trade: bool
) -> tuple[Any, Children]:
    if isinstance(held, SourceUnavailable):
        return no_update, missing(held, "Positions")
    if isinstance(closed, SourceUnavailable):
        return no_update, missing(closed, "Positions")
    return positions_table(held, closed, may_trade), None


def _orders(page: OrderPage | SourceUnavailable, may_trade: bool) -> tuple[Any, Children]:
    if isinstance(page, SourceUnavailable):
        return no_update, missing(page, "Orders")
    return orders_table(page["orders"][:ORDERS_SHOWN], may_trade), None


async def equity_content(sources: Sources, shown: list[Any] | None) -> tuple[Any, ...]:
    """Series, a command that fits the axis, what is shown now, and why there is no curve."""
    points = await sources.equity()
    if isinstance(points, SourceUnavailable):
        return no_update, no_update, no_update, missing(points, "Equity")
    if not points:
        return [], no_update, None, empty("No equity yet", "Starts with the first price.")
    now = [len(points), points[-1]["at"], points[-1]["equity"]]
    if now == shown:
        return no_update, no_update, no_update, None
    return charts.equity_series(points), {"action": "fitContent", "nonce": str(now)}, now, None
