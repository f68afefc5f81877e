"""Numbers as text of PromQL, and as others write them."""

from __future__ import annotations

from decimal import Decimal
from math import inf, isinf, isnan

__all__ = ["any_spelling", "number_text"]

_EXACT_INTEGERS = 2**53
_ALWAYS_POSITIONAL = range(-3, 6)
"""Powers of ten that no exporter writes with an exponent: Java does so below 0.001, Go and Python from 1,000,000 on."""


def number_text(value: float) -> str:
    """The shortest text that reads back as the same number."""
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "Inf" if value == inf else "-Inf"
    if float(value).is_integer() and abs(value) < _EXACT_INTEGERS:
        return str(int(value))
    return repr(float(value))


def any_spelling(value: float) -> str:
    """The RE2 pattern of every text that exporters write for a finite number as a label.

    `10`, `10.0` and `10.00`; `1e+06`, `1e6` and `1.0E6` beside `1000000`; `1e-05` beside `0.00001`. Prometheus 3 keeps
    one of them, Prometheus 2 what it was sent.
    """
    exact = Decimal(number_text(value)).normalize()
    sign = "-" if exact.is_signed() else ""
    whole, _, fraction = format(abs(exact), "f").partition(".")
    positional = sign + _with_fraction(f"{whole}" if whole != "0" or not fraction else "0?", fraction)
    power = exact.adjusted()
    if not exact or power in _ALWAYS_POSITIONAL:
        return positional
    first, *others = map(str, exact.as_tuple().digits)
    exponent = f"[eE]-0*{-power}" if power < 0 else rf"[eE]\+?0*{power}"
    return f"{positional}|{sign}{_with_fraction(first, ''.join(others))}{exponent}"


def _with_fraction(whole: str, fraction: str) -> str:
    return rf"{whole}\.{fraction}0*" if fraction else rf"{whole}(\.0+)?"
