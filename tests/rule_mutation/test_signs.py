"""Where nothing but the sign of a quantity counts, and where its value is read."""

from __future__ import annotations

import pytest

from tests.rule_mutation.rules import proofs


def test_a_quantile_is_the_same_for_rates_and_increases() -> None:
    assert len(proofs("function-swapped", "histogram_quantile(0.9, sum by (le) (rate(a[5m])))")) == 1
    assert proofs("function-swapped", "histogram_quantile(0.9, sum by (le) (irate(a[5m])))") == []
    assert proofs("function-swapped", "histogram_quantile(0.9, sum by (le) (rate(a[5m]) > 1))") == []
    assert proofs("function-swapped", "sum(rate(a[5m]))") == []
    assert proofs("function-swapped", "histogram_quantile(0.9, sum by (le) (rate(a[5m]) + rate(b[5m])))") == []


@pytest.mark.parametrize(
    ("expr", "proven"),
    [
        ("increase(a[5m]) > 0", 1),
        ("sum by (job) (rate(a[5m])) == 0", 1),
        ("increase(a[1h]) + increase(b[1h]) + rate(c[1h]) > 0", 3),
        ("increase(a[5m]) > 1", 0),
        ("increase(a[5m]) - increase(b[5m]) > 0", 0),
        ("increase(a[5m]) + b > 0", 0),
        ("avg(increase(a[5m])) > 0", 1),
        ("stddev(increase(a[5m])) > 0", 0),
        ("increase(a[5m]) > 0 and rate(a[5m]) > 2", 1),
    ],
)
def test_to_a_comparison_with_0_a_rate_is_as_good_as_an_increase(expr: str, proven: int) -> None:
    assert len(proofs("function-swapped", expr)) == proven


@pytest.mark.parametrize(
    ("expr", "proven"),
    [
        ("sum(rate(a[5m]) > 0) > 10", 0),
        ("(rate(a[5m]) > 0) * 60 > 1", 0),
        ("-(rate(a[5m]) > 0) < -1", 0),
        ("rate(a[5m]) > 0 or b", 1),
        ("count(rate(a[5m]) > 0) > 10", 1),
        ("b > 1 and rate(a[5m]) > 0", 1),
        ("sum(b unless (rate(a[5m]) > 0)) > 1", 1),
        ("sum((rate(a[5m]) > 0) and b) > 1", 0),
        ("sum(rate(a[5m]) > bool 0) > 10", 1),
        ("sum(0 < rate(a[5m])) > 10", 0),
        ("max_over_time((rate(a[5m]) > 0)[1h:]) > 1", 0),
        ("count_over_time((rate(a[5m]) > 0)[1h:]) > 1", 1),
    ],
)
def test_it_is_not_where_the_value_that_passes_the_comparison_is_read(expr: str, proven: int) -> None:
    assert len(proofs("function-swapped", expr)) == proven


def test_a_recorded_value_and_a_shown_one_are_read() -> None:
    assert proofs("function-swapped", "rate(a[5m]) > 0", alerting=False) == []
    assert proofs("function-swapped", "rate(a[5m]) > 0", shows_value=True) == []
    assert len(proofs("function-swapped", "rate(a[5m]) == 0", alerting=False)) == 1
    assert len(proofs("function-swapped", "0 >= rate(a[5m])", shows_value=True)) == 1
    assert len(proofs("function-swapped", "b and rate(a[5m]) > 0", shows_value=True)) == 1


@pytest.mark.parametrize(
    ("expr", "proven"),
    [
        ("sum by (job) (rate(a[5m])) <= 0", 1),
        ("max by (job) (rate(a[5m]) + sum by (job) (increase(b[5m]))) > 0", 2),
        ("sum(count by (job) (a)) > 0", 1),
        ("sum(rate(a[5m])) > 0.1", 0),
        ("sum(a) > 0", 0),
        ("sum(rate(a[5m]) / rate(b[5m])) > 0", 0),
        ("sum(-rate(a[5m])) > 0", 0),
        ("min(rate(a[5m])) > 0", 0),
        ("sum(rate(a[5m])) / 2 > 0", 0),
    ],
)
def test_to_a_comparison_with_0_the_greatest_is_as_good_as_the_sum(expr: str, proven: int) -> None:
    assert len(proofs("aggregation-swapped", expr)) == proven


def test_a_sum_that_is_shown_is_no_maximum() -> None:
    assert proofs("aggregation-swapped", "sum(rate(a[5m])) > 0", shows_value=True) == []
    assert len(proofs("aggregation-swapped", "sum(rate(a[5m])) <= 0", shows_value=True)) == 1


@pytest.mark.parametrize(
    ("expr", "proven"),
    [
        ("count by (job) (up == 0) > 0", 1),
        ("0 >= (sum(count_over_time(a[5m])))", 1),
        ("absent(a) > 0", 1),
        ("count(a) > 1", 0),
        ("sum(a) > 0", 0),
        ("count(a) - count(b) > 0", 0),
        ("sum(rate(a[5m])) > 0", 0),
    ],
)
def test_a_count_is_never_0(expr: str, proven: int) -> None:
    assert len(proofs("comparison-boundary", expr)) == proven
