"""What the points of the checklist answer with, in few words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint

__all__ = ["done", "lacking", "not_checked", "not_done", "taken_over"]

_SHOWN = 3
"""Findings of a point that are shown: who has to mend more runs the check that found them."""


def done(point: ChecklistPoint, evidence: str, notes: Sequence[str] = ()) -> CheckResult:
    """It was seen to be so."""
    return CheckResult(point, evidence, notes=tuple(notes))


def not_done(point: ChecklistPoint, place: Place, what: str, fix: str) -> CheckResult:
    """It was seen not to be so."""
    return CheckResult(point, findings=(lacking(point, place, what, fix),))


def lacking(point: ChecklistPoint, place: Place, what: str, fix: str) -> Finding:
    """One thing that is not as it should be."""
    return Finding(point, place, what, fix)


def not_checked(point: ChecklistPoint, place: Place, what: str, fix: str) -> Finding:
    """One thing of which nothing is known."""
    return Finding(point, place, what, fix, severity=FindingSeverity.UNCHECKED)


def taken_over(
    point: ChecklistPoint,
    checked: Sequence[CheckResult],
    about: Callable[[Finding], bool] = lambda _: True,
) -> list[Finding]:
    """What `investiq validate` found, as findings of this point; a check that was left out is not known to be well."""
    left_out = [one for one in checked if one.left_out]
    found = [not_checked(point, Place(PlaceKind.PART, one.check), one.left_out, _ASK) for one in left_out]
    found += [replace(finding, check=point) for one in checked for finding in one.findings if about(finding)]
    worst_first = sorted(found, key=lambda finding: list(FindingSeverity).index(finding.severity))
    if len(worst_first) <= _SHOWN:
        return worst_first
    place = Place(PlaceKind.PART, "validate")
    rest = replace(worst_first[_SHOWN], place=place, what=f"and {len(worst_first) - _SHOWN} more", fix=_ASK)
    return [*worst_first[:_SHOWN], rest]


_ASK = "`investiq validate` lists what is wrong, and how to mend it"
