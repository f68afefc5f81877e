"""Between which values an expression lies, of any metrics whose bounds are known."""

from __future__ import annotations

from math import inf

import pytest

from investiq.promql.parse import parse
from investiq.promql.ranges import Range, Values, never
from investiq.promql.series import SeriesFacts

KNOWN = {
    "requests_total": SeriesFacts("requests_total", True, None),
    "seconds_bucket": SeriesFacts("seconds", True, frozenset({"le"}), buckets=(0.1, 1, 10)),
    "temperature": SeriesFacts("temperature", False, None),
    "ready": SeriesFacts("ready", False, None, bounds=(0, 1)),
}
FAILED = 'sum(rate(requests_total{code="500"}[5m]))'
VALUES = Values(KNOWN, {"job:failed:ratio": [parse(f"{FAILED} / sum(rate(requests_total[5m]))")]})


@pytest.mark.parametrize(
    ("expression", "least", "most"),
    [
        ("3", 3, 3),
        ("-(2 + 3)", -5, -5),
        ("temperature", -inf, inf),
        ("somebody_elses", -inf, inf),
        ("rate(temperature[5m])", 0, inf),
        ("ready", 0, 1),
        ("1 - ready", 0, 1),
        ("2 * ready - 1", -1, 1),
        ("sum(ready)", 0, inf),
        ("max by (job) (ready)", 0, 1),
        ("count(temperature)", 1, inf),
        ("absent(temperature)", 1, 1),
        ("temperature > bool 30", 0, 1),
        ("temperature > 30", 30, inf),
        ("30 > temperature", -inf, 30),
        ("ready == 1", 1, 1),
        ("clamp(temperature, 0, 50)", 0, 50),
        ("ready or temperature", -inf, inf),
        ("ready unless temperature", 0, 1),
        ("histogram_quantile(0.9, rate(seconds_bucket[5m]))", 0, 10),
        ("job:failed:ratio", 0, 1),
        ("1 / ready", 0, inf),
        ("temperature / 10", -inf, inf),
        ("ready / 10", 0, 0.1),
    ],
)
def test_an_expression_lies_between_the_limits_of_its_parts(expression: str, least: float, most: float) -> None:
    found = VALUES.of(parse(expression))
    assert found.least == least
    assert found.most == pytest.approx(most)


def test_a_part_of_other_events_is_no_share_of_them() -> None:
    of_others = VALUES.of(parse(f'{FAILED} / sum(rate(requests_total{{code="200"}}[5m]))'))
    assert (of_others.least, of_others.most) == (0, inf)


def test_the_last_bucket_is_that_of_the_histogram_behind_a_quantile() -> None:
    assert VALUES.last_bucket(parse("(histogram_quantile(0.9, rate(seconds_bucket[5m])))")) == 10
    assert VALUES.last_bucket(parse("max(seconds_bucket)")) is None


@pytest.mark.parametrize(
    ("op", "right", "expected"),
    [
        (">", Range(1, 1), True),
        (">", Range(0.5, 2), False),
        (">=", Range(1, 1), False),
        (">=", Range(1.5, 2), True),
        ("<", Range(0, 0), True),
        ("<=", Range(0, 0), False),
        ("==", Range(2, 2), True),
        ("==", Range(1, 2), False),
        ("!=", Range(0, 0), False),
    ],
)
def test_a_comparison_is_never_true_where_the_two_sides_cannot_meet(op: str, right: Range, expected: bool) -> None:
    assert never(op, Range(0, 1), right) is expected
