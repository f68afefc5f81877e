"""Numbers as options of commands, read by the one parser. Click's own would take `1_0` and the digits of any script."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import click

from investiq.foundation.numbers import MalformedNumber, parse_number

__all__ = ["NumberRange", "PositiveAmount", "WholeNumberRange"]


def _typed(kind: click.ParamType[Any], value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
    if not isinstance(value, str):  # a default
        return value
    try:
        return parse_number(value)
    except MalformedNumber as error:
        kind.fail(error.message, param, ctx)


class PositiveAmount(click.ParamType[Decimal]):
    """A decimal number above zero; floats never touch money."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        amount = Decimal(_typed(self, value, param, ctx))
        if amount <= 0:
            self.fail(f"{value!r} is not above zero: expected an amount such as 10 or 2500.50", param, ctx)
        return amount


class WholeNumberRange(click.IntRange):
    """A whole number within limits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = _typed(self, value, param, ctx)
        if number != int(number):
            self.fail(f"{value!r} is not a whole number", param, ctx)
        return super().convert(int(number), param, ctx)


class NumberRange(click.FloatRange):
    """A number within limits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(float(_typed(self, value, param, ctx)), param, ctx)
