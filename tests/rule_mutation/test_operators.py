"""What each operator makes of an expression: exactly these mutants, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from investiq.rule_mutation.generate import mutants_of
from investiq.rule_mutation.operators import BY_NAME, OPERATORS
from tests.rule_mutation.rules import mutated, rule

ERRORS = "rate(errors_total[5m]) / rate(requests_total[5m])"

EXPRESSIONS = [
    ("comparison-flipped", "up == 0", ["up != 0"]),
    ("comparison-flipped", "a > 1 and b <= 2", ["a < 1 and b <= 2", "a > 1 and b >= 2"]),
    ("comparison-flipped", "a + b", []),
    ("comparison-boundary", "queue_length > 100", ["queue_length >= 100"]),
    ("comparison-boundary", "count(up == 0) < 2", ["count(up == 0) <= 2"]),
    ("comparison-boundary", "time() - done_seconds > 86400", ["time() - done_seconds >= 86400"]),
    ("comparison-boundary", f"{ERRORS} > 0.05", []),  # no test can meet a quotient of rates exactly
    ("comparison-boundary", "job:errors:ratio > 0.05", []),
    ("comparison-boundary", "increase(errors_total[5m]) > 0", ["increase(errors_total[5m]) >= 0"]),  # but it can meet 0
    ("threshold-moved", f"{ERRORS} > 0.05", [f"{ERRORS} > 0.04", f"{ERRORS} > 0.0625"]),
    ("threshold-moved", f"0.05 < {ERRORS}", [f"0.04 < {ERRORS}", f"0.0625 < {ERRORS}"]),
    ("threshold-moved", "a / b < 0.9", ["a / b < 0.875", "a / b < 0.92"]),  # of a ratio, what is left to 1 moves
    ("threshold-moved", "seconds > 0.9", ["seconds > 0.72", "seconds > 1.125"]),
    ("threshold-moved", "time() - a > 24 * 3600", ["time() - a > 69120", "time() - a > 108000"]),
    ("threshold-moved", "restarts > 3", ["restarts > 4"]),  # `> 2` is what the boundary operator makes of whole numbers
    ("threshold-moved", "restarts >= 3", ["restarts >= 2"]),
    ("threshold-moved", "replicas < 2", ["replicas < 1"]),
    ("threshold-moved", "up == 0", []),  # the other state is what the flipped comparison tests
    ("threshold-moved", "state == 3", ["state == 2", "state == 4"]),
    ("threshold-moved", "predict_linear(a[6h], 3600) < 0", []),  # 0 has no scale
    ("threshold-moved", "a > 0.5 * b", ["a > 0.4 * b", "a > 0.625 * b"]),
    ("threshold-moved", "a / 60 > 4 * b", ["a / 48 > 4 * b", "a / 75 > 4 * b", "a / 60 > 3.2 * b", "a / 60 > 5 * b"]),
    ("matcher-dropped", 'up{job="a", env!="b"} == 0', ['up{env!="b"} == 0', 'up{job="a"} == 0']),
    ("matcher-dropped", '{__name__="up", job="a"}', ['{__name__="up"}']),
    ("matcher-dropped", '{job="a"}', []),  # Prometheus refuses a selector of everything
    ("matcher-dropped", 'up{job="a" or env="b"}', []),
    ("matcher-negated", 'a{b="1", c!="2"}', ['a{b!="1", c!="2"}', 'a{b="1", c="2"}']),
    ("matcher-negated", 'a{b=~"1", c!~"2"}', ['a{b!~"1", c!~"2"}', 'a{b=~"1", c=~"2"}']),
    ("alternative-dropped", 'a{b=~"x|y|z"}', ['a{b=~"y|z"}', 'a{b=~"x|z"}', 'a{b=~"x|y"}']),
    ("alternative-dropped", 'a{b="x|y"}', []),
    ("alternative-dropped", 'a{b=~"(x|y)z"}', []),
    ("range-changed", "rate(a[5m])", ["rate(a[2m30s])", "rate(a[10m])"]),
    ("range-changed", "max_over_time(a[1h:1m])", ["max_over_time(a[30m:1m])", "max_over_time(a[2h:1m])"]),
    ("offset-dropped", "a - a offset 1w", ["a - a"]),
    ("absent-dropped", 'absent(up{job="a"})', ['up{job="a"}']),
    ("label-dropped", "sum by (job, le) (a)", ["sum by (le) (a)", "sum by (job) (a)"]),
    ("label-dropped", "max without (instance) (a)", ["max without () (a)"]),
    ("match-label-dropped", "a / on (x, y) b", ["a / on (y) b", "a / on (x) b"]),
    (
        "match-label-dropped",
        "a * on (x) group_left (y) b",
        ["a * on () group_left (y) b", "a * on (x) group_left () b"],
    ),
    ("aggregation-swapped", "sum by (x) (a) > max(b)", ["max by (x) (a) > max(b)", "sum by (x) (a) > sum(b)"]),
    (
        "function-swapped",
        "rate(a[5m]) > increase(b[5m])",
        ["increase(a[5m]) > increase(b[5m])", "rate(a[5m]) > rate(b[5m])"],
    ),
    ("function-swapped", "min_over_time(a[5m])", ["max_over_time(a[5m])"]),
    ("quantile-moved", "histogram_quantile(0.95, a)", ["histogram_quantile(0.9, a)", "histogram_quantile(0.99, a)"]),
    ("quantile-moved", "quantile(0.999, a)", ["quantile(0.99, a)"]),
    ("arithmetic-swapped", "(a - b) / c > 2 * 3", ["(a - b) * c > 2 * 3", "(a + b) / c > 2 * 3"]),
    (
        "horizon-moved",
        "predict_linear(a[6h], 4 * 3600) < 0",
        ["predict_linear(a[6h], 7200) < 0", "predict_linear(a[6h], 28800) < 0"],
    ),
    ("set-operator-swapped", "a and b", ["a or b", "a unless b"]),
    ("set-operator-swapped", "a unless b or c", ["a unless b and c", "a and b or c"]),
    ("guard-dropped", "a > 1 and b > 2", ["a > 1", "b > 2"]),
    ("guard-dropped", "a unless b", ["a"]),
    ("guard-dropped", "a or (b and c)", ["a", "(b and c)", "a or (b)", "a or (c)"]),
]


@pytest.mark.parametrize(("operator", "expr", "expected"), EXPRESSIONS)
def test_an_operator_makes_exactly_these_mutants(operator: str, expr: str, expected: list[str]) -> None:
    assert mutated(operator, expr) == expected


@pytest.mark.parametrize(
    ("expr", "others", "expected"),
    [
        ("http_seconds_count > 1", (), ["http_seconds_sum > 1", "http_seconds_bucket > 1"]),
        ("http_seconds_bucket > 1", (), ["http_seconds_count > 1"]),
        ("node_disk_free > 1", ("node_disk_size", "node_load", "up"), ["node_disk_size > 1"]),
        ("up == 0", ("node_load",), []),
    ],
)
def test_a_metric_is_swapped_for_its_sibling(expr: str, others: tuple[str, ...], expected: list[str]) -> None:
    assert mutated("metric-swapped", expr, *others) == expected


def test_a_metric_of_a_family_is_swapped_for_one_of_it_though_no_rule_names_it() -> None:
    families = {"requests_total": ("requests_total", "requests_errors_total")}
    mutants = mutants_of([rule("requests_total > 1"), rule("requests_seen > 1")], [BY_NAME["metric-swapped"]], families)
    assert [mutant.change.after for mutant in mutants][:1] == ["requests_errors_total > 1"]


FIELDS = [
    ("for-removed", {"for": "5m"}, {}, ["for: 5m dropped"]),
    ("for-removed", {"for": "0s"}, {}, []),
    ("for-changed", {"for": "5m"}, {}, ["for: 5m -> for: 2m30s", "for: 5m -> for: 10m"]),
    ("for-added", {}, {}, ["for: 1m added"]),
    ("for-added", {"for": "5m"}, {}, []),
    ("keep-firing-removed", {"keep_firing_for": "10m"}, {}, ["keep_firing_for: 10m dropped"]),
    ("severity-changed", {}, {"severity": "critical"}, ["severity: critical -> severity: warning"]),
    ("severity-changed", {}, {"severity": "none"}, ["severity: none -> severity: critical"]),
    ("severity-changed", {}, {"team": "a"}, []),
    ("rule-label-dropped", {}, {"team": "a", "page": "b"}, ["team: a dropped", "page: b dropped"]),
]


@pytest.mark.parametrize(("operator", "fields", "labels", "expected"), FIELDS)
def test_an_operator_changes_what_stands_beside_the_expression(
    operator: str, fields: dict[str, str], labels: dict[str, str], expected: list[str]
) -> None:
    mutants = mutants_of([rule("up", fields=fields, labels=labels)], [BY_NAME[operator]])
    assert [str(mutant.change) for mutant in mutants] == expected


def test_a_recording_rule_has_neither_for_nor_severity() -> None:
    recording = rule("a > 1", labels={"severity": "critical"}, alerting=False)
    operators = {mutant.operator for mutant in mutants_of([recording])}
    assert "comparison-flipped" in operators
    assert operators.isdisjoint({"for-added", "severity-changed"})


def test_every_operator_is_tested_here() -> None:
    tested = {case[0] for case in EXPRESSIONS} | {case[0] for case in FIELDS} | {"metric-swapped"}
    assert tested == set(BY_NAME)


def test_every_operator_says_what_it_imitates_and_what_kills_it() -> None:
    assert len(BY_NAME) == len(OPERATORS)
    assert all(operator.imitates and operator.killed_by for operator in OPERATORS)


def test_the_page_names_every_operator_with_what_it_imitates() -> None:
    page = (Path(__file__).parents[2] / "docs/rule-mutation.md").read_text("utf-8")
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in page.splitlines() if "|" in line]
    assert [(row[0], row[2]) for row in rows if row[0] in BY_NAME] == [(o.name, o.imitates) for o in OPERATORS]
