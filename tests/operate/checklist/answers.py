"""A point as it was found, and a signature, to be changed by a test."""

from __future__ import annotations

from typing import Any, cast

from investiq.foundation.contract.api import CheckedPoint, SignOff
from investiq.foundation.vocabulary import ChecklistPoint, PointState

__all__ = ["every_point", "found", "signature"]


def signature(**changes: Any) -> SignOff:
    return cast(
        SignOff,
        {
            "point": "training",
            "by": "Anna",
            "signed_as": "local admin",
            "note": None,
            "signed_at": "2026-03-01T09:00:00+00:00",
            "expires_at": "2026-08-28T09:00:00+00:00",
            **changes,
        },
    )


def found(point: str = "metrics", state: str = PointState.DONE, **changes: Any) -> CheckedPoint:
    return cast(
        CheckedPoint,
        {
            "point": point,
            "title": f"The title of {point}",
            "state": str(state),
            "evidence": [f"what was seen of {point}"],
            "next_steps": [] if state == PointState.DONE else [f"mend {point}"],
            "checked_at": "2026-03-01T10:00:00+00:00",
            "seconds": 0.1,
            "sign_off": None,
            **changes,
        },
    )


def every_point(**states: PointState) -> list[CheckedPoint]:
    """All of them done, but for those that are named (`_` for `-`)."""
    given = {name.replace("_", "-"): state for name, state in states.items()}
    return [found(point, given.get(point, PointState.DONE)) for point in ChecklistPoint]
