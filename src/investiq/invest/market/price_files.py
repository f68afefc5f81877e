"""One symbol's file of prices, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from investiq.foundation.foreign_text import visible
from investiq.invest.market.bar_checks import CheckedBars, check_bars
from investiq.invest.market.calendar import TradingCalendar
from investiq.invest.market.file_bounds import MOST_BARS
from investiq.invest.market.history import History
from investiq.invest.market.plain_csv import plain_bars
from investiq.invest.market.table_files import table_in
from investiq.invest.market.tables import UnreadableTable
from investiq.invest.market.types import MalformedSymbol, Symbol, parse_symbol

__all__ = ["check_content", "refused", "symbol_of", "unusable_name"]


def symbol_of(path: Path) -> Symbol:
    """The symbol that the file is named after. A name that is no symbol stands for itself, to be refused."""
    try:
        return parse_symbol(path.stem)
    except MalformedSymbol:
        return Symbol(visible(path.stem))


def check_content(path: Path, content: bytes, calendar: TradingCalendar) -> CheckedBars:
    """The bars in `content`, which was read of the file `path`, or why they are refused."""
    if wrong := unusable_name(path):
        return refused(wrong)
    try:
        if path.suffix.lower() == ".csv" and (found := plain_bars(visible(path.name), content, calendar, MOST_BARS)):
            return found
        return check_bars(table_in(path, content, MOST_BARS), calendar)
    except UnreadableTable as error:
        return refused([str(error)])


def unusable_name(path: Path) -> Sequence[str]:
    """Why no symbol can be named as the file is; empty when one can."""
    try:
        parse_symbol(path.stem)
    except MalformedSymbol as error:
        return [f"{visible(path.name)}: the file's name is not a symbol: {error}"]
    return ()


def refused(reasons: Sequence[str]) -> CheckedBars:
    """No bars, for these reasons."""
    return CheckedBars(History.of(()), tuple(reasons))
