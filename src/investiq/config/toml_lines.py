"""Line numbers of the keys of a TOML text: the standard parser does not keep them, and an error should name them."""

from __future__ import annotations

import re

__all__ = ["key_lines"]

_TABLE = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]+")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_\-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_\-]+|"[^"]*"|'[^']*'))*)\s*=""")


def key_lines(text: str) -> dict[str, int]:
    """Dotted key -> line (from 1) of its first mention, tables included; `text` is valid TOML."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.fullmatch(line.split("#")[0].rstrip()):
            table = _plain(header[1])
            lines.setdefault(table, number)
        elif assignment := _KEY.match(line):
            key = _plain(assignment[1])
            lines.setdefault(f"{table}.{key}" if table else key, number)
    return lines


def _plain(dotted: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in dotted.split("."))
