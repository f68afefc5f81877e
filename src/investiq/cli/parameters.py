"""A length of time as a parameter of a command."""

from __future__ import annotations

import click

from investiq.foundation.durations import MalformedDuration, parse_duration

__all__ = ["Duration"]


class Duration(click.ParamType[float]):
    """A duration as seconds; without `unit_needed`, plain seconds too."""

    name = "duration"

    def __init__(self, *, unit_needed: bool = False) -> None:
        self._unit_needed = unit_needed

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value), unit_needed=self._unit_needed).total_seconds()
        except MalformedDuration as error:
            self.fail(error.message, param, ctx)
