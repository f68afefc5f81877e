"""Which files a path of `rule_files` means: to promtool it is a pattern, in the language of Go's `filepath.Glob`."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["matching"]

_SPECIAL = re.compile(r"[*?\[\\]")
_PIECE = re.compile(
    r"\\(?P<escaped>.)|(?P<any>\*+)|(?P<one>\?)|\[(?P<not>\^?)(?P<set>(?:\\.|[^\]\\])+)\]|(?P<plain>.)", re.DOTALL
)
_MEMBER = re.compile(r"\\?(.)(?:-\\?(.))?", re.DOTALL)


def matching(folder: Path, pattern: str) -> list[Path]:
    """The files that a pattern finds, relative to `folder`, whose own name is no pattern.

    A part that is there as it is written is taken as written, too: to promtool a folder `team [a]` is not there.
    """
    base, parts = _normalized(folder, pattern)
    found = [base]
    for part in parts:
        found = [path for below in found for path in _below(below, part)]
    return sorted(path.resolve() for path in found if path.is_file())


def _normalized(folder: Path, pattern: str) -> tuple[Path, list[str]]:
    """Where to start, and the parts of the pattern below: `..` takes back what stands before it, as Go's Clean does."""
    base = Path(folder.anchor) if pattern.startswith("/") else folder
    parts: list[str] = []
    for part in pattern.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part == "..":
            base = base.parent
        elif part not in ("", "."):
            parts.append(part)
    return base, parts


def _below(folder: Path, part: str) -> list[Path]:
    literal = folder / part
    if not _SPECIAL.search(part) or literal.exists():
        return [literal]
    wanted = _regex(part)
    return [path for path in folder.iterdir() if wanted.fullmatch(path.name)] if folder.is_dir() else []


def _regex(part: str) -> re.Pattern[str]:
    return re.compile("".join(_piece(found) for found in _PIECE.finditer(part)), re.DOTALL)


def _piece(found: re.Match[str]) -> str:
    if found["any"]:  # to Go, two stars are one
        return ".*"
    if found["one"]:
        return "."
    if found["set"]:
        members = "".join(_member(*one.groups()) for one in _MEMBER.finditer(found["set"]))
        return f"[{found['not']}{members}]" if members else "(?!)" if not found["not"] else "."
    return re.escape(found["escaped"] or found["plain"])


def _member(first: str, last: str | None) -> str:
    """Of a range that runs backwards, nothing is a member."""
    if last is None:
        return re.escape(first)
    return f"{re.escape(first)}-{re.escape(last)}" if first <= last else ""
