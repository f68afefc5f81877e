"""The API of a new installation in this process, at a market time that stands still: that of the tests, unlimited."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.telemetry import logging
from tests.serve.api.installation import Installation, install

__all__ = ["LAST_DAY", "install_at", "installation"]

LAST_DAY = datetime(2013, 3, 1, 17, 0, tzinfo=UTC)
"""The shipped prices have their whole history behind this."""

_UNLIMITED = ApiConfig(requests_per_minute=1_000_000, trades_per_minute=1_000_000)


def install_at(folder: Path, now: datetime = LAST_DAY, signals_port: int = 1) -> Installation:
    """The installation whose data is in `folder`. Its log lines are written as ever, but kept off the screen."""
    logging.configure("benchmark", "info", io.StringIO())
    found = install(folder, api=_UNLIMITED, signals_port=signals_port)
    found.clock.current = now
    return found


@contextmanager
def installation(now: datetime = LAST_DAY) -> Iterator[Installation]:
    """A new one in a folder of its own, which is gone afterwards."""
    with TemporaryDirectory() as folder:
        yield install_at(Path(folder), now)
