"""Column types that keep what they are given: exact decimals and aware times, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Numeric
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["ExactDecimal", "RowId", "UtcDateTime"]

_DIGITS = 18
"""Significant digits of an exact decimal: what a signed 64-bit integer holds whatever the scale."""

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""A growing row number. SQLite numbers rows by itself only for a column declared INTEGER, which is 64-bit there."""


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal with `scale` places, stored exactly, that can be summed and compared in SQL on both databases.

    SQLite's NUMERIC is a binary float, so there the column is an integer of the smallest unit (12.34 with scale 4 is
    123400). PostgreSQL's NUMERIC is exact. A value with more places than the column is refused: rounding money is a
    decision of the caller, never of the database.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__(_DIGITS, scale)
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """BIGINT on SQLite, NUMERIC elsewhere."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(_DIGITS, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """The stored form of `value`.

        Raises:
            ValueError: not a finite Decimal, or one that the column cannot hold exactly.
        """
        if value is None:
            return None
        scaled = self._scaled(value)
        return scaled if dialect.name == "sqlite" else Decimal(scaled).scaleb(-self.scale)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """The Decimal that was stored, always with `scale` places."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return Decimal(int(value)).scaleb(-self.scale)
        return Decimal(value)

    def _scaled(self, value: Decimal) -> int:
        if not isinstance(value, Decimal) or not value.is_finite():
            raise ValueError(f"{value!r} cannot be stored: expected a finite Decimal")
        scaled = value.scaleb(self.scale)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} cannot be stored exactly: the column keeps {self.scale} decimal places")
        if abs(scaled) >= 10**_DIGITS:
            raise ValueError(
                f"{value} cannot be stored: the column keeps {_DIGITS} digits, {self.scale} of them decimals"
            )
        return int(scaled)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept and returned in UTC. SQLite forgets time zones, so a naive time is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """`value` in UTC.

        Raises:
            ValueError: `value` has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} cannot be stored: expected a time with its zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """The time that was stored, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
