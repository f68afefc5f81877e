"""The only reader of TOML: within bounds, and with the line of each key.

The parser of the standard library descends into each bracket, and copies a dotted key for each of its dots: some
thousand brackets, or dots, are a traceback, or minutes. So both are counted first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from investiq.foundation.documents.text import UnreadableFile

__all__ = ["key_lines", "load"]

_DEEPEST = 32
"""Brackets in brackets, and parts of a key; our files have four."""

_TOKEN = re.compile(
    r'''(?P<string>"""(?:[^\\]|\\.)*?"""{1,3}|\'\'\'.*?\'\'\'{1,3}|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')'''
    r"""|(?P<mark>[\[\]{}=.,\n])|(?P<bare>[A-Za-z0-9_\-]++)|\#[^\n]*+|.""",
    re.DOTALL,
)


def load(name: str, text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The tables of `text`.

    Args:
        name: of the file, for the messages.

    Raises:
        UnreadableFile: it is no TOML, or nested too deeply.
    """
    import tomllib  # noqa: PLC0415  5 ms that who has no investiq.toml need not pay

    _require_bounded(name, text)
    try:
        tables = tomllib.loads(text, parse_float=parse_float)
    except tomllib.TOMLDecodeError as error:
        raise UnreadableFile(name, f"is not valid TOML: {error}") from error
    except (ValueError, ArithmeticError) as error:  # thousands of digits; an exponent of twenty
        raise UnreadableFile(name, "is not valid TOML: a number has too many digits") from error
    _require_shallow(name, tables)
    return tables


def key_lines(text: str) -> dict[str, int]:
    """Dotted key -> line (from 1) of its first mention, tables included; `text` is valid TOML.

    A table of an array (`[[services]]`) counts under the array's name and under its own: `services`, `services.0`.
    """
    lines: dict[str, int] = {}
    table = ""
    numbers: dict[str, int] = {}
    for statement in _statements(text):
        key = ".".join(statement.key)
        if not statement.brackets:
            lines.setdefault(f"{table}.{key}" if table else key, statement.line)
            continue
        table = _numbered(statement.key, numbers)
        lines.setdefault(table, statement.line)
        if statement.brackets > 1:
            numbers[table] = numbers.get(table, -1) + 1
            table = f"{table}.{numbers[table]}"
            lines[table] = statement.line
    return lines


@dataclass(slots=True)
class _Statement:
    """A table's header, or a key with its value.

    Attributes:
        brackets: before the key of a header: one, or two; none before the key of a value.
        has_value: the `=` has come; what follows is no key.
        open: brackets of the value that are not closed.
    """

    line: int
    brackets: int = 0
    key: list[str] = field(default_factory=list)
    has_value: bool = False
    open: int = 0

    def take(self, token: re.Match[str]) -> None:
        mark = token["mark"]
        if self.has_value:
            self.open += (mark in ("[", "{")) - (mark in ("]", "}"))
        elif mark == "=":
            self.has_value = True
        elif mark == "[":
            self.brackets += 1
        elif not mark and (token["bare"] or token["string"]):
            self.key.append(token[0].strip("\"'"))


def _statements(text: str) -> Iterator[_Statement]:
    statement = _Statement(1)
    line = 1
    for token in _TOKEN.finditer(text):
        line += token[0].count("\n")
        if token[0] != "\n" or statement.open:
            statement.take(token)
            continue
        if statement.key:
            yield statement
        statement = _Statement(line)
    if statement.key:
        yield statement


def _numbered(key: list[str], numbers: dict[str, int]) -> str:
    """The name of a table with the number of each array that it lies in: the last one that has begun."""
    name = ""
    for step in key:
        name = f"{name}.{numbers[name]}.{step}" if name in numbers else f"{name}.{step}" if name else step
    return name


def _require_bounded(name: str, text: str) -> None:
    brackets = dots = 0
    for token in _TOKEN.finditer(text):
        mark = token["mark"] or ""
        brackets = max(0, brackets + (mark in ("[", "{")) - (mark in ("]", "}")))
        dots = dots + 1 if mark == "." else 0 if mark else dots
        if brackets > _DEEPEST or dots > _DEEPEST:
            what = f"is nested more than {_DEEPEST} levels deep, which no setting is"
            raise UnreadableFile(name, what, text.count("\n", 0, token.start()) + 1)


def _require_shallow(name: str, tables: dict[str, Any]) -> None:
    """What reads the tables goes down them by recursion."""
    depth = 0
    level: list[Any] = [tables]
    while level:
        depth += 1
        if depth > 3 * _DEEPEST:
            raise UnreadableFile(name, f"is nested more than {3 * _DEEPEST} levels deep, which no setting is")
        level = [one for value in level for one in _inside(value) if isinstance(one, dict | list)]


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value
