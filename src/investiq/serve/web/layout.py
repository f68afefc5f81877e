"""The frame around every page."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from investiq import __version__
from investiq.serve.web import header
from investiq.serve.web.changes import Changes
from investiq.serve.web.elements import attributes, pending
from investiq.serve.web.mantine import dmc
from investiq.serve.web.pages import (
    analysis,
    audit,
    checklist,
    halts,
    operations,
    orders,
    silence,
    silence_index,
    trading,
)
from investiq.serve.web.permission import SESSION, Shown
from investiq.serve.web.sources import Sources

__all__ = ["INDEX", "frame", "register"]

INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
{%css%}
<script src="/assets/first/again.js"></script>
<script src="/assets/first/scheme.js"></script>
</head>
<body>
<noscript>The console needs JavaScript. Without it: <code>investiq status</code>.</noscript>
{%app_entry%}
<div id="scripts">
{%config%}
{%scripts%}
{%renderer%}
</div>
</body>
</html>
"""

_NAVIGATION = (("/", "Analysis"), ("/trading", "Trading"), ("/operations", "Operations"))

_THEME = {
    "primaryColor": "indigo",
    "primaryShade": {"light": 7, "dark": 7},
    # Mantine's own dark greys are neutral; these go with the tokens of assets/console.css.
    "colors": {
        "dark": [
            "#e4e8ee",
            "#b4becb",
            "#97a3b3",
            "#5d6a7b",
            "#3a4452",
            "#29313c",
            "#1f2731",
            "#161b22",
            "#11161c",
            "#0e1217",
        ]
    },
    "fontFamily": "var(--iq-font)",
    "headings": {"fontFamily": "var(--iq-font)"},
    "defaultRadius": "sm",
    "cursorType": "pointer",
}


def frame() -> Component:
    """Header, page, footer; the page follows the address."""
    provider: Component = dmc.MantineProvider(
        [
            dcc.Location(id="address"),
            dcc.Store(id="page-name"),
            dcc.Store(id=SESSION),
            dcc.Interval(id="header-poll", interval=header.POLL_MILLISECONDS),
            html.A("Skip to content", href="#page", className="skip"),
            html.Div(id="stale", className="stale", role="alert", hidden=True),
            html.Header([_bar(), html.Div(pending(38), id="status", className="status")], className="top"),
            html.Div(id="outage", className="outage"),
            html.Main(id="page", tabIndex=-1),
            _footer(),
        ],
        theme=_THEME,
        defaultColorScheme="auto",
    )
    return provider


def _bar() -> Component:
    links = [dcc.Link(name, href=path, className="nav-link") for path, name in _NAVIGATION]
    scheme = dmc.ColorSchemeToggle(
        id="scheme",
        lightIcon=html.Span(className="icon icon-sun"),
        darkIcon=html.Span(className="icon icon-moon"),
        variant="subtle",
        color="gray",
        size="md",
        **attributes(aria_label="Light or dark"),
    )
    brand = dcc.Link([html.Span("Invest"), html.Span("IQ", className="brand-iq")], href="/", className="brand")
    who = html.Div(id="who", className="who")
    return html.Div([brand, html.Nav(links, **attributes(aria_label="Pages")), who, scheme], className="bar")


def _footer() -> Component:
    return html.Footer(
        [
            html.Span(f"InvestIQ {__version__}"),
            html.Span("Charts by TradingView Lightweight Charts™, © TradingView, Inc., tradingview.com"),
        ],
        className="foot",
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an address asks for: `names` are what stands in it after its first part."""

    sources: Sources
    changes: Changes
    names: Sequence[str]
    search: str
    session: Shown


_Page = Callable[[_Asked], Component | Awaitable[Component]]


def _analysis(asked: _Asked) -> Awaitable[Component]:
    return analysis.layout(asked.sources, asked.search)


_PAGES: Mapping[str, _Page] = {
    "trading": lambda _asked: trading.layout(),
    "trading/orders": lambda asked: orders.layout(asked.sources, asked.search, asked.session),
    "trading/halts": lambda asked: halts.layout(asked.sources, asked.search),
    "checklist": lambda _asked: checklist.layout(),
    "audit": lambda asked: audit.layout(asked.changes.logins, asked.search, asked.session),
    "silence": lambda asked: silence_index.layout(asked.sources),
}
_PAGES_OF: Mapping[str, _Page] = {
    "operations": lambda asked: operations.layout(asked.sources, *asked.names[:1]),
    "silence": lambda asked: silence.layout(asked.sources, asked.names[0], asked.search, asked.session),
}
"""Pages that are one for each name."""


def register(app: Dash, sources: Sources, changes: Changes) -> None:
    """Connect the address with the page."""

    async def show(path: str | None, search: str | None, session: Shown) -> Any:
        first, *names = (path or "/").strip("/").split("/")
        asked = _Asked(sources, changes, [unquote(name) for name in names], search or "", session)
        content = _PAGES.get("/".join([first, *names]), _PAGES_OF.get(first, _analysis))(asked)
        return await content if inspect.isawaitable(content) else content

    app.callback(
        Output("page", "children"), Input("address", "pathname"), Input("address", "search"), State(SESSION, "data")
    )(show)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("investiq", "mark_page"), Output("page-name", "data"), Input("address", "pathname")
    )
    header.register(app, sources, changes.logins)
    for page in (analysis, operations, checklist):
        page.register(app, sources)
    for changing in (trading, silence):
        changing.register(app, sources, changes)
