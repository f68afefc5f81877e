"""Reads a user's headlines (news.csv) and company figures (fundamentals.csv).

What counts is when something became *public*. Figures dated by the end of their quarter, weeks before anyone could read
them, would let an analysis see the future.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from investiq.invest.market.provider import BadMarketData
from investiq.invest.market.tables import (
    Row,
    Table,
    UnreadableTable,
    listed,
    number_of,
    publication_time_of,
    read_table,
)
from investiq.invest.market.types import Fundamentals, Headline, MalformedSymbol, Symbol, parse_symbol

__all__ = ["FUNDAMENTALS_FILE", "NEWS_FILE", "read_fundamentals", "read_headlines"]

NEWS_FILE = "news.csv"
FUNDAMENTALS_FILE = "fundamentals.csv"

Published = TypeVar("Published", Headline, Fundamentals)


def read_headlines(folder: Path) -> Mapping[Symbol, Sequence[Headline]] | None:
    """Headlines by symbol, ascending by time, from `folder`/news.csv; None when there is no such file.

    Raises:
        BadMarketData: rows of it cannot be read; all of them are named.
    """
    example = "published_at,symbol,headline\n2008-01-15T13:05:00Z,AAPL,Apple introduces the MacBook Air"
    return _read(folder / NEWS_FILE, "published_at", _headlines_of, example)


def read_fundamentals(folder: Path) -> Mapping[Symbol, Sequence[Fundamentals]] | None:
    """Figures by symbol, ascending by time, from `folder`/fundamentals.csv; None when there is no such file.

    Every column but as_of and symbol is a figure; an empty cell is a figure that is not known.

    Raises:
        BadMarketData: rows of it cannot be read; all of them are named.
    """
    example = "as_of,symbol,pe_ratio,pb_ratio,debt_to_equity,roe,revenue_growth\n2008-01-23,AAPL,33.1,8.2,,0.27,0.35"
    return _read(folder / FUNDAMENTALS_FILE, "as_of", _fundamentals_of, example)


def _read(
    path: Path, time_column: str, reader_of: Callable[[Table, int, int], Callable[[Row], Published]], example: str
) -> Mapping[Symbol, Sequence[Published]] | None:
    if not path.exists():
        return None
    try:
        found, problems = _collect(read_table(path), time_column, reader_of)
    except UnreadableTable as error:
        found, problems = {}, [str(error)]
    if problems:
        raise BadMarketData(
            f"{path} cannot be used:\n  " + "\n  ".join(listed(problems)) + f"\nMend these rows or move the file away. "
            f"A file like this is expected:\n{example}"
        )
    return {symbol: sorted(items, key=attrgetter("published_at")) for symbol, items in found.items()}


def _collect(
    table: Table, time_column: str, reader_of: Callable[[Table, int, int], Callable[[Row], Published]]
) -> tuple[dict[Symbol, list[Published]], list[str]]:
    symbol_at = table.require("symbol")
    read = reader_of(table, table.require(time_column), symbol_at)
    found: dict[Symbol, list[Published]] = {}
    problems: list[str] = []
    for row in table.rows:
        try:
            if len(row.cells) != len(table.columns):
                raise ValueError(f"{len(row.cells)} cells under {len(table.columns)} column names")
            found.setdefault(parse_symbol(str(row.cells[symbol_at])), []).append(read(row))
        except (ValueError, MalformedSymbol) as error:
            problems.append(f"{row.place}: {error}")
    return found, problems


def _headlines_of(table: Table, time_at: int, _symbol_at: int) -> Callable[[Row], Headline]:
    text_at = table.require("headline")

    def read(row: Row) -> Headline:
        text = str(row.cells[text_at]).strip()
        if not text:
            raise ValueError("the headline is empty")
        return Headline(publication_time_of(row.cells[time_at]), text)

    return read


def _fundamentals_of(table: Table, time_at: int, symbol_at: int) -> Callable[[Row], Fundamentals]:
    names = {
        at: name.lower().replace(" ", "_") for at, name in enumerate(table.columns) if at not in (time_at, symbol_at)
    }

    def figure(name: str, cell: object) -> float:
        try:
            return float(number_of(cell))
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None

    def read(row: Row) -> Fundamentals:
        given = {name: figure(name, row.cells[at]) for at, name in names.items() if str(row.cells[at]).strip()}
        if not given:
            raise ValueError("no figure in this row")
        return Fundamentals(publication_time_of(row.cells[time_at]), MappingProxyType(given))

    return read
