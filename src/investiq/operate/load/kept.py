"""The reports of past runs, one file each in `load/` of the data folder: what the checklist and `--last` read.

The format is `investiq.load/1`, described in docs/load.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from investiq.foundation.config import Config, Paths
from investiq.foundation.files import replace_whole

__all__ = ["SCHEMA", "KeptReport", "keep", "kept_reports", "last_report", "quiet_before"]

SCHEMA = "investiq.load/1"
MOST = 200
"""Reports kept; the oldest go."""

_AROUND_SECONDS = 15.0
"""Before and after a run, in which it asks what does not count, and scrapes see the rest of it."""

_QUIET_SECONDS = 15.0
_OLD_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report as it lies on the disk.

    Attributes:
        ended_at: of the run.
        passed: whether it kept every threshold, to its end.
        document: the whole of it.
    """

    path: Path
    scenario: str
    ended_at: datetime
    passed: bool
    document: dict[str, Any]


def keep(config: Config, name: str, document: dict[str, Any]) -> Path:
    """Write a report, and remove the oldest beyond `MOST`."""
    folder = Paths.of(config).load
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    replace_whole(path, json.dumps({"schema": SCHEMA, **document}, indent=2) + "\n")
    for old in sorted(folder.glob("*.json"))[:-MOST]:
        old.unlink(missing_ok=True)
    return path


def kept_reports(config: Config) -> Iterator[KeptReport]:
    """Those that can be read, newest first; names begin with their time."""
    for path in sorted(Paths.of(config).load.glob("*.json"), reverse=True):
        with suppress(OSError, ValueError, KeyError, TypeError):  # cut off, or somebody else's
            yield _read(path)


def last_report(config: Config, scenario: str | None = None) -> KeptReport | None:
    """The newest, or the newest of a scenario; None where there was no run yet."""
    return next((one for one in kept_reports(config) if scenario in (None, one.scenario)), None)


def quiet_before(config: Config, at: float) -> tuple[float, float] | None:
    """The latest while before a Unix second in which no run was under way; None where there was none for long."""
    end = at
    for one in kept_reports(config):
        ended = one.ended_at.timestamp() + _AROUND_SECONDS
        if end - ended >= _QUIET_SECONDS or end < at - _OLD_SECONDS:
            break
        end = min(end, float(one.document["started_at"] or end) - _AROUND_SECONDS)
    else:
        return end - 4 * _QUIET_SECONDS, end
    return None if end < at - _OLD_SECONDS else (max(ended, end - 4 * _QUIET_SECONDS), end)


def _read(path: Path) -> KeptReport:
    document = json.loads(path.read_text("utf-8"))
    if document["schema"] != SCHEMA:
        raise ValueError(f"not {SCHEMA}")
    ended = datetime.fromtimestamp(float(document["ended_at"]), UTC)
    return KeptReport(path, str(document["scenario"]), ended, document["passed"] is True, document)
