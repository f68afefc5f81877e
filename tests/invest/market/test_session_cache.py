"""What depends on every symbol is computed once for a session and a state of the data."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date

import pytest

from investiq.invest.market.session_cache import SessionCache

FIRST, SECOND = date(2008, 1, 2), date(2008, 1, 3)


class Computed:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.version = 0
        self.asked: list[date] = []

    def __call__(self, session: date) -> tuple[date, int]:
        self.asked.append(session)
        return session, self.version


def test_each_session_is_computed_once_and_anew_for_other_data() -> None:
    computed = Computed()
    cache = SessionCache(computed, lambda: computed.version)
    assert [cache.at(day) for day in (FIRST, SECOND, FIRST)] == [(FIRST, 0), (SECOND, 0), (FIRST, 0)]
    assert computed.asked == [FIRST, SECOND]
    computed.version = 1
    assert cache.at(FIRST) == (FIRST, 1)


def test_the_session_that_was_asked_for_longest_ago_is_forgotten() -> None:
    computed = Computed()
    cache = SessionCache(computed, lambda: 0, kept=2)
    for day in (FIRST, SECOND, FIRST, date(2008, 1, 4), FIRST, SECOND):
        cache.at(day)
    assert computed.asked == [FIRST, SECOND, date(2008, 1, 4), SECOND]


def test_threads_that_ask_at_once_share_one_computation() -> None:
    computed, started, go_on = Computed(), threading.Event(), threading.Event()

    def slowly(session: date) -> tuple[date, int]:
        started.set()
        go_on.wait(10)
        return computed(session)

    cache = SessionCache(slowly, lambda: 0)
    threads = [threading.Thread(target=cache.at, args=(FIRST,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    started.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert computed.asked == [FIRST]


def test_a_computation_that_fails_is_tried_again() -> None:
    answers: Iterator[date | ValueError] = iter([ValueError("not yet"), FIRST])

    def compute(_session: date) -> date:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    cache = SessionCache(compute, lambda: 0)
    with pytest.raises(ValueError, match="not yet"):
        cache.at(FIRST)
    assert cache.at(FIRST) == FIRST
