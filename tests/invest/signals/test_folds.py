from __future__ import annotations

import numpy as np
import pytest

from investiq.invest.signals.dataset import Dataset, build_dataset
from investiq.invest.signals.folds import EMBARGO_SESSIONS, FOLDS, walk_forward
from tests.invest.signals import synthetic


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return build_dataset(synthetic.random_walks(400))


def test_no_training_label_was_decided_in_or_just_before_the_test_block(dataset: Dataset) -> None:
    calendar = np.unique(dataset.sessions)
    for fold in walk_forward(dataset):
        first_test = np.searchsorted(calendar, dataset.sessions[fold.test].min())
        last_label = np.searchsorted(calendar, dataset.label_ends[fold.train].max())
        assert first_test - last_label == EMBARGO_SESSIONS + 1


def test_everything_known_by_then_trains(dataset: Dataset) -> None:
    for fold in walk_forward(dataset):
        left_out = np.setdiff1d(np.flatnonzero(dataset.sessions < dataset.sessions[fold.test].min()), fold.train)
        assert (dataset.label_ends[left_out] >= fold.embargo_start).all()


def test_test_blocks_follow_each_other_without_overlap_up_to_the_end(dataset: Dataset) -> None:
    folds = list(walk_forward(dataset))
    assert len(folds) == FOLDS
    tested = np.concatenate([fold.test for fold in folds])
    np.testing.assert_array_equal(tested, np.arange(tested[0], len(dataset)))


def test_symbols_of_one_session_are_never_split_between_blocks(dataset: Dataset) -> None:
    blocks = [set(dataset.sessions[fold.test]) for fold in walk_forward(dataset)]
    assert sum(map(len, blocks)) == len(set.union(*blocks))
