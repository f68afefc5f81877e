"""What every section of the configuration is: frozen, and strict about names."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from investiq.foundation.numbers import MalformedNumber, parse_number

__all__ = ["Objective", "Section", "section"]

Objective = Annotated[Decimal, Field(gt=0, lt=1, decimal_places=9)]
"""The share of good events that is promised. Prometheus would read one with many more digits as 1."""


class Section(BaseModel):
    """A table of investiq.toml."""

    # Built when first used: a section inside another is built as a part of that, and not once more by itself.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False, defer_build=True)

    @field_validator("*", mode="before")
    @classmethod
    def _read_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        """Numbers come as text from the environment, and where money is quoted: pydantic alone would take `1_0`."""
        if not isinstance(value, str | dict) or str(info.field_name) not in _numeric(cls):
            return value
        return _number(value) if isinstance(value, str) else {name: _number(one) for name, one in value.items()}


def section() -> Any:
    """A section whose settings all have defaults, inside another; it is validated with the one that it is in."""
    return Field(default_factory=dict)


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_number(value)
    except MalformedNumber as error:
        raise ValueError(error.message) from None


@cache
def _numeric(section: type[Section]) -> frozenset[str]:
    """The settings that are a number, or numbers by name."""
    return frozenset(name for name, field in section.model_fields.items() if _holds_number(field.annotation))


def _holds_number(annotation: Any) -> bool:
    return annotation in (int, float, Decimal) or any(map(_holds_number, get_args(annotation)))
