"""Purged and embargoed walk-forward folds (López de Prado, *Advances in Financial Machine Learning*, 2018, ch. 7).

A label looks `HORIZON_SESSIONS` ahead, so a training row close to the test block shares its outcome with test rows.
Such rows are purged: a row may train only when its label was decided before the test block begins, less an embargo
for the correlation that remains between neighbouring sessions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from investiq.invest.signals.dataset import HORIZON_SESSIONS, Dataset

__all__ = ["EMBARGO_SESSIONS", "FOLDS", "Fold", "walk_forward"]

FOLDS: Final = 6
"""Test blocks, equally long, one after the other."""

FIRST_TRAINING_SHARE: Final = 1 / 3
"""Share of the sessions that come before the first test block."""

EMBARGO_SESSIONS: Final = HORIZON_SESSIONS
"""Sessions left out between the last label of training and the first test session."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Row numbers of one split. Training rows are decided before the test block; test rows lie in it."""

    train: NDArray[np.intp]
    test: NDArray[np.intp]
    embargo_start: np.datetime64
    """Training labels are decided strictly before this session."""


def walk_forward(dataset: Dataset) -> Iterator[Fold]:
    """Expanding training windows, each followed by its test block; together the blocks cover the last two thirds."""
    calendar = np.unique(dataset.sessions)
    edges = np.linspace(int(len(calendar) * FIRST_TRAINING_SHARE), len(calendar), FOLDS + 1).astype(int)
    for start, stop in itertools.pairwise(edges):
        block = calendar[start:stop]
        embargo_start = calendar[max(start - EMBARGO_SESSIONS, 0)]
        yield Fold(
            train=np.flatnonzero(dataset.label_ends < embargo_start),
            test=np.flatnonzero((dataset.sessions >= block[0]) & (dataset.sessions <= block[-1])),
            embargo_start=embargo_start,
        )
