"""The equal-weight universe: the mean daily return of every symbol, which a beta is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.invest.market.history import Floats, History
from investiq.invest.market.market import Market
from investiq.invest.market.session_cache import SessionCache

__all__ = ["UNIVERSE_SESSIONS", "Universe", "daily_returns", "universe_at", "universes_of"]

Days = NDArray[np.datetime64]

UNIVERSE_SESSIONS: Final = 253
"""Sessions of a universe: 252 returns, a year."""

_AT_ONCE: Final = 256
"""Symbols whose returns are in memory at the same time: 0.5 MB."""


@dataclass(frozen=True, slots=True)
class Universe:
    """The universe up to one completed session.

    Attributes:
        sessions: the last sessions in which any symbol has a bar, ascending, at most `UNIVERSE_SESSIONS`.
        returns: the mean return of the symbols from each of `sessions` to the next; NaN where no symbol has one.
    """

    sessions: Days
    returns: Floats


def universes_of(market: Market) -> SessionCache[Universe]:
    """The universes of `market`, each computed once."""
    return SessionCache(lambda session: universe_at(market, session), market.version)


def universe_at(market: Market, session: date) -> Universe:
    """The universe up to `session`, which must be completed.

    A symbol counts from its second bar on: its absence before is no return of 0.
    """
    histories = [market.bars(symbol, limit=UNIVERSE_SESSIONS, end=session) for symbol in market.symbols()]
    sessions = _last_sessions(histories)
    returns = max(len(sessions) - 1, 0)
    total, present = np.zeros(returns), np.zeros(returns)
    for start in range(0, len(histories), _AT_ONCE):
        closes = np.stack([_closes_at(sessions, history) for history in histories[start : start + _AT_ONCE]])
        each = closes[:, 1:] / closes[:, :-1] - 1
        known = np.isfinite(each)
        # One symbol after the other, however many are taken at once: the order decides the last digit.
        total = np.add.reduce(np.vstack([total, np.where(known, each, 0.0)]), axis=0)
        present += known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean: Floats = total / present
    return Universe(sessions, mean)


def daily_returns(history: History, sessions: Days) -> Floats:
    """Returns from each of `sessions` to the next, shape (len(sessions) - 1,); NaN where either bar is missing."""
    if not len(sessions):
        return np.array([], dtype=np.float64)
    closes = _closes_at(sessions, history)
    returns: Floats = closes[1:] / closes[:-1] - 1
    return returns


def _closes_at(sessions: Days, history: History) -> Floats:
    """The closes of `sessions`, at least one; NaN where a bar is missing."""
    if np.array_equal(history.sessions, sessions):  # as of nearly all
        return history.closes()
    recent = history[history.before(sessions[0].item()) :]
    places = sessions.searchsorted(recent.sessions)
    found = (places < len(sessions)) & (sessions[np.minimum(places, len(sessions) - 1)] == recent.sessions)
    closes = np.full(len(sessions), np.nan)
    closes[places[found]] = recent.closes()[found]
    return closes


def _last_sessions(histories: Sequence[History]) -> Days:
    nothing = np.array([], dtype="datetime64[D]")
    first = histories[0].sessions if histories else nothing
    if all(np.array_equal(first, history.sessions) for history in histories):
        return first[-UNIVERSE_SESSIONS:]
    return np.unique(np.concatenate([nothing, *(history.sessions for history in histories)]))[-UNIVERSE_SESSIONS:]
