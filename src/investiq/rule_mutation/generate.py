"""All mutants of rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from investiq.promql.parse import ParseError, parse
from investiq.rule_mutation.operators import OPERATORS, Operator, Siblings
from investiq.rule_mutation.rule import Mutant, Rule, RuleChange
from investiq.rule_mutation.siblings import NONE_KNOWN, Families, siblings_among

__all__ = ["mutants_of", "unchanged_expressions"]


def mutants_of(
    rules: Sequence[Rule], operators: Iterable[Operator] = OPERATORS, families: Families = NONE_KNOWN
) -> list[Mutant]:
    """One mutant for each change that an operator makes to a rule; none twice, and none that does not parse.

    Args:
        families: metrics that are confused with each other, where more is known of them than the rules tell.
    """
    siblings = siblings_among(rules, families)
    operators = tuple(operators)
    return [mutant for rule in rules for mutant in _of_rule(rule, operators, siblings)]


def unchanged_expressions(rules: Iterable[Rule], mutants: Iterable[Mutant]) -> list[tuple[Rule, str]]:
    """The rules of whose expression there is no mutant, and why: nobody is to take them for tested."""
    changed = {id(mutant.rule) for mutant in mutants if mutant.change.path == ("expr",)}
    return [(rule, _why_unchanged(rule)) for rule in rules if id(rule) not in changed]


def _why_unchanged(rule: Rule) -> str:
    return rule.problem or f"no operator changes {rule.tree!s:.120}"


def _of_rule(rule: Rule, operators: Sequence[Operator], siblings: Siblings) -> Iterator[Mutant]:
    seen: set[tuple[Sequence[str], str | None]] = set()
    for operator in operators:
        for change, proof in operator.changes(rule, siblings):
            key = (change.path, change.after)
            if key not in seen and change.after != change.before and _loads(change):
                seen.add(key)
                yield Mutant(rule, operator.name, change, proof)


def _loads(change: RuleChange) -> bool:
    if change.path != ("expr",):
        return True
    try:
        parse(change.after or "")
    except ParseError:
        return False
    return True
