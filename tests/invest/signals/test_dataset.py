from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np

from investiq.invest.market.types import Symbol
from investiq.invest.signals.dataset import HORIZON_SESSIONS, bars_before, build_dataset, data_hash
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
