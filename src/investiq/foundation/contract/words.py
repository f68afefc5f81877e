"""Closed words on a wire."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import GetPydanticSchema
from pydantic_core import core_schema

__all__ = ["one_of"]


def one_of(words: Iterable[StrEnum]) -> GetPydanticSchema:
    """Of a string: it is one of `words`. OpenAPI lists them in place; an enumeration would be one more component."""
    return GetPydanticSchema(lambda _source, _handler: core_schema.literal_schema([word.value for word in words]))
