"""The frame around every page."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from investiq import __version__
from investiq.web import header
from investiq.web.elements import pending
from investiq.web.pages import analysis, operations, trading
from investiq.web.sources import Sources

__all__ = ["INDEX", "frame", "register"]

INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
{%favicon%}
{%css%}
<script src="/assets/first/scheme.js"></script>
</head>
<body>
<noscript>The console needs JavaScript. Without it: <code>investiq status</code>.</noscript>
{%app_entry%}
<footer id="scripts">
{%config%}
{%scripts%}
{%renderer%}
</footer>
</body>
</html>
"""

_NAVIGATION = (("/", "Analysis"), ("/trading", "Trading"), ("/operations", "Operations"))

_THEME = {
    "primaryColor": "indigo",
    "fontFamily": "var(--iq-font)",
    "headings": {"fontFamily": "var(--iq-font)"},
    "defaultRadius": "sm",
    "cursorType": "pointer",
}


def frame() -> Component:
    """Header, page, footer; the page follows the address."""
    return dmc.MantineProvider(
        [
            dcc.Location(id="address"),
            dcc.Store(id="page-name"),
            dcc.Interval(id="header-poll", interval=header.POLL_MILLISECONDS),
            html.A("Skip to the page", href="#page", className="skip"),
            html.Div(id="stale", className="stale", role="alert", hidden=True),
            html.Header([_bar(), html.Div(pending(38), id="status", className="status")], className="top"),
            html.Div(id="outage", className="outage"),
            html.Main(id="page", tabIndex=-1),
            _footer(),
        ],
        theme=_THEME,
        defaultColorScheme="auto",
    )


def _bar() -> Component:
    links = [dcc.Link(name, href=path, className="nav-link") for path, name in _NAVIGATION]
    scheme = dmc.ColorSchemeToggle(
        id="scheme",
        lightIcon=html.Span("☀", **{"aria-hidden": "true"}),
        darkIcon=html.Span("☾", **{"aria-hidden": "true"}),
        variant="subtle",
        color="gray",
        size="md",
        **{"aria-label": "Light or dark"},
    )
    brand = dcc.Link([html.Span("Invest"), html.Span("IQ", className="brand-iq")], href="/", className="brand")
    return html.Div([brand, html.Nav(links, **{"aria-label": "Pages"}), scheme], className="bar")


def _footer() -> Component:
    return html.Footer(
        [
            html.Span(f"InvestIQ {__version__}"),
            html.Span(
                "Charts: TradingView Lightweight Charts™, copyright TradingView, Inc., tradingview.com (Apache-2.0)"
            ),
        ],
        className="foot",
    )


def register(app: Dash, sources: Sources) -> None:
    """Connect the address with the page."""

    async def show(path: str | None, search: str | None) -> Any:
        pages = {"/trading": trading.layout, "/operations": operations.layout}
        page = pages.get(path or "/")
        return await analysis.layout(sources, search or "") if page is None else page()

    app.callback(Output("page", "children"), Input("address", "pathname"), Input("address", "search"))(show)
    app.clientside_callback(
        ClientsideFunction("investiq", "mark_page"), Output("page-name", "data"), Input("address", "pathname")
    )
    header.register(app, sources)
    for page in (analysis, trading, operations):
        page.register(app, sources)
