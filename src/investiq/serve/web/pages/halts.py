"""Every halt and resume: who, why, and what the account was worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import html
from dash.development.base_component import Component

from investiq.clients.session import ClientError
from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import BreakerRecord
from investiq.foundation.vocabulary import BreakerEvent
from investiq.serve.web.elements import Children, card, chip, notice, page_title, paragraph, without_code
from investiq.serve.web.pages.trading_tabs import HALTS, asked, older, tabs
from investiq.serve.web.sources import Sources
from investiq.serve.web.tables import Column, data_table
from investiq.serve.web.words import HALT_REASONS

__all__ = ["layout"]

ROWS = 50


async def layout(sources: Sources, search: str) -> Component:
    """The page that `search` asks for, newest first."""
    query = {name: value for name, value in asked(search).items() if name == "before"}
    return html.Div([page_title(html.H1("Halts")), tabs(HALTS), card("Halts", await _content(sources, query))])


async def _content(sources: Sources, query: Mapping[str, str]) -> Children:
    try:
        page = await sources.client.halts(limit=ROWS, cursor=query.get("before"))
    except ClientError as error:
        return notice("Halts are not available", [paragraph(error.message)], "red")
    table = data_table(
        _COLUMNS,
        page["events"],
        key=lambda event: str(event["id"]),
        label="Halts and resumes",
        empty_text="No halts so far",
    )
    return [table, older(HALTS, query, page["next_cursor"])]


def _what(event: BreakerRecord) -> Children:
    return chip("Halted", "bad") if event["event"] == BreakerEvent.HALT else chip("Resumed", "good")


_COLUMNS: Sequence[Column[BreakerRecord]] = (
    Column("Market time, New York", lambda event: fmt.market_time(event["at"]), head=True),
    Column("What", _what),
    Column("Why", lambda event: HALT_REASONS.get(event["reason"] or "", event["reason"])),
    Column("By", lambda event: event["by"]),
    Column("Note", lambda event: without_code(event["note"]), long=True),
    Column("Equity", lambda event: fmt.money(event["equity"]), number=True),
    Column("Session loss", lambda event: fmt.percent(event["day_loss"], 2), number=True, rank=2),
    Column("Loss from peak", lambda event: fmt.percent(event["drawdown"], 2), number=True, rank=2),
    Column("Real time", lambda event: fmt.clock_time(event["wall"]), rank=3),
)
