"""Keeps what was found: the API tells it, and the console shows it with its age."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from investiq.foundation.contract.api import CheckedPoint, Checklist
from investiq.foundation.files import replace_whole
from investiq.operate.checklist.readiness import grade

__all__ = ["checklist_of", "keep"]


def checklist_of(points: Sequence[CheckedPoint]) -> Checklist:
    """The document of points that were just looked at."""
    return Checklist(
        checked_at=min(point["checked_at"] for point in points), grade=grade(points).value, points=list(points)
    )


def keep(path: Path, checklist: Checklist) -> None:
    """Put it in the place of what was found before, wholly or not at all.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    replace_whole(path, json.dumps(checklist, indent=2) + "\n")
