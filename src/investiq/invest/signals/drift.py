"""Drift: how far what the model is asked about has moved from what it learned from.

The measure is the population stability index between the training rows (shares `p` of some bins) and a window of recent
live requests (shares `q` of the same bins):

    PSI = sum over bins of (q - p) * ln(q / p)

Bins are the deciles of the training rows. Half a row is added to each bin on both sides, so that an empty bin does not
make the index infinite. By convention (N. Siddiqi, *Credit Risk Scorecards*, Wiley 2006) nothing has changed below 0.1,
a little has from 0.1 to 0.25, and above 0.25 it is another population.

The convention supposes independent rows. These are not: neighbouring sessions share most of their windows, and the
symbols move together. Within the years 2000 to 2007, from which the default model learns, a window of 50 sessions has
an index above 0.25 for 9 of the 23 features at the median, one of 252 sessions for 2. Hence the long window; and hence
`FeatureDrift` judges the mean over all features: over 252 sessions of those years it is 0.10 at the median, below 0.22
in 95 % of the windows, and 0.25 at most.

With n live rows and no drift at all the index is about (bins - 1) / n on average (B. Yurdakul, *Statistical Properties
of Population Stability Index*, 2018), which is why it says nothing before `MINIMUM_ROWS`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from investiq.invest.market.types import Symbol
from investiq.invest.signals.features import FEATURES

__all__ = [
    "MINIMUM_ROWS",
    "MINIMUM_SESSIONS",
    "WINDOW_ROWS",
    "WINDOW_SESSIONS",
    "Binned",
    "DriftReference",
    "DriftReport",
    "DriftWindow",
    "binned",
]

BINS: Final = 10

WINDOW_SESSIONS: Final = 252
"""Distinct sessions that the window remembers: a year."""

WINDOW_ROWS: Final = 20_000
"""Rows that the window remembers at most, each in as many bytes as there are features: half a megabyte."""

MINIMUM_SESSIONS: Final = 126
MINIMUM_ROWS: Final = 250

_HALF: Final = 0.5

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Binned(_Section):
    """One quantity of the training rows in bins."""

    edges: tuple[FiniteFloat, ...] = Field(
        max_length=BINS - 1, description="inner edges, ascending; a value on an edge belongs to the bin above it"
    )
    shares: tuple[FiniteFloat, ...] = Field(description="share of the training rows in each bin, one more than edges")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.shares) != len(self.edges) + 1:
            raise ValueError(f"{len(self.edges)} edges make {len(self.edges) + 1} bins, not {len(self.shares)}")
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError("the edges must ascend")
        if not all(0 < share <= 1 for share in self.shares) or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError("the shares must be above 0 and sum to 1")
        return self

    def place(self, value: float) -> int:
        """The number of the bin of `value`, from 0."""
        return bisect_right(self.edges, value)

    def index(self, counts: Counts) -> float:
        """The population stability index of live rows, given their number in each bin. Never negative."""
        learned, live = np.asarray(self.shares), _shares(counts)
        return float(((live - learned) * np.log(live / learned)).sum())


class DriftReference(_Section):
    """What the live requests are compared with, kept in the model card."""

    features: dict[str, Binned] = Field(description="each feature over the training rows")
    probability: Binned = Field(description="the forecasts of rows that the model had not seen, out of fold")

    @model_validator(mode="after")
    def _of_these_features(self) -> Self:
        if tuple(self.features) != FEATURES:
            raise ValueError("the reference for drift has other features than this version computes")
        return self


class DriftReport(_Section):
    """Drift of recent requests from the training rows, as GET /model tells it."""

    sessions: int = Field(ge=0, description="distinct sessions in the window")
    rows: int = Field(ge=0, description="distinct pairs of symbol and session in the window")
    enough: bool = Field(description=f"at least {MINIMUM_SESSIONS} sessions and {MINIMUM_ROWS} rows")
    newest_session: date | None = Field(description="newest session that was predicted from")
    features: dict[str, FiniteFloat] | None = Field(
        description="population stability index of each feature; null before there is enough"
    )
    probability: FiniteFloat | None = Field(description="likewise of the predicted probability")

    @property
    def mean(self) -> float | None:
        """The mean index over all features; what the alert goes by."""
        return None if self.features is None else sum(self.features.values()) / len(self.features)


def binned(values: Floats) -> Binned:
    """`values` of the training rows in their deciles; fewer bins where many values are equal.

    Args:
        values: (rows,), finite, at least one.
    """
    # Edges that are values of the data: one between two equal masses would split neither.
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return Binned(edges=tuple(map(float, edges)), shares=tuple(map(float, _shares(counts))))


def _shares(counts: NDArray[np.integer]) -> Floats:
    return np.asarray((counts + _HALF) / (counts.sum() + _HALF * len(counts)), dtype=np.float64)


class DriftWindow:
    """The recent live requests, in the bins of the training rows.

    A symbol counts once for a session, however often it is asked about: a console that asks every few seconds is no
    evidence. The window is that of arrival, so that a request with a session from the far future goes as it came.
    """

    def __init__(self, reference: DriftReference) -> None:
        self._bins = (*reference.features.values(), reference.probability)
        self._counts = [np.zeros(len(one.shares), dtype=np.int64) for one in self._bins]
        self._sessions: OrderedDict[date, dict[Symbol, bytes]] = OrderedDict()
        self._rows = 0

    def observe(self, symbol: Symbol, session: date, features: Floats, probability: float) -> bool:
        """Take in what was predicted from; False for a symbol and session that are in the window already.

        Args:
            features: (features,), finite, in the order of `FEATURES`.
        """
        known = self._sessions.setdefault(session, {})
        if symbol in known:
            return False
        values = (*map(float, features), probability)
        places = bytes(one.place(value) for one, value in zip(self._bins, values, strict=True))
        known[symbol] = places
        self._count(places, 1)
        while len(self._sessions) > WINDOW_SESSIONS or self._rows > WINDOW_ROWS:
            self._forget_oldest()
        return True

    def report(self) -> DriftReport:
        """The drift of what is in the window."""
        enough = len(self._sessions) >= MINIMUM_SESSIONS and self._rows >= MINIMUM_ROWS
        indices = [one.index(counts) for one, counts in zip(self._bins, self._counts, strict=True)]
        features: Mapping[str, float] = dict(zip(FEATURES, indices, strict=False))
        return DriftReport(
            sessions=len(self._sessions),
            rows=self._rows,
            enough=enough,
            newest_session=max(self._sessions, default=None),
            features=dict(features) if enough else None,
            probability=indices[-1] if enough else None,
        )

    def _forget_oldest(self) -> None:
        _, rows = self._sessions.popitem(last=False)
        for places in rows.values():
            self._count(places, -1)

    def _count(self, places: bytes, by: int) -> None:
        self._rows += by
        for counts, place in zip(self._counts, places, strict=True):
            counts[place] += by
