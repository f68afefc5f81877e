"""No burn-rate alert is out of reach: where all events are bad, each budget that it looks at burns fast enough.

An objective of 80 % lets a fifth of all events be bad. Its budget never burns more than 5 times as fast as it may, and
an alert that asks for more than 14.4 never fires.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from investiq.foundation.findings import CheckResult, Finding, Place
from investiq.monitoring.checks.expressions import NO_RESULT
from investiq.monitoring.checks.sources import source_of
from investiq.monitoring.checks.yaml_lines import line_of
from investiq.monitoring.rules.slo import BURN_RATES, OBJECTIVE
from investiq.monitoring.slo.burn import fastest_burn
from investiq.promql.number import number_text
from investiq.promql.parse import ParseError, parse
from investiq.promql.tree import Binary, Call, Node, Number, Paren, Selector, nodes

__all__ = ["check_burn_rates"]

CHECK = "burn-rates"

_RECORDED = {recording.name for recording in BURN_RATES.values()}


def check_burn_rates(rule_files: Mapping[str, Mapping[str, Any]]) -> CheckResult:
    """Check every limit of a burn rate for every objective that is recorded beside it.

    Args:
        rule_files: path -> parsed rule file.
    """
    findings, looked_at = [], 0
    for path, document in rule_files.items():
        rules = [rule for group in document.get("groups", ()) for rule in group.get("rules", ())]
        objectives = dict(_objectives(rules))
        looked_at += len(objectives)
        for rule in rules:
            place = Place.file(path, str(rule.get("alert")), line_of(rule), source_of(path))
            findings += [Finding(CHECK, place, *fault, NO_RESULT) for fault in _faults(rule, objectives)]
    return CheckResult(CHECK, f"{looked_at} objectives", tuple(findings))


def _objectives(rules: list[dict[str, Any]]) -> Iterator[tuple[str, Decimal]]:
    for rule in rules:
        match _tree(rule) if rule.get("record") == OBJECTIVE.name else None:
            case Call("vector", (Number(objective),)):
                yield rule["labels"]["slo"], Decimal(number_text(objective))


def _tree(rule: Mapping[str, Any]) -> Node | None:
    try:
        return parse(str(rule["expr"]))
    except ParseError:  # a finding of the check of references
        return None


def _faults(rule: Mapping[str, Any], objectives: Mapping[str, Decimal]) -> Iterator[tuple[str, str]]:
    tree = _tree(rule) if "alert" in rule else None
    for branch in _branches(tree) if tree is not None else ():
        limits = list(_limits(branch))
        highest = max((limit for _, limit in limits), default=0.0)
        for slo, objective in objectives.items():
            fastest = fastest_burn(objective)
            if highest >= fastest and all(_selects(burn, slo) for burn, _ in limits):
                burns = f"the burn rate of {slo} is at most {number_text(round(float(fastest), 2))}"
                yield f"{burns}: {number_text(highest)} is out of reach", "lower that limit, or raise the objective"


def _selects(selector: Selector, slo: str) -> bool:
    return any(
        all(matcher.accepts(slo) for matcher in matchers if matcher.label == "slo")
        for matchers in selector.alternatives
    )


def _branches(tree: Node) -> Iterator[Node]:
    """What is enough by itself."""
    match tree:
        case Paren(inner):
            yield from _branches(inner)
        case Binary("or", left, right):
            yield from _branches(left)
            yield from _branches(right)
        case _:
            yield tree


def _limits(branch: Node) -> Iterator[tuple[Selector, float]]:
    for node in nodes(branch):
        match node:
            case Binary(">" | ">=", Selector(name=name) as burn, Number(limit)) if name in _RECORDED:
                yield burn, limit
