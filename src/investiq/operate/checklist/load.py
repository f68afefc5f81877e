"""Load testing performed: the last load test of this deployment kept its thresholds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from investiq.foundation.findings import CheckResult, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import done, not_done
from investiq.operate.checklist.deployment import Deployment
from investiq.operate.load import last_report

__all__ = ["check"]

POINT = ChecklistPoint.LOAD

_LASTS = timedelta(days=180)
"""A deployment grows: what it carried half a year ago says little."""


async def check(deployment: Deployment) -> CheckResult:
    """Read the newest report that is kept."""
    report = last_report(deployment.config)
    if report is None:
        here = Place(PlaceKind.MACHINE, "this deployment")
        return not_done(POINT, here, "no load test of this deployment is known", "`investiq load mixed`")
    place, day = Place.file(report.path), f"{report.ended_at:%Y-%m-%d}"
    again = f"`investiq load {report.scenario}`"
    if not report.passed:
        what = f"the last load test ({report.scenario}, {day}) did not keep its thresholds"
        return not_done(POINT, place, what, f"see which in the report; then {again}")
    if datetime.now(UTC) - report.ended_at > _LASTS:
        return not_done(POINT, place, f"the last load test is of {day}: what it showed is old", again)
    return done(
        POINT,
        f"{report.scenario} on {day}: {report.document['requests']} requests, every threshold kept ({report.path})",
    )
