"""A copy of what is committed and validated, free to be damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

from investiq.foundation.checkout import checkout

__all__ = ["RUNBOOKS", "copied"]

RUNBOOKS = "src/investiq/foundation/runbooks"


def copied(to: Path) -> Path:
    """`to`, which then holds the copy."""
    for folder in ("monitoring", "docs", "tests/rules", RUNBOOKS):
        shutil.copytree(checkout() / folder, to / folder)
    for file in ("docker-compose.yml", "Dockerfile", ".dockerignore"):
        shutil.copy(checkout() / file, to / file)
    return to
