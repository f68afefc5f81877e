"""The time before a crashed part is started again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from investiq.operate.supervise.backoff import BackOff


def test_it_doubles_up_to_its_limit() -> None:
    back_off = BackOff(first=0.5, limit=30)
    assert [back_off.after(1) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_long_life_lets_it_start_over() -> None:
    back_off = BackOff(first=0.5, stable=60)
    for _ in range(5):
        back_off.after(1)
    assert back_off.after(61) == 0.5
    assert back_off.after(1) == 1


@given(st.lists(st.floats(0, 1e9), max_size=200))
def test_it_is_always_between_the_first_delay_and_the_limit(lives: list[float]) -> None:
    back_off = BackOff()
    assert all(back_off.first <= back_off.after(life) <= back_off.limit for life in lives)


def test_a_part_that_crashes_for_ever_never_overflows_it() -> None:
    back_off = BackOff()
    back_off.crashes = 10**9
    assert back_off.after(0) == back_off.limit
