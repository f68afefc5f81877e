"""Load testing performed: the last load test of this deployment kept its thresholds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from investiq.foundation.config import Paths
from investiq.foundation.documents.text import UnreadableFile, read_text
from investiq.foundation.findings import CheckResult, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import done, not_done
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.LOAD

SCHEMA = "investiq.load/1"  # its reports: docs/load.md, where this version tests load
_LASTS = timedelta(days=180)
"""A deployment grows: what it carried half a year ago says little."""


@dataclass(frozen=True, slots=True)
class _Report:
    """The report of a load test, as far as it is asked here."""

    path: Path
    scenario: str
    ended_at: datetime
    passed: bool
    requests: int


async def check(deployment: Deployment) -> CheckResult:
    """Read the newest report that is kept."""
    report = next(_reports(Paths.of(deployment.config).data_dir / "load"), None)
    if report is None:
        here = Place(PlaceKind.MACHINE, "this deployment")
        again = "`investiq load mixed`" if find_spec("investiq.operate.load") else "this version tests no load"
        return not_done(POINT, here, "no load test of this deployment is known", again)
    place, day = Place.file(report.path), f"{report.ended_at:%Y-%m-%d}"
    again = f"`investiq load {report.scenario}`"
    if not report.passed:
        what = f"the last load test ({report.scenario}, {day}) did not keep its thresholds"
        return not_done(POINT, place, what, f"see which in the report; then {again}")
    if datetime.now(UTC) - report.ended_at > _LASTS:
        return not_done(POINT, place, f"the last load test is of {day}: what it showed is old", again)
    return done(POINT, f"{report.scenario} on {day}: {report.requests} requests, every threshold kept ({report.path})")


def _reports(folder: Path) -> Iterator[_Report]:
    """Those that can be read, newest first: their names begin with their time."""
    for path in sorted(folder.glob("*.json"), reverse=True):
        with suppress(UnreadableFile, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            document = json.loads(read_text(path))
            if document["schema"] == SCHEMA:
                ended = datetime.fromtimestamp(float(document["ended_at"]), UTC)
                passed = document["passed"] is True
                yield _Report(path, str(document["scenario"]), ended, passed, int(document["requests"]))
