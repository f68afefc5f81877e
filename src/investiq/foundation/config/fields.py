"""The settings of the schema as a flat table: dotted key, variable, what is expected, an example."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from investiq.foundation.config.schema import Config
from investiq.foundation.documents import toml_documents
from investiq.foundation.documents.text import UnreadableFile

__all__ = ["Setting", "settings", "settings_of", "toml_value"]

_KINDS: Mapping[Any, frozenset[str]] = {
    bool: frozenset({"boolean"}),
    int: frozenset({"integer"}),
    float: frozenset({"number"}),
    Decimal: frozenset({"number", "string"}),
    tuple: frozenset({"array"}),
    dict: frozenset({"object"}),
    NoneType: frozenset(),
}
"""The JSON types of what settings are; all else is written as text."""

_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float, Decimal),
    "boolean": (bool,),
    "string": (str, date),
    "array": (list, tuple),
    "object": (dict,),
}
_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
    "object": "a table",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: where it is said, what may be said.

    Attributes:
        key: dotted, as in investiq.toml: `api.port`.
        types: the JSON types that its value may have.
        choices: the closed set of values, where there is one.
        tables: what each of its tables holds, where it is an array of tables: `[[services]]`.
    """

    key: str
    description: str
    types: frozenset[str]
    choices: tuple[str, ...]
    secret: bool
    sample: Any
    tables: type[BaseModel] | None = None

    @property
    def variable(self) -> str:
        return "INVESTIQ_" + self.key.upper().replace(".", "_")

    @property
    def expected(self) -> str:
        kind = " or ".join(repr(choice) for choice in self.choices) or self.type_words
        return f"{kind} ({self.description})"

    @property
    def example(self) -> str:
        return f"{self.key.rpartition('.')[2]} = {toml_value(self.sample)}"

    def example_for(self, source: str) -> str:
        """The example in the form of its source: a TOML line, or an assignment of the variable `$NAME`."""
        name = source.removeprefix("$")
        if not name.isupper():
            return self.example
        if name.endswith("_FILE"):
            return f"{name}=/run/secrets/{name.removesuffix('_FILE').lower()}"
        if self.tables is not None:
            return f"{name}={toml_value(self.sample)}"
        values = self.sample if isinstance(self.sample, (list, tuple)) else [self.sample]
        return f"{name}={','.join(str(value) for value in values)}"

    @property
    def type_words(self) -> str:
        """Its type in words."""
        if self.tables is not None:
            return "a list of tables"
        if {"number", "string"} <= self.types:  # money: a decimal number, also as text
            return "a number"
        return " or ".join(_WORDS.get(kind, kind) for kind in sorted(self.types)) or "a table"

    def toml_fault(self, value: Any) -> str | None:
        """What is wrong with the type of a TOML value, or None. Pydantic alone would take `true` and "1" for 1."""
        allowed = [python for kind in self.types for python in _JSON_TYPES.get(kind, ())]
        is_bool_for_number = isinstance(value, bool) and "boolean" not in self.types
        if isinstance(value, tuple(allowed)) and not is_bool_for_number:
            return None
        got = "another type" if self.secret else toml_value(value)
        return f"expected {self.expected}, got {got}"

    def parse_text(self, text: str) -> Any:
        """The value that an environment variable's text stands for: lists by commas, tables as TOML, else as it is."""
        if self.tables is not None:
            return _toml(text)
        if "array" in self.types:
            return [item.strip() for item in text.split(",") if item.strip()]
        return _toml(text) if "object" in self.types else text


def _toml(text: str) -> Any:
    try:
        return toml_documents.load("the value", f"value = {text}", Decimal)["value"]
    except UnreadableFile as error:
        raise ValueError(error.message) from error


def _assignments(table: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {toml_value(value)}" for name, value in table.items())


@functools.cache
def settings() -> Mapping[str, Setting]:
    """Every setting by its dotted key, in the order of the schema."""
    return {setting.key: setting for setting in settings_of(Config)}


def settings_of(model: type[BaseModel]) -> list[Setting]:
    """The settings of one table of an array, by their names in it."""
    return list(_walk(model, ""))


def _walk(model: type[BaseModel], prefix: str) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _walk(inner, f"{prefix}{name}.")
        else:
            yield _setting(prefix + name, field)


def _setting(key: str, field: FieldInfo) -> Setting:
    secret = SecretStr in _annotations(field.annotation)
    sample = field.examples[0] if field.examples else None if field.is_required() else field.get_default()
    return Setting(
        key=key,
        description=field.description or "",
        types=_kinds(field.annotation),
        choices=get_args(field.annotation) if get_origin(field.annotation) is Literal else (),
        secret=secret,
        sample="…" if secret and sample is None else sample,
        tables=_tables(field.annotation),
    )


def _kinds(annotation: Any) -> frozenset[str]:
    """The JSON types of `annotation`, without null. Its JSON schema says the same, and costs every command 40 ms."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return frozenset().union(*map(_kinds, get_args(annotation)))
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    return _KINDS.get(origin or annotation, frozenset({"string"}))


def _tables(annotation: Any) -> type[BaseModel] | None:
    """The model of the tables where `annotation` is a tuple of them."""
    return next((a for a in get_args(annotation) if isinstance(a, type) and issubclass(a, BaseModel)), None)


def _annotations(annotation: Any) -> set[Any]:
    """The annotation and everything inside its unions and `Annotated`s."""
    return {annotation}.union(*(_annotations(inner) for inner in get_args(annotation)))


def toml_value(value: Any) -> str:
    """`value` as it is written in TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal() | date():
            return str(value)
        case list() | tuple():
            return "[" + ", ".join(toml_value(item) for item in value) + "]"
        case dict():
            return "{" + _assignments(value) + "}"
        case _:
            return _quoted(str(value))


def _quoted(text: str) -> str:
    if "'" not in text and text.isprintable() and ('"' in text or "\\" in text):
        return f"'{text}'"  # read as it stands
    quoted = json.dumps(text, ensure_ascii=False)  # the escapes of JSON are escapes of TOML
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)
