"""Types are checked beside the other tests: on a core that the stacks leave free, while they wait."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.xdist_group("types")
def test_mypy_has_nothing_to_say() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
