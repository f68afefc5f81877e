"""Expressions and series by chance, made for the proofs: what they exclude comes up as often as what they allow."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

__all__ = ["random_expression", "random_series"]

_SAMPLES = ("0+1x20", "5x20", "0x20", "0+7x20", "0x8 1x12", "0 _x9 5x10", "100-3x20", "0+0.5x20")
_MATCHERS = (*['job="x"'] * 5, 'job!="x"', 'job=~"x|z"', 'i="1"', 'job=""', 'le="1"')
_AGGREGATIONS = ("sum", "sum", "max", "min", "avg", "count", "group", "stddev")
_OF_RANGES = ("rate", "rate", "increase", "irate", "count_over_time", "changes")


def random_series(chance: Random) -> dict[str, str]:
    """Counters, gauges, some that rest, some with gaps; of `h_bucket` a few whole histograms."""
    labelled = [(name, job, i) for name in "abc" for job in ("x", "y", "z", "") for i in ("1", "2", "")]
    kept = [(name, job, i) for name, job, i in labelled if chance.random() < 0.55]
    series = {_series(name, job=job, i=i): chance.choice(_SAMPLES) for name, job, i in kept}
    for job, i in [(job, i) for job in ("x", "y", "") for i in "12" if chance.random() < 0.6]:
        below = 0
        for le in ("1", "10", "+Inf"):
            below += chance.choice((0, 1, 5))
            series[_series("h_bucket", job=job, i=i, le=le)] = f"0+{below}x20"
    return series


def _series(name: str, **labels: str) -> str:
    pairs = [f'{label}="{value}"' for label, value in labels.items() if value]
    return f"{name}{{{', '.join(pairs)}}}"


def random_expression(chance: Random, depth: int) -> str:
    """An expression that parses more often than not."""

    def below() -> str:
        return random_expression(chance, depth - 1)

    def labels() -> str:
        return ", ".join(chance.sample(("job", "i", "le"), chance.choice((0, 1, 1, 2))))

    def grouping() -> str:
        return chance.choice(("", "by (job)", "by (job, le)", f"by ({labels()})", f"without ({labels()})"))

    def matching() -> str:
        return chance.choice(("", "", "", "on (job)", "on (job, i)", f"on ({labels()})", f"ignoring ({labels()})"))

    def selector() -> str:
        matchers = dict.fromkeys(chance.choice(_MATCHERS) for _ in range(chance.choice((0, 1, 1, 1, 2))))
        name = chance.choice(("a", "b", "c", "h_bucket")) if chance.random() > 0.05 or not matchers else ""
        return f"{name}{{{', '.join(matchers)}}}"

    def operation() -> str:
        op, on = chance.choice(("/", "*", "+", "+", "-", ">", "<", "==")), matching()
        many = chance.choice(("", "group_left ()", "group_right ()")) if on else ""
        return f"({below()}) {op} {on} {many} ({below()})"

    def comparison() -> str:
        op, kind = chance.choice((">", ">=", "<", "<=", "==", "!=")), chance.choice(("", "", "bool"))
        number = chance.choice(("0", "0", "0", "1", "0.01"))
        return f"({below()}) {op} {kind} {number}" if chance.random() < 0.7 else f"{number} {op} {kind} ({below()})"

    def quantile() -> str:
        function, by = chance.choice(("rate", "increase")), chance.choice(("le", "le, job", "le, i, job"))
        return f"histogram_quantile(0.9, sum by ({by}) ({function}(h_bucket{{{chance.choice(_MATCHERS)}}}[5m])))"

    if depth <= 0 or chance.random() < 0.12:
        return chance.choice((selector(), f"{chance.choice(_OF_RANGES)}({selector()}[5m])"))
    kinds: dict[Callable[[], str], int] = {
        lambda: f"{chance.choice(_AGGREGATIONS)} {grouping()} ({below()})": 22,
        operation: 20,
        lambda: f"({below()}) {chance.choice(('and', 'and', 'unless', 'or'))} {matching()} ({below()})": 17,
        comparison: 20,
        quantile: 3,
        lambda: f"-({below()})": 2,
        lambda: f"{chance.choice(('absent', 'abs', 'timestamp', 'floor'))}({below()})": 3,
        lambda: f"{chance.choice(('max', 'count', 'min', 'avg', 'sum'))}_over_time(({below()})[4m:1m])": 2,
        lambda: f"label_replace({below()}, 'job', 'x', 'i', '1')": 1,
        lambda: f"scalar({below()}) * ({below()})": 1,
    }
    (kind,) = chance.choices(list(kinds), list(kinds.values()))
    return kind()
