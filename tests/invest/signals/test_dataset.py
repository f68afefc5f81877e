from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from investiq.invest.market.types import Symbol
from investiq.invest.signals import dataset as datasets
from investiq.invest.signals.dataset import HORIZON_SESSIONS, bars_before, build_dataset, data_hash, sampling
from investiq.invest.signals.features import NEEDED_BARS, feature_matrix
from tests.invest.signals import synthetic

A, B = Symbol("AAA"), Symbol("BBB")
BARS = synthetic.random_walk(100, seed=3)


def test_each_row_pairs_what_a_close_knew_with_what_came_five_sessions_later() -> None:
    dataset = build_dataset({A: BARS})
    assert len(dataset) == len(BARS) - (NEEDED_BARS - 1) - HORIZON_SESSIONS
    for row in range(len(dataset)):
        at = NEEDED_BARS - 1 + row
        assert dataset.sessions[row] == np.datetime64(BARS[at].session)
        assert dataset.label_ends[row] == np.datetime64(BARS[at + HORIZON_SESSIONS].session)
        assert dataset.up[row] == (BARS[at + HORIZON_SESSIONS].close > BARS[at].close)
        np.testing.assert_array_equal(dataset.features[row], feature_matrix(BARS)[at])


def test_rows_come_by_session_then_symbol_whatever_the_order_of_the_mapping() -> None:
    other = synthetic.random_walk(90, seed=4)
    one, two = build_dataset({A: BARS, B: other}), build_dataset({B: other, A: BARS})
    np.testing.assert_array_equal(one.features, two.features)
    keys = list(zip(one.sessions, one.symbols, strict=True))
    assert keys == sorted(keys)
    assert one.rows_per_symbol() == {"AAA": 32, "BBB": 22}


def test_short_and_empty_histories_give_no_rows() -> None:
    assert len(build_dataset({})) == 0
    assert len(build_dataset({A: [], B: BARS[:3]})) == 0
    assert len(build_dataset({A: BARS[:NEEDED_BARS]})) == 0


def test_the_cut_off_session_itself_is_not_seen() -> None:
    cut = BARS[50].session
    (past,) = bars_before({A: BARS}, cut).values()
    assert list(past) == BARS[:50]


def test_the_hash_follows_the_numbers_and_not_how_they_are_written() -> None:
    rewritten = [replace(bar, open=bar.open + Decimal("0.0000000")) for bar in BARS]
    changed = [replace(BARS[0], volume=BARS[0].volume + 1), *BARS[1:]]
    assert data_hash({A: BARS}) == data_hash({A: rewritten})
    assert data_hash({A: BARS}) != data_hash({A: changed})
    assert data_hash({A: BARS}) != data_hash({B: BARS})


@pytest.mark.parametrize(("most", "every"), [(320, 1), (319, 2), (160, 2), (159, 3), (10, 32), (1, 320)])
def test_of_too_many_rows_one_session_of_so_many_is_taken(
    monkeypatch: pytest.MonkeyPatch, most: int, every: int
) -> None:
    histories = {Symbol(f"S{number}"): synthetic.random_walk(100, seed=number) for number in range(10)}
    monkeypatch.setattr(datasets, "MOST_ROWS", most)
    assert sampling(histories) == every
    assert len(build_dataset(histories, every)) <= most + len(histories), "each symbol is rounded for itself"


def test_a_sample_has_the_very_rows_of_the_whole_and_a_share_of_each_session_and_symbol() -> None:
    histories = {Symbol(f"S{number}"): synthetic.random_walk(100, seed=number) for number in range(8)}
    whole, sample = build_dataset(histories), build_dataset(histories, 4)
    rows = {(day, symbol): row for row, (day, symbol) in enumerate(zip(whole.sessions, whole.symbols, strict=True))}
    taken = [rows[key] for key in zip(sample.sessions, sample.symbols, strict=True)]
    np.testing.assert_array_equal(whole.features[taken], sample.features)
    np.testing.assert_array_equal(whole.up[taken], sample.up)
    assert set(sample.rows_per_symbol().values()) == {8}
    assert set(np.unique(sample.sessions, return_counts=True)[1]) == {2}


def test_a_symbol_with_fewer_rows_than_one_of_so_many_may_have_none() -> None:
    histories = {
        A: synthetic.random_walk(200, seed=1),
        B: synthetic.random_walk(NEEDED_BARS + HORIZON_SESSIONS, seed=2),
    }
    assert build_dataset(histories).rows_per_symbol().keys() == {"AAA", "BBB"}
    assert build_dataset(histories, 5).rows_per_symbol().keys() == {"AAA"}
