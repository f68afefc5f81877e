"""What both sides of a run say, and when they are said to agree."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.clients.prometheus import Sample
from investiq.operate.load.comparison import compare, histogram_quantile
from investiq.operate.load.record import Outcome, RunRecord
from investiq.operate.load.server_view import Histogram, histograms
from tests.operate.load.runs import ANALYSIS, ROUTE, add, group, histogram, record, view

TEN = tuple(float(number) for number in range(1, 11))


def _said(document: dict[str, Any]) -> str:
    return " ".join(document["explanations"])


# ---- counts ----


def test_the_same_requests_agree() -> None:
    found = compare(record(*TEN), view(*TEN))
    assert found["requests"] | {"client": 10, "prometheus": 10, "difference": 0, "agrees": True} == found["requests"]
    assert found["agrees"]
    assert "both counted the same requests" in _said(found)


def test_more_are_explained_by_what_others_asked_before_the_run() -> None:
    found = compare(record(*TEN), view(*TEN, *TEN, others=10 / 15))
    assert found["requests"]["others_expected"] == pytest.approx(10)
    assert found["agrees"]
    assert "10 more: others ask the same, before the run about 10" in _said(found)


def test_more_than_others_ask_do_not_agree() -> None:
    assert not compare(record(*TEN), view(*TEN * 5, others=0.1))["agrees"]


def test_how_much_others_ask_may_not_be_known() -> None:
    found = compare(record(*TEN), view(*TEN * 2, others=None))
    assert found["requests"]["agrees"] is None
    assert "how much is not known" in _said(found)


def test_fewer_never_agree() -> None:
    found = compare(record(*TEN), view(*TEN[:5]))
    assert not found["agrees"]
    assert "5 fewer" in _said(found)


def test_what_had_no_answer_may_or_may_not_have_been_counted() -> None:
    made = record(*TEN)
    add(made, *[10_000.0] * 5, of=group(0, Outcome.FAILED, "no answer in time"))
    for seen in (view(*TEN), view(*TEN, *[9.0] * 5)):
        found = compare(made, seen)
        assert found["requests"]["unanswered"] == 5
        assert found["requests"]["agrees"]
        assert "5 requests had no answer" in _said(found)


def test_a_route_that_the_run_did_not_ask_is_not_compared() -> None:
    seen = view(*TEN)
    both = {**seen.routes, ("/api/account", "GET", "200"): histogram(*TEN)}
    found = compare(record(*TEN), type(seen)(seen.started_at, seen.ended_at, 4, 0, 99, both, seen.others))
    assert found["requests"]["prometheus"] == 10
    assert [row["endpoint"] for row in found["endpoints"]] == [ANALYSIS]


def test_a_route_that_prometheus_does_not_know_is_shown_with_none() -> None:
    found = compare(record(*TEN), view(*TEN, route=("/other", "GET", "200")))
    assert found["endpoints"] == [{"method": "GET", "endpoint": ANALYSIS, "client": 10, "prometheus": 0}]
    assert not found["agrees"]


# ---- latencies ----


def test_what_the_client_waits_outside_the_server_is_said() -> None:
    found = compare(record(*(latency + 30 for latency in TEN)), view(*TEN))
    assert found["mean_ms"] == {"client": pytest.approx(35.5), "prometheus": 5.5, "difference": pytest.approx(30)}
    assert found["agrees"]
    assert "30.0 ms of the client's mean are outside the server" in _said(found)


def test_a_client_that_is_faster_than_its_server_is_not_believed() -> None:
    found = compare(record(*TEN), view(*(latency + 90 for latency in TEN)))
    assert not found["agrees"]
    assert "the server's mean is 90.0 ms above the client's" in _said(found)


def test_refusals_of_the_rate_limit_do_not_make_the_rest_look_quick() -> None:
    made = record(*[80.0] * 10)
    add(made, *[1.0] * 90, of=group(429, Outcome.RATE_LIMITED))
    seen = view(*[60.0] * 10)
    both = {**seen.routes, (ANALYSIS, "GET", "429"): histogram(*[0.5] * 90)}
    found = compare(made, type(seen)(seen.started_at, seen.ended_at, 4, 0, 100, both, seen.others))
    assert found["mean_ms"]["client"] == pytest.approx(80)
    assert found["mean_ms"]["prometheus"] == pytest.approx(60)
    assert found["requests"]["client"] == found["requests"]["prometheus"] == 100


def test_a_client_that_waits_for_itself_says_so() -> None:
    made = record(*TEN, seconds=10)
    made.cpu_seconds = 9.8
    assert "the client used 98% of a core" in _said(compare(made, view(*TEN)))
    made.cpu_seconds = 3
    assert "of a core" not in _said(compare(made, view(*TEN)))


def test_scrapes_that_failed_are_said() -> None:
    assert "2 scrapes within the run failed" in _said(compare(record(*TEN), view(*TEN, failed=2)))


def test_a_run_without_an_answer_is_compared_all_the_same() -> None:
    made = RunRecord()
    add(made, 1.0, of=group(0, Outcome.FAILED, "connection refused"))
    found = compare(made, view())
    assert found["mean_ms"] == {"client": None, "prometheus": None, "difference": None}
    assert [row["client"] for row in found["quantiles"]] == [None] * 3
    assert not found["agrees"]


# ---- histograms ----


@given(st.lists(st.floats(0.1, 240), min_size=1, max_size=100), st.sampled_from([0.5, 0.95, 0.99]))
def test_the_estimate_and_the_true_quantile_are_in_the_same_bucket(latencies: list[float], share: float) -> None:
    estimate, above, up_to = histogram_quantile(histogram(*latencies), share)
    ordered = sorted(latencies)
    true = ordered[math.ceil(share * len(ordered)) - 1]
    assert above < true <= up_to
    assert estimate is not None
    assert above <= estimate <= up_to


def test_above_the_last_bound_nobody_can_tell() -> None:
    assert histogram_quantile(histogram(10, 9_000), 0.99) == (None, 250, math.inf)
    (row,) = [row for row in compare(record(9_000), view(9_000))["quantiles"] if row["share"] == 0.99]
    assert (row["prometheus"], row["above"], row["up_to"]) == (None, 250, None)


def test_the_series_of_a_histogram_become_one() -> None:
    name = "investiq_request_duration_milliseconds"
    labels = {"endpoint": ROUTE[0], "method": "GET", "status": "200", "job": "investiq-api"}
    samples = [
        Sample({**labels, "__name__": f"{name}_bucket", "le": "10.0"}, 3, 0),  # as Prometheus 3 writes it
        Sample({**labels, "__name__": f"{name}_bucket", "le": "+Inf"}, 4, 0),
        Sample({**labels, "__name__": f"{name}_count"}, 4, 0),
        Sample({**labels, "__name__": f"{name}_sum"}, 33.5, 0),
    ]
    assert histograms(samples) == {ROUTE: Histogram(4, 33.5, {10: 3, math.inf: 4})}
    assert histograms(samples)[ROUTE] - Histogram(1, 3.5, {10: 1, math.inf: 1}) == Histogram(
        3, 30, {10: 2, math.inf: 3}
    )
