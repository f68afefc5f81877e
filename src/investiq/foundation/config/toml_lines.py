"""Line numbers of the keys of a TOML text: the standard parser does not keep them, and an error should name them."""

from __future__ import annotations

import re

__all__ = ["key_lines"]

_TABLE = re.compile(r"\s*(\[{1,2})\s*([^\]]+?)\s*\]+")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_\-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_\-]+|"[^"]*"|'[^']*'))*)\s*=""")


def key_lines(text: str) -> dict[str, int]:
    """Dotted key -> line (from 1) of its first mention, tables included; `text` is valid TOML.

    A table of an array (`[[services]]`) counts under the array's name and under its own: `services`, `services.0`.
    """
    lines: dict[str, int] = {}
    table = ""
    numbers: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.fullmatch(line.split("#")[0].rstrip()):
            table = _numbered(_plain(header[2]), numbers)
            lines.setdefault(table, number)
            if header[1] == "[[":
                numbers[table] = numbers.get(table, -1) + 1
                table = f"{table}.{numbers[table]}"
                lines[table] = number
        elif assignment := _KEY.match(line):
            key = _plain(assignment[1])
            lines.setdefault(f"{table}.{key}" if table else key, number)
    return lines


def _numbered(table: str, numbers: dict[str, int]) -> str:
    """The name of a table with the number of each array that it lies in: the last one that has begun."""
    name = ""
    for step in table.split("."):
        name = f"{name}.{numbers[name]}.{step}" if name in numbers else f"{name}.{step}" if name else step
    return name


def _plain(dotted: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in dotted.split("."))
