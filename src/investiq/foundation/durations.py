"""Lengths of time as people type and read them, on the command line and in the console."""

from __future__ import annotations

import re
from datetime import timedelta

from investiq.foundation.errors import InvestIQError

__all__ = ["MalformedDuration", "format_duration", "parse_duration"]

_SECONDS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_LONGEST_SECONDS = 86_400.0 * 36_500
"""More is a slip of the finger, and too much for a timedelta."""


class MalformedDuration(InvestIQError):
    """That is no length of time."""

    reason = "usage"


def parse_duration(text: str, *, unit_needed: bool = False) -> timedelta:
    """`30s`, `500ms`, `2m`, `1.5h`, `7d`; without `unit_needed`, plain seconds too.

    Raises:
        MalformedDuration: it is none of these.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d|)", text.strip())
    if match is None or (unit_needed and not match[2]) or float(match[1]) * _SECONDS[match[2]] > _LONGEST_SECONDS:
        raise MalformedDuration(f"{text!r} is not a duration: write a number and its unit, such as 30s, 10m, 2h or 7d")
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])


def format_duration(length: timedelta) -> str:
    """Two units at most: `1h 5m`, `3m 20s`, `12s`; `7d 2h` from two days on."""
    seconds = max(0, round(length.total_seconds()))
    days, hours, minutes = seconds // 86_400, seconds // 3600, seconds // 60 % 60
    if days >= 2:  # up to 47 hours are easier to grasp as hours
        return f"{days}d {hours % 24}h"
    return f"{hours}h {minutes}m" if hours else f"{minutes}m {seconds % 60}s" if minutes else f"{seconds}s"
