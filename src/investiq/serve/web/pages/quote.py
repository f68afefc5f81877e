"""The price line of a symbol: what it costs, since when, and how far that is from the previous close."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import Symbols, SymbolSummary
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources

__all__ = ["price_now", "quote_content"]


async def quote_content(sources: Sources, name: str | None) -> Component:
    """The line; without a price, the name alone."""
    if not name:
        return html.H1("Analysis")
    summary = _summary(await sources.symbols(), name)
    if summary is None or summary["last_price"] is None:
        return html.H1(name)
    return html.Div(
        [
            html.H1(name),
            html.Span(fmt.price(summary["last_price"]), className="quote-price"),
            _change(summary["last_price"], summary["previous_close"]),
            html.Span(f"{fmt.market_time(summary['last_price_at'])}, New York", className="muted"),
        ],
        className="quote-line",
    )


def price_now(symbols: Symbols | SourceUnavailable, name: str) -> str | None:
    """The last price of the symbol, where there is one."""
    summary = _summary(symbols, name)
    return summary["last_price"] if summary else None


def _summary(symbols: Symbols | SourceUnavailable, name: str) -> SymbolSummary | None:
    summaries = [] if isinstance(symbols, SourceUnavailable) else symbols["symbols"]
    return next((summary for summary in summaries if summary["symbol"] == name), None)


def _change(price: str, close: str | None) -> Component | None:
    if close is None:
        return None
    change = float(price) / float(close) - 1
    words = f"{fmt.percent(change, 2, plus=True)} since the previous close"
    return html.Span(words, className=fmt.tone(change, 4))
