"""Reads a user's headlines (news.csv) and company figures (fundamentals.csv).

What counts is when something became *public*. Figures dated by the end of their quarter, weeks before anyone could read
them, would let an analysis see the future.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Generic, TypeVar

from investiq.foundation.foreign_text import visible
from investiq.invest.market.columns import UnusedColumn, nearest_name
from investiq.invest.market.file_bounds import LONGEST_CELL, MOST_PUBLICATIONS
from investiq.invest.market.provider import BadMarketData
from investiq.invest.market.table_files import read_table
from investiq.invest.market.tables import Problems, Row, Table, UnreadableTable, number_of, publication_time_of
from investiq.invest.market.types import FIGURES, Fundamentals, Headline, MalformedSymbol, Symbol, parse_symbol

__all__ = ["FUNDAMENTALS_FILE", "NEWS_FILE", "Publications", "Published", "read_fundamentals", "read_headlines"]

NEWS_FILE = "news.csv"
FUNDAMENTALS_FILE = "fundamentals.csv"

Published = TypeVar("Published", Headline, Fundamentals)


@dataclass(frozen=True, slots=True)
class Publications(Generic[Published]):
    """What a file holds, by symbol, ascending by time.

    Attributes:
        unused: columns that nobody asks for.
    """

    by_symbol: Mapping[Symbol, Sequence[Published]]
    unused: Sequence[UnusedColumn] = ()


def read_headlines(folder: Path) -> Publications[Headline] | None:
    """The headlines in `folder`/news.csv; None when there is no such file.

    Raises:
        BadMarketData: rows of it cannot be read; all of them are named.
    """
    example = "published_at,symbol,headline\n2008-01-15T13:05:00Z,AAPL,Apple introduces the MacBook Air"
    return _read(folder / NEWS_FILE, _headlines, example)


def read_fundamentals(folder: Path) -> Publications[Fundamentals] | None:
    """The figures in `folder`/fundamentals.csv; None when there is no such file.

    Every column but as_of and symbol is a figure; an empty cell is a figure that is not known.

    Raises:
        BadMarketData: rows of it cannot be read; all of them are named.
    """
    example = "as_of,symbol,pe_ratio,pb_ratio,debt_to_equity,roe,revenue_growth\n2008-01-23,AAPL,33.1,8.2,,0.27,0.35"
    return _read(folder / FUNDAMENTALS_FILE, _fundamentals, example)


def _read(
    path: Path, read: Callable[[Table, Problems], Publications[Published]], example: str
) -> Publications[Published] | None:
    if not os.path.lexists(path):  # a link that leads nowhere is a file that cannot be read
        return None
    problems = Problems()
    try:
        found = read(read_table(path, MOST_PUBLICATIONS), problems)
    except UnreadableTable as error:
        problems.add(str(error))
    if problems.lines:
        raise BadMarketData(
            f"{path} cannot be used:\n  " + "\n  ".join(problems.lines) + f"\nMend these rows or move the file away. "
            f"A file like this is expected:\n{example}"
        )
    return found


def _collected(
    table: Table, problems: Problems, symbol_at: int, read: Callable[[Row], Published]
) -> Mapping[Symbol, Sequence[Published]]:
    found: dict[Symbol, list[Published]] = {}
    for row in table.rows:
        try:
            if len(row.cells) != len(table.columns):
                raise ValueError(f"{len(row.cells)} cells under {len(table.columns)} column names")
            found.setdefault(parse_symbol(str(row.cells[symbol_at])), []).append(read(row))
        except (ValueError, MalformedSymbol) as error:
            problems.add(f"{row.place}: {error}")
    return {symbol: sorted(items, key=attrgetter("published_at")) for symbol, items in found.items()}


def _headlines(table: Table, problems: Problems) -> Publications[Headline]:
    time_at, symbol_at, text_at = (table.require(name) for name in ("published_at", "symbol", "headline"))

    def read(row: Row) -> Headline:
        text = str(row.cells[text_at]).strip()
        if not text:
            raise ValueError("the headline is empty")
        if len(text) > LONGEST_CELL:
            raise ValueError(f"the headline has {len(text)} characters, at most {LONGEST_CELL} are read")
        return Headline(publication_time_of(row.cells[time_at]), text)

    return Publications(_collected(table, problems, symbol_at, read))


def _fundamentals(table: Table, problems: Problems) -> Publications[Fundamentals]:
    time_at, symbol_at = table.require("as_of"), table.require("symbol")
    names = _figures(table, (time_at, symbol_at))

    def read(row: Row) -> Fundamentals:
        given = {name: _figure(name, row.cells[at]) for at, name in names.items() if str(row.cells[at]).strip()}
        if not given:
            raise ValueError("no figure in this row")
        return Fundamentals(publication_time_of(row.cells[time_at]), MappingProxyType(given))

    unused = [
        UnusedColumn(table.file, table.columns[at], nearest_name(name, FIGURES))
        for at, name in names.items()
        if name not in FIGURES
    ]
    return Publications(_collected(table, problems, symbol_at, read), unused)


def _figures(table: Table, others: Sequence[int]) -> dict[int, str]:
    """The name of the figure in each column that holds one.

    Raises:
        UnreadableTable: two columns hold the same one.
    """
    known = {at: name for name in FIGURES if (at := table.position(name)) is not None}
    names: dict[int, str] = {}
    for at, column in enumerate(table.columns):
        if at in others:
            continue
        name = known.get(at, column.lower().replace(" ", "_"))
        if name in names.values():
            raise UnreadableTable(f"{table.file}:1: several columns called {visible(name)}: expected one")
        names[at] = name
    return names


def _figure(name: str, cell: object) -> float:
    try:
        return float(number_of(cell))
    except ValueError as error:
        raise ValueError(f"{visible(name)} {error}") from None
