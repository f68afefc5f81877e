"""Every order, by what the address asks for: a page that can be shared and comes back on reload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from investiq.clients.session import ClientError
from investiq.foundation.vocabulary import Access, OrderStatus, Side
from investiq.serve.web.elements import Children, attributes, card, notice, page_title, paragraph
from investiq.serve.web.pages.blotter import NO_ORDERS, orders_table
from investiq.serve.web.pages.trading_tabs import ORDERS, asked, older, tabs
from investiq.serve.web.permission import Shown, may
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources
from investiq.serve.web.words import title

__all__ = ["layout"]

ROWS: Final = 50
_FILTERS: Mapping[str, str] = {
    "symbol": "symbol",
    "side": "side",
    "status": "status",
    "by": "by",
    "from": "start",
    "to": "end",
    "before": "cursor",
}
"""Parameters of the address, and what the API's client calls them."""


async def layout(sources: Sources, search: str, session: Shown) -> Component:
    """The orders that `search` asks for, newest first."""
    query = {name: value for name, value in asked(search).items() if name in _FILTERS}
    return html.Div(
        [
            page_title(html.H1("Orders")),
            tabs(ORDERS),
            card("Filter", await _filters(sources, query)),
            card("Orders", await _content(sources, query, may(session, Access.TRADE))),
        ]
    )


async def _content(sources: Sources, query: Mapping[str, str], may_trade: bool) -> Children:
    wanted = {_FILTERS[name]: value for name, value in query.items()}
    try:
        page = await sources.client.orders(limit=ROWS, **wanted)
    except ClientError as error:
        return notice("Orders are not available", [paragraph(error.message)], "red")
    filtered = any(name != "before" for name in query)
    nothing = "No matching orders" if filtered else NO_ORDERS
    table = orders_table(page["orders"], may_trade, nothing=nothing)
    answer = html.Div(id="orders-answer", **attributes(aria_live="polite"))
    return [answer, table, older(ORDERS, query, page["next_cursor"])]


async def _filters(sources: Sources, query: Mapping[str, str]) -> Component:
    """A form without a script: what is chosen becomes the address."""
    symbols = await sources.symbols()
    known = [] if isinstance(symbols, SourceUnavailable) else [each["symbol"] for each in symbols["symbols"]]
    everything = dcc.Link("All orders", href=ORDERS) if query else None
    fields = [
        _typed("symbol", "Symbol", query, names=known),
        _choice("side", "Side", Side, query),
        _choice("status", "Status", OrderStatus, query),
        _typed("by", "Placed by", query),
        _typed("from", "From day, New York", query, kind="date"),
        _typed("to", "To day, New York", query, kind="date"),
        html.Div([html.Button("Show", type="submit", className="submit"), everything], className="filter-buttons"),
    ]
    return html.Form(fields, action=ORDERS, method="get", className="filters")


def _typed(
    name: str, label: str, query: Mapping[str, str], *, kind: str = "text", names: list[str] | None = None
) -> Component:
    suggestions = html.Datalist([html.Option(value=one) for one in names], id=f"{name}-known") if names else None
    html_attributes: dict[str, Any] = {"type": kind} | ({"list": f"{name}-known"} if names else {})
    field = dcc.Input(name=name, value=query.get(name, ""), debounce=True, className="field", **html_attributes)
    return html.Label([html.Span(label), field, suggestions])


def _choice(name: str, label: str, values: Iterable[str], query: Mapping[str, str]) -> Component:
    chosen = query.get(name, "")
    options = [html.Option(title(value) or "Any", value=value, selected=value == chosen) for value in ("", *values)]
    return html.Label([html.Span(label), html.Select(options, name=name, className="field")])
