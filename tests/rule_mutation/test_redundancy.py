"""Which lost matchers are proven to change nothing, and which only seem so."""

from __future__ import annotations

import pytest

from tests.rule_mutation.rules import proofs

JOB = '{job="x"}'
A, B = f"a{JOB}", f"b{JOB}"


@pytest.mark.parametrize(
    "expr",
    [
        f"{A} / {B}",
        f"{A} / {B} > 1",
        f"{A} > 1 and {B} > 2",
        f"sum by (job) (rate(a{JOB}[5m])) / sum by (job) (rate(b{JOB}[5m])) > 0.1",
        f"sum without (le) ({A}) and {B}",
        f"histogram_quantile(0.9, sum by (job, le) ({A})) and on (job) {B}",
        f"({A} - b) / {A}",
        f"{A} / on (job) (sum by (job) ({B}) > 0)",
        f"sum by (job) ({A}) * on (job) group_right () {B}",
    ],
)
def test_a_matcher_that_the_other_side_has_too_is_redundant_on_both(expr: str) -> None:
    assert len(proofs("matcher-dropped", expr)) == 2


@pytest.mark.parametrize(
    ("expr", "kept"),
    [
        (f"{A} unless {B}", f"{A} unless b"),  # without the one on the left, more alerts
        (f"topk(3, {A}) and {B}", f"topk(3, {A}) and b"),  # other jobs take the places of the top
    ],
)
def test_a_matcher_can_be_redundant_on_one_side_only(expr: str, kept: str) -> None:
    assert [mutant.change.after for mutant in proofs("matcher-dropped", expr)] == [kept]


@pytest.mark.parametrize(
    "expr",
    [
        f"{A} or {B}",
        f"sum({A}) / sum({B})",
        f"sum by (env) ({A}) / sum by (env) ({B})",
        f"{A} / ignoring (job) {B}",
        f"{A} / on (job) {B}",  # two series of a job on the right are an error, if only there is anything on the left
        f"{A} * on (job) group_right () {B}",
        f"{A} / on (job) sum by (job, env) ({B})",
        f'{A} / {{job="x", __name__=~"b|c"}}',
        f"(c and on (env) {A}) and {B}",
        f"{A} and on (env) {B}",
        'a{job="x"} / b{job="y"}',
        'a{job="x"} / b{job=~"x"}',
        f"absent({A}) and {B}",
        f"count_values by (job) ('job', {A}) and count_values by (job) ('job', {B})",
        f"label_replace({A}, 'job', 'y', '', '') and {B}",
        f"{A} and (b{JOB} or c)",
        f"scalar({A}) * {B}",
        '{job="x"} / {job="x"}',
    ],
)
def test_no_proof_where_a_label_is_lost_or_does_not_decide(expr: str) -> None:
    assert proofs("matcher-dropped", expr) == []
