"""Lengths of time as people type and read them."""

from __future__ import annotations

import re
from datetime import timedelta

import click

__all__ = ["Duration", "written"]

_UNITS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class Duration(click.ParamType[float]):
    """`30s`, `500ms`, `2m`, `1h`, `7d`, as seconds; without `unit_needed`, plain seconds too."""

    name = "duration"

    def __init__(self, *, unit_needed: bool = False) -> None:
        self._unit_needed = unit_needed

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|)", str(value).strip())
        if match is None or (self._unit_needed and not match[2]):
            self.fail(
                f"{value!r} is not a duration: write a number and its unit, such as 30s, 10m, 2h or 7d", param, ctx
            )
        return float(match[1]) * _UNITS[match[2]]


def written(length: timedelta) -> str:
    """Two units at most: `1h 5m`, `3m 20s`, `12s`; `7d 2h` from two days on."""
    seconds = max(0, round(length.total_seconds()))
    days, hours, minutes = seconds // 86_400, seconds // 3600, seconds // 60 % 60
    if days >= 2:  # up to 47 hours are easier to grasp as hours
        return f"{days}d {hours % 24}h"
    return f"{hours}h {minutes}m" if hours else f"{minutes}m {seconds % 60}s" if minutes else f"{seconds}s"
