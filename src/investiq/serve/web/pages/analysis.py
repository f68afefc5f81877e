"""Analysis: one symbol with its prices, what each engine says, and what that adds up to."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output, Patch, State, dcc, html, no_update
from dash.development.base_component import Component

from investiq.foundation.contract.api import Symbols
from investiq.serve.web import charts
from investiq.serve.web.elements import Children, attributes, card, missing, page_title, pending
from investiq.serve.web.mantine import dmc
from investiq.serve.web.pages.engines import engine_cards
from investiq.serve.web.pages.overall import overall_card
from investiq.serve.web.pages.quote import price_now, quote_content
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources

__all__ = ["layout", "register"]

POLL_MILLISECONDS = 5_000
CHART_HEIGHT = 420


async def layout(sources: Sources, search: str = "") -> Component:
    """The page; `search` may name the symbol, as in `?symbol=MSFT`."""
    symbols = await sources.symbols()
    names = [] if isinstance(symbols, SourceUnavailable) else _names(symbols)
    asked = parse_qs(search.removeprefix("?")).get("symbol", [""])[0].upper()
    chosen = asked or (names[0] if names else None)
    return html.Div(
        [
            dcc.Interval(id="analysis-poll", interval=POLL_MILLISECONDS),
            dcc.Store(id="chart-shown"),
            page_title(html.Div(html.H1("Analysis"), id="quote"), _picker(names, chosen)),
            html.Div(
                [
                    html.Div([_chart_card(), html.Div(id="refused")]),
                    html.Div(pending(CHART_HEIGHT), id="overall", className="analysis-overall"),
                ],
                className="analysis",
            ),
            html.H2("Engines", className="section"),
            html.Div([pending(320) for _ in range(4)], id="engines", className="engines"),
        ]
    )


def _names(symbols: Symbols) -> list[str]:
    return [summary["symbol"] for summary in symbols["symbols"]]


def _picker(names: list[str], chosen: str | None) -> Component:
    picker: Component = dmc.Select(
        id="symbol",
        data=names,
        value=chosen,
        placeholder="no symbols yet",
        searchable=True,
        allowDeselect=False,
        selectFirstOptionOnChange=True,
        nothingFoundMessage="no such symbol",
        w=180,
        **attributes(aria_label="Symbol"),
    )
    return picker


def _chart_card() -> Component:
    named = attributes(aria_label="Time shown")
    ranges = dmc.SegmentedControl(id="range", data=list(charts.RANGES), value="1Y", size="xs", **named)
    legend = [
        html.Span([html.I(style={"background": color}), f"SMA {sessions}"], className="legend-item")
        for sessions, color in charts.AVERAGES.items()
    ]
    body = [
        html.Div(charts.chart("price-chart", CHART_HEIGHT, charts.price_series([]), panes=(4, 1)), className="chart"),
        html.P(
            "Completed sessions; dashed line: last price. Below: volume in shares.",
            className="muted small",
        ),
        html.Div(id="chart-missing"),
    ]
    return card("Price", body, aside=[html.Div(legend, className="legend"), ranges])


def register(app: Dash, sources: Sources) -> None:
    """Keep the page current."""
    poll, symbol = Input("analysis-poll", "n_intervals"), Input("symbol", "value")

    async def show_quote(_ticks: int | None, name: str | None) -> Component:
        return await quote_content(sources, name)

    async def show_analysis(_ticks: int | None, name: str | None) -> tuple[Children, Children]:
        return await analysis_content(sources, name)

    async def show_symbols(_ticks: int | None, chosen: str | None) -> tuple[Any, Any, Children]:
        return await symbol_choices(sources, chosen)

    async def show_chart(_ticks: int | None, name: str | None, span: str, shown: list[Any] | None) -> tuple[Any, ...]:
        return await chart_content(sources, name, span, shown)

    charts.tint(app, "price-chart")
    app.callback(Output("quote", "children"), poll, symbol)(show_quote)
    app.callback(Output("overall", "children"), Output("engines", "children"), poll, symbol)(show_analysis)
    app.callback(
        Output("symbol", "data"),
        Output("symbol", "value"),
        Output("refused", "children"),
        poll,
        State("symbol", "value"),
        prevent_initial_call=True,
    )(show_symbols)
    app.callback(
        Output("price-chart", "series"),
        Output("price-chart", "visibleRange"),
        Output("chart-shown", "data"),
        Output("chart-missing", "children"),
        poll,
        symbol,
        Input("range", "value"),
        State("chart-shown", "data"),
    )(show_chart)


async def symbol_choices(sources: Sources, chosen: str | None) -> tuple[Any, Any, Children]:
    """The symbols to choose from, a first choice where there was none, and those whose data was refused."""
    symbols = await sources.symbols()
    if isinstance(symbols, SourceUnavailable):
        return no_update, no_update, None
    names = _names(symbols)
    first = names[0] if names and not chosen else no_update
    refused = [html.Li([html.Strong(r["symbol"]), f": {'; '.join(r['reasons'])}"]) for r in symbols["refused"]]
    return names, first, card("Rejected data", html.Ul(refused)) if refused else None


async def analysis_content(sources: Sources, name: str | None) -> tuple[Children, Children]:
    """The overall result and the engine cards of the symbol."""
    if not name:
        return await _why_no_symbol(sources), None
    analysis = await sources.analysis(name)
    if isinstance(analysis, SourceUnavailable):
        return missing(analysis, f"The analysis of {name}"), None
    return overall_card(analysis), engine_cards(analysis["engines"])


async def _prices_missing(sources: Sources) -> Component | None:
    symbols = await sources.symbols()
    return missing(symbols, "Prices") if isinstance(symbols, SourceUnavailable) else None


async def _why_no_symbol(sources: Sources) -> Component:
    symbols = await sources.symbols()
    if isinstance(symbols, SourceUnavailable):
        return missing(symbols, "Symbols")
    return card("Nothing to analyse", "No symbol has a completed session yet.")


async def chart_content(sources: Sources, name: str | None, span: str, shown: list[Any] | None) -> tuple[Any, ...]:
    """Series, visible range, what is shown now (symbol, range, last session, price), and why there is no chart.

    An unchanged chart is not sent again, and its range is set only when the user chose another symbol or range.
    """
    if not name:
        return no_update, no_update, None, await _prices_missing(sources)
    answer, symbols = await asyncio.gather(sources.bars(name), sources.symbols())
    if isinstance(answer, SourceUnavailable):
        return no_update, no_update, None, missing(answer, f"The chart of {name}")
    bars, price = answer["bars"], price_now(symbols, name)
    now = [name, span, bars[-1]["session"] if bars else "", price]
    if now == shown:
        return no_update, no_update, no_update, None
    drawn_name, drawn_span, drawn_session, drawn_price = shown or [None] * 4
    moved = (name, span) != (drawn_name, drawn_span)
    series: Any = no_update
    if (name, now[2]) != (drawn_name, drawn_session):
        series = charts.price_series(bars, price)
    elif price != drawn_price:
        series = _moved_line(price)
    return series, charts.visible_range(bars, span) if moved else no_update, now, None


def _moved_line(price: str | None) -> Patch:
    """The price line alone: the thousand bars behind it are not sent again."""
    patch = Patch()
    patch[0]["priceLines"] = charts.price_line(price)
    return patch
