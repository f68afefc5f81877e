"""Expressions survive being taken apart and printed; every mutant of any expression is another valid expression."""

from __future__ import annotations

import promql_parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from investiq.promql.parse import ParseError, canonical, parse
from investiq.rule_mutation.generate import mutants_of
from tests.chance import examples
from tests.rule_mutation.rules import rule


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ('up{job=~"a|b",env!~"c"}==bool 1', 'up{job=~"a|b", env!~"c"} == bool 1'),
        ("sum(rate(a[5m])) by (job)", "sum by (job) (rate(a[5m]))"),
        ("a{b=`x\\d`}", 'a{b="x\\\\d"}'),
        ('a{b="\\"q\\" \\\\d é"}', 'a{b="\\"q\\" \\\\d é"}'),
        ("a # a comment with ` in it\n  + b", "a + b"),
        ('a{b="c" or d="e"}', 'a{b="c" or d="e"}'),
        ("a * on(x) group_left b", "a * on (x) group_left () b"),
        ("max_over_time(rate(a[5m])[1h:] offset 1d @ end())", "max_over_time(rate(a[5m])[1h:] offset 1d @ end())"),
        ("a offset -5m @ 1609746000", "a offset -5m @ 1609746000"),
        ("topk(3, -a) ^ 2 atan2 (1e9)", "topk(3, -a) ^ 2 atan2 (1000000000)"),
        ('count_values("x", a) > Inf', 'count_values("x", a) > Inf'),
        ("time() - a > 1h30m", "time() - a > 5400"),
        ("a @ 1000 offset 5m", "a offset 5m @ 1000"),
        ("a @ 12.5", "a @ 12.5"),
        ("holt_winters(a[5m], 0.5, 0.5)", "holt_winters(a[5m], 0.5, 0.5)"),
        ("SUM(a) BY (x) AND b OFFSET 5m", "sum by (x) (a) and b offset 5m"),
        ('{"my.metric", "a.b"="c"}', '{__name__="my.metric", "a.b"="c"}'),
        ('sum by ("a.b", c) (x)', 'sum by ("a.b", c) (x)'),
        (" or ".join(["a"] * 200), " or ".join(["a"] * 200)),
    ],
)
def test_an_expression_is_printed_in_one_way(written: str, printed: str) -> None:
    assert str(parse(written)) == printed
    assert str(parse(printed)) == printed


def test_what_is_not_promql_is_said_to_be_so() -> None:
    with pytest.raises(ParseError, match="does not parse"):
        parse("sum(rate(a[5m])")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (" + ".join(["a"] * 20_000), "more than 500 operators and parentheses"),
        ("-" * 20_000 + "a", "more than 500 operators and parentheses"),
        ("(" * 20_000 + "a" + ")" * 20_000, "more than 500 operators and parentheses"),
        ("(" * 400 + "a" + ")" * 400, "nested more than 250 levels deep"),
        (" or ".join(["a"] * 300), "nested more than 250 levels deep"),
        ("a @ -1000", "a time before 1970"),
        ("a + fill(0) b", "a part of the expression is not understood"),
    ],
    ids=lambda text: text[:24],
)
def test_what_is_too_much_is_said_before_any_stack_is_full(text: str, why: str) -> None:
    with pytest.raises(ParseError, match=why):
        parse(text)


def test_what_stands_in_strings_braces_and_comments_is_no_operator() -> None:
    text = f"a{{x=\"{'(' * 1_000}\", y!='{'+' * 1_000}'}} # {'-' * 1_000}"
    assert str(parse(text)).startswith('a{x="((')


NAMES = st.sampled_from(["a", "http_seconds_bucket", "node_disk_free", "job:errors:rate5m"])
LABELS = st.sampled_from(["job", "env", "le"])
QUOTED = st.sampled_from(['"x"', '"é|"', r'"\"q\\\""', r"'it\'s'", r'"\n\u00e9"', '""'])
MATCHERS = st.tuples(LABELS, st.sampled_from(["=", "!="]), QUOTED).map("".join)
REGEXES = st.tuples(LABELS, st.sampled_from(["=~", "!~"]), st.sampled_from(['"a|b"', '"5.."', '"a.+"'])).map("".join)
SELECTORS = st.builds(
    lambda name, matchers: f"{name}{{{', '.join(matchers)}}}", NAMES, st.lists(MATCHERS | REGEXES, max_size=2)
)
NUMBERS = st.sampled_from(["0", "1", "5", "0.05", "0.95", "1000", "24 * 3600", "(1 - 0.99)"])


def _larger(vectors: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    comparisons = st.sampled_from(["==", "!=", ">", "<", ">=", "<="])
    return st.one_of(
        st.builds(lambda v, f: f"{f} by (job, le) ({v})", vectors, st.sampled_from(["sum", "max", "avg", "count"])),
        st.builds(lambda v, op, n: f"({v}) {op} {n}", vectors, comparisons, NUMBERS),
        st.builds(
            lambda a, op, b: f"({a}) {op} ({b})", vectors, st.sampled_from(["and", "or", "unless", "/", "-"]), vectors
        ),
        st.builds(lambda a, b: f"({a}) * on (job) group_left (env) ({b})", vectors, vectors),
        st.builds(lambda v: f"histogram_quantile(0.95, {v})", vectors),
        st.builds(lambda v: f"max_over_time(({v})[1h:5m])", vectors),
        st.builds(lambda v: f"-({v})", vectors),
    )


RANGES = st.builds(
    lambda f, s, w: f"{f}({s}[{w}] offset 5m)",
    st.sampled_from(["rate", "increase", "avg_over_time"]),
    SELECTORS,
    st.sampled_from(["5m", "1h30m", "1ms"]),
)
EXPRESSIONS = st.recursive(SELECTORS | RANGES, _larger, max_leaves=4)


@given(EXPRESSIONS)
@settings(max_examples=examples(20), deadline=None)
def test_printing_anew_keeps_the_meaning(expr: str) -> None:
    assert promql_parser.parse(str(parse(expr))).prettify() == promql_parser.parse(expr).prettify()


@given(EXPRESSIONS)
@settings(max_examples=examples(20), deadline=None)
def test_every_mutant_is_valid_and_differs_from_its_original_and_from_the_others(expr: str) -> None:
    mutants = mutants_of([rule(expr, fields={"for": "1m"}, labels={"severity": "page"})])
    after = [mutant.change.after or "" for mutant in mutants if mutant.change.path == ("expr",)]
    meanings = {promql_parser.parse(text).prettify() for text in after}
    assert promql_parser.parse(expr).prettify() not in meanings
    assert len(set(after)) == len(after)
    assert len({mutant.id for mutant in mutants}) == len(mutants)


def test_the_order_of_matchers_makes_no_other_expression() -> None:
    assert canonical('up{job="a", instance="b"}') == canonical('up{instance="b",job="a"}') != canonical("up")
    with pytest.raises(ParseError):
        canonical("up{")
