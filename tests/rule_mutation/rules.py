"""Rules made of an expression alone, for the tests of mutations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from investiq.promql.parse import parse
from investiq.rule_mutation.generate import mutants_of
from investiq.rule_mutation.operators import BY_NAME
from investiq.rule_mutation.rule import Mutant, Rule


def rule(
    expr: str,
    name: str = "Alert",
    *,
    fields: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    alerting: bool = True,
) -> Rule:
    """A rule of group g in r.yml."""
    return Rule("r.yml", "g", (0, 0), name, alerting, parse(expr), fields or {}, labels or {})


def mutated(operator: str, expr: str, *others: str) -> list[str]:
    """The expressions that one operator makes of `expr`; `others` stand in further rules of the file."""
    rules = [rule(expr), *(rule(other, f"Other{i}") for i, other in enumerate(others))]
    mutants = mutants_of(rules, [BY_NAME[operator]])
    return [mutant.change.after or "" for mutant in mutants if mutant.rule is rules[0]]


def proofs(operator: str, expr: str, *, alerting: bool = True, shows_value: bool = False) -> list[Mutant]:
    """The mutants that are proven to be equivalent."""
    one = replace(rule(expr, alerting=alerting), shows_value=shows_value)
    return [mutant for mutant in mutants_of([one], [BY_NAME[operator]]) if mutant.proof]
