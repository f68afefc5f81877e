"""Durations as the files and expressions of Prometheus and Alertmanager have them: `5m`, `1h30m`, `0s`.

What people type on our command line is another language, read by `foundation.durations`: `1.5 h`, plain seconds.
"""

from __future__ import annotations

import re
from datetime import timedelta

import promql_parser

from investiq.foundation.errors import InvestIQError

__all__ = ["InvalidDuration", "format", "parse"]

_NOTHING = re.compile(r"0|(?:0+(?:ms|[smhdwy]))+")


class InvalidDuration(InvestIQError):
    """That is no duration to Prometheus."""

    reason = "not_understood"


def parse(text: str) -> timedelta:
    """The length that is written, exactly; a week has 7 days, a year 365.

    Raises:
        InvalidDuration: Prometheus would refuse it in a file.
    """
    if _NOTHING.fullmatch(text):  # the parser knows only ranges, and refuses those of no length
        return timedelta()
    try:
        if not text.isdecimal():  # seconds in an expression, and to the parser; in a file no duration
            return promql_parser.parse_duration(text)
    except (ValueError, OverflowError):
        pass
    raise InvalidDuration(f"{text!r} is not a duration: expected numbers with units, such as 30s, 5m or 1h30m")


def format(length: timedelta) -> str:
    """The shortest way to write it; with a minus sign where it is negative, as only an `offset` can be.

    Milliseconds are the least that Prometheus knows: what is shorter is cut off.
    """
    sign, absolute = ("-", -length) if length < timedelta() else ("", length)
    return f"{sign}{promql_parser.display_duration(absolute) or '0s'}"
