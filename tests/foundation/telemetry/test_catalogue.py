"""The catalogue as a whole: what it promises is counted somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import investiq
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.catalogue import Metric

SOURCE = Path(investiq.__file__).parent
# They look at metrics; nothing in them emits one.
WATCHING = ("monitoring", "telemetry/catalogue.py")


def test_every_metric_is_written_by_a_part() -> None:
    """One that is only registered stays 0 for ever: its panel is flat, and its alert never fires."""
    files = [file for file in SOURCE.rglob("*.py") if not str(file.relative_to(SOURCE)).startswith(WATCHING)]
    written = " ".join(file.read_text("utf-8") for file in files)
    names = {name for name, value in vars(catalogue).items() if isinstance(value, Metric)}
    assert {name for name in names if not re.search(rf"\bcatalogue\.{name}\b", written)} == set()
