"""Every operator, once."""

from __future__ import annotations

from investiq.rule_mutation.operators import comparisons, functions, grouping, logic, rule_fields, selectors
from investiq.rule_mutation.operators.operator import Operator, Siblings

__all__ = ["BY_NAME", "OPERATORS", "Operator", "Siblings"]

OPERATORS: tuple[Operator, ...] = (
    *comparisons.OPERATORS,
    *selectors.OPERATORS,
    *grouping.OPERATORS,
    *functions.OPERATORS,
    *logic.OPERATORS,
    *rule_fields.OPERATORS,
)

BY_NAME = {operator.name: operator for operator in OPERATORS}
