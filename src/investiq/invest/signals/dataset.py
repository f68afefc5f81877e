"""Histories in, labelled rows out: what the classifier is trained and judged on."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.invest.market.history import History
from investiq.invest.market.types import Bar, Symbol
from investiq.invest.signals.features import FEATURES, NEEDED_BARS, feature_matrix

__all__ = ["HORIZON_SESSIONS", "MOST_ROWS", "Dataset", "bars_before", "build_dataset", "data_hash", "sampling"]

HORIZON_SESSIONS: Final = 5
"""Sessions from the close that a row knows to the close that its label looks at."""

MOST_ROWS: Final = 250_000
"""Rows that a model learns from, which takes half a minute: neighbouring sessions of a symbol, whose windows and labels
overlap, say little more together than each alone."""

Histories = Mapping[Symbol, Sequence[Bar]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows of all symbols together, ordered by session, then symbol. All arrays have one entry per row."""

    features: NDArray[np.float64]
    """(rows, features)"""

    up: NDArray[np.bool_]
    """Whether the close `HORIZON_SESSIONS` later was higher."""

    sessions: NDArray[np.datetime64]
    """The session whose close the row knows."""

    label_ends: NDArray[np.datetime64]
    """The session whose close decided the label: the label was not known before it."""

    symbols: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.up)

    def rows_per_symbol(self) -> dict[str, int]:
        names, counts = np.unique(self.symbols, return_counts=True)
        return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def bars_before(histories: Histories, before: date) -> dict[Symbol, History]:
    """The bars of sessions strictly before `before`, symbols in alphabetical order.

    This cut is the only guard against looking ahead that training needs: labels are made from what is left, so a
    label window can never reach past it.
    """
    past = {symbol: History.of(histories[symbol]) for symbol in sorted(histories)}
    return {symbol: bars[: bars.before(before)] for symbol, bars in past.items()}


def data_hash(histories: Histories) -> str:
    """SHA-256 of the bars, the same for equal numbers however they are written (`1.0` and `1.00`)."""
    digest = hashlib.sha256()
    for symbol in sorted(histories):
        bars = History.of(histories[symbol])
        digest.update(f"{symbol},{len(bars)}\n".encode())
        for column in bars.columns():
            digest.update(column.view(np.uint64).astype("<u8", copy=False).tobytes())
    return digest.hexdigest()


def sampling(histories: Histories) -> int:
    """One session of how many must be taken of each symbol so that the rows are no more than `MOST_ROWS`."""
    rows = sum(max(len(bars) - NEEDED_BARS + 1 - HORIZON_SESSIONS, 0) for bars in histories.values())
    return max(math.ceil(rows / MOST_ROWS), 1)


def _symbol_rows(symbol: Symbol, bars: Sequence[Bar], every: slice) -> Dataset:
    history = History.of(bars)
    closes, sessions = history.closes(), history.sessions
    matrix = feature_matrix(history, every)[:-HORIZON_SESSIONS]
    usable = np.isfinite(matrix).all(axis=1)
    up = closes[HORIZON_SESSIONS:] > closes[:-HORIZON_SESSIONS]
    return Dataset(
        features=matrix[usable],
        up=up[usable],
        sessions=sessions[:-HORIZON_SESSIONS][usable],
        label_ends=sessions[HORIZON_SESSIONS:][usable],
        symbols=np.full(int(usable.sum()), str(symbol)),
    )


def build_dataset(histories: Histories, every: int = 1) -> Dataset:
    """Rows that have all their features and a known label. An empty `histories` gives no rows.

    Args:
        every: take one session of so many of each symbol, each symbol beginning with another one, so that every
            session has its share of the rows.
    """
    parts = [
        _symbol_rows(symbol, bars, slice(number % every, None, every))
        for number, (symbol, bars) in enumerate(sorted(histories.items()))
        if len(bars) > HORIZON_SESSIONS
    ]
    if not parts:
        nothing = np.array([], dtype="datetime64[D]")
        empty = np.empty((0, len(FEATURES)))
        return Dataset(empty, np.array([], dtype=bool), nothing, nothing, np.array([], dtype=str))
    sessions = np.concatenate([part.sessions for part in parts])
    symbols = np.concatenate([part.symbols for part in parts])
    order = np.lexsort((symbols, sessions))
    return Dataset(
        features=np.concatenate([part.features for part in parts])[order],
        up=np.concatenate([part.up for part in parts])[order],
        sessions=sessions[order],
        label_ends=np.concatenate([part.label_ends for part in parts])[order],
        symbols=symbols[order],
    )
