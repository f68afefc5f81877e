"""Latencies and counts as the client of a run keeps them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.operate.load.outcomes import outcome_of
from investiq.operate.load.record import MOST_GROUPS, Outcome, RunRecord, quantile, shares_within
from tests.operate.load.runs import add, group, record

_LATENCIES = st.lists(st.floats(0.001, 60_000), min_size=1, max_size=200)


@given(_LATENCIES)
def test_latencies_are_kept_to_three_digits_and_their_sum_exactly(latencies: list[float]) -> None:
    made = record(*latencies)
    kept = made.latencies(lambda _: True)
    assert sum(number for _, number in kept) == len(latencies)
    assert made.milliseconds(lambda _: True) == pytest.approx(sum(latencies))
    assert kept[-1][0] == pytest.approx(max(latencies), rel=0.006, abs=0.0006)


def test_a_long_run_keeps_no_more_than_a_short_one() -> None:
    made = record(*(1 + number / 10_000 for number in range(10_000)))
    assert len(made.latencies(lambda _: True)) <= 101


@given(_LATENCIES, st.floats(0.01, 1))
def test_a_quantile_is_a_latency_within_which_that_share_had_its_answer(latencies: list[float], share: float) -> None:
    kept = record(*latencies).latencies(lambda _: True)
    found = quantile(kept, share)
    assert found is not None
    within = sum(number for milliseconds, number in kept if milliseconds <= found)
    below = sum(number for milliseconds, number in kept if milliseconds < found)
    assert within >= share * len(latencies) - 1e-6
    assert below < share * len(latencies) or below == 0


def test_without_a_request_there_is_no_quantile() -> None:
    assert quantile([], 0.99) is None


def test_the_run_lasts_from_the_first_request_to_the_last_answer() -> None:
    assert record(500, 100, 2000, seconds=10).seconds == pytest.approx(12)
    assert RunRecord().seconds == 0


def test_the_share_within_a_bound_counts_what_took_exactly_as_long() -> None:
    assert shares_within([(10.0, 1), (20.0, 3)], [5, 10, 20]) == [0, 0.25, 1]


def test_a_server_that_fails_in_another_way_each_time_does_not_fill_the_record() -> None:
    made = RunRecord()
    for number in range(2_000):
        made.add(group(500, Outcome.FAILED, f"500 {number}"), 0, 5)
    assert len(made.groups) <= MOST_GROUPS + 1
    assert made.count() == 2_000


def test_a_record_goes_to_another_process_and_back() -> None:
    made = record(1.5, 20, 20)
    add(made, 3, of=group(429, Outcome.RATE_LIMITED))
    made.cpu_seconds = 1.25
    again = RunRecord.of(json.loads(json.dumps(made.document())))
    assert again == made


@pytest.mark.parametrize(
    ("status", "body", "error", "expected"),
    [
        (200, "", None, (Outcome.SERVED, "")),
        (204, "", None, (Outcome.SERVED, "")),
        (409, '{"reason": "order_denied", "denial": "halted"}', None, (Outcome.DENIED, "halted")),
        (409, '{"reason": "not_open"}', None, (Outcome.DENIED, "not_open")),
        (429, '{"reason": "too_many_requests"}', None, (Outcome.RATE_LIMITED, "")),
        (503, '{"reason": "database_unavailable"}', None, (Outcome.FAILED, "503 database_unavailable")),
        (500, "<html>", None, (Outcome.FAILED, "500")),
        (502, "[1]", None, (Outcome.FAILED, "502")),
        (401, '{"reason": null}', None, (Outcome.FAILED, "401")),
        (0, "", ConnectionRefusedError(111, "no"), (Outcome.FAILED, "connection refused")),
        (0, "", TimeoutError(), (Outcome.FAILED, "no answer in time")),
        (0, "", ConnectionResetError(), (Outcome.FAILED, "connection broken off")),
        (0, "", None, (Outcome.FAILED, "no answer")),
    ],
)
def test_what_an_answer_means(status: int, body: str, error: Exception | None, expected: tuple[Outcome, str]) -> None:
    assert outcome_of(status, body, error) == expected
