"""The file in which a replay keeps how far it may have gone."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import replace_whole

__all__ = ["ReplayState", "ReplayStateError", "StartMismatch", "read_state", "write_state"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class ReplayState:
    """`start` is the replay's first session; `position` counts sessions from it and has a fraction."""

    start: date
    position: float


class ReplayStateError(InvestIQError):
    """The state file cannot be read or written."""

    reason = "replay_state"


class StartMismatch(InvestIQError):
    """The data belongs to a replay that started elsewhere: orders and positions were made at other times and prices."""

    reason = "replay_start"

    def __init__(self, path: Path, *, kept: date, asked: date) -> None:
        super().__init__(
            f"the replay in {path.parent} started at {kept}, and market.start now says {asked}: its orders and "
            f"positions belong to the old times. Set market.start to {kept} to go on, or begin anew with "
            "`investiq up --fresh`, which moves the old data aside",
            kept=kept.isoformat(),
            asked=asked.isoformat(),
        )


def read_state(path: Path) -> ReplayState | None:
    """The state in `path`, or None when there is none yet.

    Raises:
        ReplayStateError: the file is unreadable or not a state file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ReplayStateError(f"cannot read the replay's position from {path}: {error.strerror}") from error
    try:
        return _parse(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise ReplayStateError(
            f"{path} does not hold a replay's position ({error!r}): expected something like "
            f'{{"version": {_VERSION}, "start": "2008-01-02", "position": 12.5}}. '
            "Begin anew with `investiq up --fresh`, which moves the old data aside"
        ) from error


def write_state(path: Path, state: ReplayState) -> None:
    """Put `state` into `path`: wholly or not at all, and on the disk when this returns.

    Raises:
        ReplayStateError: the folder or the file cannot be written.
    """
    record = {"version": _VERSION, "start": state.start.isoformat(), "position": state.position}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Durable, as the ledger is to its last commit: the clock that dates it must not fall back after a power cut.
        replace_whole(path, json.dumps(record))
    except OSError as error:
        raise ReplayStateError(
            f"cannot keep the replay's position in {path}: {error.strerror}. No market time is given until it can be "
            "kept: check the disk's free space and the folder's owner"
        ) from error


def _parse(record: dict[str, object]) -> ReplayState:
    if record["version"] != _VERSION:
        raise ValueError(f"version {record['version']}")
    position = float(str(record["position"]))
    if not math.isfinite(position) or position < 0:
        raise ValueError(f"position {position}")
    return ReplayState(start=date.fromisoformat(str(record["start"])), position=position)
