"""What a deployment is ready for, by its checklist."""

from __future__ import annotations

import pytest

from investiq.foundation.vocabulary import ChecklistPoint, PointState, ReadinessGrade
from investiq.operate.checklist.readiness import grade, missing_for
from tests.operate.checklist.answers import every_point

NOT_DONE = [state for state in PointState if state is not PointState.DONE]
LIVE_ONLY = {"rules", "channels", "proxy", "backup", "load", "drills", "training", "backup-password", "audit"}


def test_live_needs_every_point() -> None:
    assert grade(every_point()) is ReadinessGrade.LIVE
    assert missing_for(ReadinessGrade.LIVE, every_point()) == []


@pytest.mark.parametrize("state", NOT_DONE)
@pytest.mark.parametrize("name", list(ChecklistPoint))
def test_each_point_that_is_not_done_stands_in_the_way(name: str, state: PointState) -> None:
    points = every_point(**{name.replace("-", "_"): state})
    assert grade(points) is (ReadinessGrade.PAPER if name in LIVE_ONLY else ReadinessGrade.NOT_READY)
    assert missing_for(ReadinessGrade.LIVE, points) == [name]
    assert missing_for(ReadinessGrade.PAPER, points) == ([] if name in LIVE_ONLY else [name])


def test_a_point_that_nobody_looked_at_is_missing() -> None:
    assert missing_for(ReadinessGrade.LIVE, every_point()[1:]) == ["metrics"]
    assert grade([]) is ReadinessGrade.NOT_READY
