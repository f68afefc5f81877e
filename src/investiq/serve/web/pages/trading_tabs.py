"""The pages of trading, as tabs, and how they name what an address asks for."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode

from dash import dcc, html
from dash.development.base_component import Component

from investiq.serve.web.elements import attributes

__all__ = ["HALTS", "ORDERS", "TRADING", "address", "asked", "older", "tabs"]

TRADING, ORDERS, HALTS = "/trading", "/trading/orders", "/trading/halts"

_TABS = ((TRADING, "Account"), (ORDERS, "Orders"), (HALTS, "Halts"))


def tabs(current: str) -> Component:
    """The tabs; `current` is the address of the page that shows them."""
    return html.Nav(
        [_tab(path, name, path == current) for path, name in _TABS],
        className="tabs",
        **attributes(aria_label="Trading"),
    )


def _tab(path: str, name: str, current: bool) -> Component:
    if current:  # a dcc.Link knows no ARIA attributes
        return html.A(name, href=path, className="tab current", **attributes(aria_current="page"))
    return dcc.Link(name, href=path, className="tab")


def asked(search: str) -> dict[str, str]:
    """The last value of each parameter of an address that is not empty."""
    return {name: values[-1] for name, values in parse_qs(search.removeprefix("?")).items()}


def address(path: str, query: Mapping[str, str]) -> str:
    """The address of a page that shows what `query` asks for."""
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{given}" if given else path


def older(path: str, query: Mapping[str, str], next_cursor: str | None) -> Component:
    """The way to the page before and back to the newest; `query` is what the address asks for now."""
    newest = {name: value for name, value in query.items() if name != "before"}
    links = [dcc.Link("Newest", href=address(path, newest))] if "before" in query else []
    if next_cursor:
        links.append(dcc.Link("Older", href=address(path, {**newest, "before": next_cursor})))
    return html.Nav(links, className="pages", **attributes(aria_label="Pages"))
