"""What is proven to be equivalent is so: promtool answers alike for the examples of each lemma, and not for its
counter-examples; and alike for whatever is proven of expressions and series that chance has made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from investiq.promql.parse import ParseError
from tests.chance import examples
from tests.rule_mutation.evaluation import Answer, Question, evaluate
from tests.rule_mutation.random_rules import random_expression, random_series
from tests.rule_mutation.rules import proofs

pytestmark = pytest.mark.e2e

DROPPED, SWAPPED, AGGREGATED, BOUNDARY = (
    *("matcher-dropped", "function-swapped", "aggregation-swapped", "comparison-boundary"),
)


@dataclass(frozen=True)
class Change:
    """What an operator makes of an expression, and series among which it makes a difference if it ever does.

    Attributes:
        values: the values are compared, as of a recording rule; else the series alone, as of an alert.
    """

    lemma: str
    operator: str
    before: str
    after: str
    series: Mapping[str, str]
    values: bool = False

    def __str__(self) -> str:
        return f"{self.lemma}: {self.before} to {self.after}"

    @property
    def is_proven(self) -> bool:
        found = proofs(self.operator, self.before, alerting=not self.values)
        return self.after in [mutant.change.after for mutant in found]


A, B = 'a{job="x"}', 'b{job="x"}'
AX, AY, BX, BY = (f'{name}{{job="{job}", env="p"}}' for name in "ab" for job in "xy")
CX, CY = (f'c{{job="{job}", env="p"}}' for job in "xy")


def _redundancy(lemma: str, before: str, *series: str, of: str = "a") -> Change:
    """`of` loses its matcher, among `series` that are 1, 2 and so on."""
    after = before.replace(f'{of}{{job="x"}}', of, 1)
    among = {name: f"{value}x20" for value, name in enumerate(series or (AX, AY, BX, BY, CX, CY), start=1)}
    return Change(f"redundancy {lemma}", DROPPED, before, after, among, values=True)


GROWING = {'a{i="1"}': "0+3x20", 'a{i="2"}': "7x20", 'b{i="1"}': "0+1x20", 'b{i="2"}': "9x20"}
"""An increase of 15 and one of 0 in five minutes; of 5 and of 0."""


def _sign(
    lemma: str, before: str, was: str, now: str, series: Mapping[str, str] = GROWING, *, values: bool = False
) -> Change:
    operator = BOUNDARY if now == ">=" else AGGREGATED if now == "max" else SWAPPED
    return Change(f"sign {lemma}", operator, before, before.replace(was, now, 1), series, values)


BUCKETS = {
    **{f'h{{le="{le}"}}': f"0+{each}x20" for le, each in (("1", 1), ("5", 4), ("+Inf", 9))},
    **{f'g{{le="{le}"}}': f"0+{each}x20" for le, each in (("1", 90), ("5", 90), ("+Inf", 90))},
}
STOPPED = {'h{le="1"}': "0+10x10 100x9", 'h{le="5"}': "0+10x20", 'h{le="+Inf"}': "0+10x20"}


def _scale(inside: str, series: Mapping[str, str] = BUCKETS) -> Change:
    was = "irate" if "irate" in inside else "rate"
    return _sign("1", f"histogram_quantile(0.9, {inside})", was, "increase", series, values=True)


EXAMPLES = [
    _redundancy("1", f"{A} and {B}"),
    _redundancy("2", f"sum by (job) ({A}) / sum by (job) ({B})"),
    _redundancy("3", f"({A} - c) / {B}"),
    _redundancy("4", f"c unless {A} / {B}"),
    _redundancy("5", f"{A} / on (job) sum by (job) ({B})", of="b"),
    _redundancy("has", f"{A} and topk(1, {B})"),
    _scale("sum by (le) (rate(h[5m]))"),
    _sign("2", "sum by (i) (rate(a[5m])) > 0", "sum", "max"),
    _sign("3", "rate(a[5m]) + rate(b[5m]) > 0", "rate", "increase"),
    _sign("4", "rate(a[5m]) == 0", "rate", "increase", values=True),
    _sign("5", "sum(b unless (rate(a[5m]) > 0)) > 1", "rate", "increase"),
    _sign("6", "count(a) > 0", ">", ">="),
    _sign("7", "sum(changes(a[5m])) > 0", "sum", "max"),
]

NAMELESS, LOST_LE = 'rate({job="x", env="p"}[5m])', 'histogram_quantile(0.5, h{le!="5"}) and on (le) b{le!="5"}'

COUNTER_EXAMPLES = [
    Change("redundancy 1", DROPPED, f"{NAMELESS} and {B}", f'rate({{env="p"}}[5m]) and {B}', {AY: "1x20", BY: "2x20"}),
    _redundancy("2", f"sum({A}) / sum({B})", AX, AY, BX),
    _redundancy("2", f"absent({A}) and {B}", AY, 'b{job="x"}'),
    _redundancy("2", f"topk(1, {A}) and {B}", AX, AY, BX),
    _redundancy("2", f'label_replace({A}, "job", "x", "", "") and {B}', AY, BX),
    _redundancy("2", f'count_values("job", {A} * 0) and count_values("job", {B} * 0)', AX, AY, BX),
    Change("redundancy 2", DROPPED, LOST_LE, LOST_LE.replace('h{le!="5"}', "h"), BUCKETS | {"b": "1x20"}, values=True),
    _redundancy("3", f"(c and on (env) {A}) and {B}", CX, AY, BX),
    _redundancy("4", f"{A} or {B}", AY),
    _redundancy("4", f"{A} unless {B}", AY),
    _redundancy("4", f"{A} and on (env) {B}", AY, BX),
    _redundancy("4", f"{A} / ignoring (job) {B}", AY, BX),
    _redundancy("5", f"{A} / on (job) {B}", AX, BX, 'b{job="y", i="1"}', 'b{job="y", i="2"}', of="b"),
    _redundancy("5", f"{A} / on (job) {B}", AY, 'b{job="x", i="1"}', 'b{job="x", i="2"}'),
    _redundancy("5", f'{A} / {{job="x", __name__=~"b|c"}}', AY, BX, CX),
    _redundancy("has", f"{A} and ({B} or c)", AY, CY),
    _redundancy("has", f'{A} and label_replace({B}, "job", "y", "", "")', AY, BX),
    _scale("sum by (le) (rate(h[5m]) > 0.1)"),
    _scale("rate(h[5m]) + rate(g[5m])"),
    _scale("irate(h[5m])", STOPPED),
    _sign("3", "rate(a[5m]) - rate(b[5m]) * 10 > 0", "rate", "increase"),
    _sign("3", "rate(a[5m]) + c > 0", "rate", "increase", {"a": "0+1x20", "c": "-1x20"}),
    _sign("4", "rate(a[5m]) > 1", "rate", "increase"),
    _sign("5", "sum(rate(a[5m]) > 0) > 10", "rate", "increase"),
    _sign("5", "-(rate(a[5m]) > 0) < -1", "rate", "increase"),
    _sign("5", "sum((rate(a[5m]) > 0) and b) > 1", "rate", "increase"),
    _sign("5", "sum(b or (rate(a[5m]) > 0)) > 10", "rate", "increase", {"a": "0+3x20"}),
    _sign("5", "rate(a[5m]) > 0", "rate", "increase", values=True),
    _sign("6", "sum(c) > 0", ">", ">=", {"c": "0x20"}),
    _sign("6", "count(a) - count(b) > 0", ">", ">="),
    _sign("7", "sum(c) > 0", "sum", "max", {'c{i="1"}': "-3x20", 'c{i="2"}': "2x20"}),
    _sign("7", "sum(rate(a[5m]) / rate(b[5m])) > 0", "sum", "max"),
]

Answers = Mapping[str, tuple[Answer, Answer]]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """All at once: promtool takes longer to start than to answer."""
    changes = [*EXAMPLES, *COUNTER_EXAMPLES]
    questions = [Question(change.series, (change.before, change.after)) for change in changes]
    found = evaluate(questions, tmp_path_factory.mktemp("answers"))
    return {str(change): (before, after) for change, (before, after) in zip(changes, found, strict=True)}


@pytest.mark.parametrize("change", EXAMPLES, ids=str)
def test_what_a_lemma_covers_is_proven_and_makes_no_difference(change: Change, answers: Answers) -> None:
    assert change.is_proven
    before, after = answers[str(change)]
    assert before.samples
    assert before.is_like(after, values=change.values)


@pytest.mark.parametrize("change", COUNTER_EXAMPLES, ids=str)
def test_what_a_lemma_excludes_is_not_proven_and_makes_a_difference(change: Change, answers: Answers) -> None:
    assert not change.is_proven
    before, after = answers[str(change)]
    assert not before.is_like(after, values=change.values)


def _proven(chance: Random) -> list[Change]:
    """Some of what is proven of an expression, of an alert or of a recording rule."""
    text, values = random_expression(chance, chance.choice((1, 2, 3, 4))), chance.random() < 0.3
    try:
        found = [
            (operator, mutant.change)
            for operator in (DROPPED, SWAPPED, AGGREGATED, BOUNDARY)
            for mutant in proofs(operator, text, alerting=not values)
        ]
    except ParseError:
        return []
    return [
        Change("by chance", operator, change.before or "", change.after or "", {}, values or operator == DROPPED)
        for operator, change in found[:3]
    ]


def test_whatever_is_proven_of_expressions_by_chance_makes_no_difference(tmp_path: Path) -> None:
    chance = Random(20)  # noqa: S311  the same in every run
    changes = [change for _ in range(examples(240)) for change in _proven(chance)]
    among = [(random_series(chance), changes[i : i + 40]) for i in range(0, len(changes), 40) for _ in range(2)]
    questions = [Question(series, [text for one in some for text in (one.before, one.after)]) for series, some in among]
    tried = [change for _, some in among for change in some]
    found = [answer for several in evaluate(questions, tmp_path) for answer in several]
    pairs = list(zip(tried, found[::2], found[1::2], strict=True))
    assert sum(bool(before.samples) for _, before, _ in pairs) > 40
    assert [str(change) for change, before, after in pairs if not before.is_like(after, values=change.values)] == []
