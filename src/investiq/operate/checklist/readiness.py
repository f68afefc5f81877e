"""The checklist in one word: what this deployment is ready for, and what is missing for more."""

from __future__ import annotations

from collections.abc import Sequence

from investiq.foundation.contract.api import CheckedPoint
from investiq.foundation.vocabulary import ChecklistPoint, PointState, ReadinessGrade
from investiq.operate.checklist.points import POINTS

__all__ = ["grade", "missing_for"]

_FOR_PAPER = frozenset(point.name for point in POINTS if point.for_paper)


def missing_for(wanted: ReadinessGrade, points: Sequence[CheckedPoint]) -> list[ChecklistPoint]:
    """The points that stand between this deployment and a grade, those that nobody has looked at among them.

    Trading on paper needs what makes faults seen and strangers stay outside; trading with money needs every point.
    """
    if wanted is ReadinessGrade.NOT_READY:
        return []
    done = {point["point"] for point in points if point["state"] == PointState.DONE}
    needed = ChecklistPoint if wanted is ReadinessGrade.LIVE else [one for one in ChecklistPoint if one in _FOR_PAPER]
    return [one for one in needed if one not in done]


def grade(points: Sequence[CheckedPoint]) -> ReadinessGrade:
    """The best that nothing is missing for."""
    return next(one for one in reversed(ReadinessGrade) if not missing_for(one, points))
