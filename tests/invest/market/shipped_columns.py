"""The shipped prices as their source has them, and the columns that are kept of them.

    python -m tests.invest.market.shipped_columns

writes the columns anew.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from importlib import resources
from itertools import groupby
from operator import itemgetter

import numpy as np

from investiq.invest.market.adjustment import adjusted_bar
from investiq.invest.market.history import History
from investiq.invest.market.providers.replay import COLUMNS, KEPT
from investiq.invest.market.types import Bar, Symbol

__all__ = ["source_bars"]


def source_bars() -> Mapping[Symbol, History]:
    """Every bar of the source, which is ordered by symbol, then session."""
    path = resources.files("investiq.invest.market").joinpath("data", "stocks.csv.gz")
    with path.open("rb") as packed, gzip.open(packed, "rt", encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        next(rows)
        return {Symbol(symbol): History.of(tuple(_bars(group))) for symbol, group in groupby(rows, key=itemgetter(0))}


def _bars(rows: Iterator[list[str]]) -> Iterator[Bar]:
    for _symbol, day, *numbers in rows:
        open_, high, low, close, volume, adjusted = map(Decimal, numbers)
        yield adjusted_bar(
            date.fromisoformat(day),
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
            adjusted_close=adjusted,
        )


def _write(bars: Mapping[Symbol, History]) -> None:
    """In 32 bits where they hold it, which is checked."""
    columns = [np.concatenate(column) for column in zip(*(one.columns() for one in bars.values()), strict=True)]
    sessions, *prices, volume = columns
    small = [price.astype(np.uint32) for price in prices]
    assert all((one == price).all() for one, price in zip(small, prices, strict=True))
    counts = np.array([len(one) for one in bars.values()], dtype=np.int32)
    arrays = (np.array([str(symbol) for symbol in bars]), counts, sessions.astype(np.int32), *small, volume)
    with resources.as_file(COLUMNS) as path:
        np.savez_compressed(path, allow_pickle=False, **dict(zip(KEPT, arrays, strict=True)))


if __name__ == "__main__":
    _write(source_bars())
