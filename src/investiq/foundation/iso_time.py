"""Dates and times as people and programs give them: ISO 8601, and nothing that could be a count of seconds."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

__all__ = ["IsoDate", "IsoMoment"]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _iso_date(value: object) -> object:
    # Pydantic alone takes numbers for seconds since 1970.
    if isinstance(value, date) or (isinstance(value, str) and _DATE.fullmatch(value)):
        return value
    raise ValueError("expected a date such as 2008-01-02")


def _iso_moment(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DATE.match(value)):
        return value
    raise ValueError("expected a time with its offset, such as 2008-01-02T15:30:00Z")


IsoDate = Annotated[date, BeforeValidator(_iso_date)]
"""A date as ISO 8601 writes it, and nothing that could be a count of seconds."""

IsoMoment = Annotated[AwareDatetime, BeforeValidator(_iso_moment)]
"""A time as ISO 8601 writes it, with an offset."""
