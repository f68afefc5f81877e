"""The Markdown pages of the repository, taken apart: prose, code, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from investiq.foundation.checkout import checkout

__all__ = ["FOLDERS", "Page", "guide", "pages", "rows_under"]

FOLDERS = ("docs/", "src/investiq/foundation/runbooks/")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.M)


@dataclass(frozen=True)
class Page:
    """One file; `name` is its path from the root of the repository."""

    name: str
    text: str

    @classmethod
    def read(cls, path: Path) -> Page:
        return cls(str(path.relative_to(checkout())), path.read_text("utf-8"))

    @property
    def blocks(self) -> list[str]:
        """The fenced blocks that hold commands: those of a shell, and those of no language."""
        return [text for language, text in _FENCE.findall(self.text) if language in ("", "sh")]

    @cached_property
    def prose(self) -> str:
        """What is outside of fenced blocks."""
        return _FENCE.sub("\n", self.text)

    @property
    def spans(self) -> list[str]:
        """Inline code; a span may be broken over two lines."""
        return [" ".join(span.split()) for span in _SPAN.findall(self.prose)]

    @property
    def links(self) -> list[str]:
        """Targets of links and images within the repository."""
        plain = _SPAN.sub("code", self.prose)
        return [target for target in _LINK.findall(plain) if not re.match(r"[a-z]+:", target)]

    @cached_property
    def anchors(self) -> frozenset[str]:
        """The names under which GitHub makes the headings reachable."""
        anchors: set[str] = set()
        for heading in _HEADING.findall(self.prose):
            slug = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            anchors.add(slug if slug not in anchors else f"{slug}-1")
        return frozenset(anchors)


@cache
def pages() -> tuple[Page, ...]:
    """Every page of the repository, without what is installed or made."""
    return tuple(Page.read(path) for path in sorted(_files(checkout())))


def guide() -> list[Page]:
    """The pages whose commands a reader types: README.md, CONTRIBUTING.md, docs/ and the runbooks."""
    return [page for page in pages() if page.name in ("README.md", "CONTRIBUTING.md") or page.name.startswith(FOLDERS)]


def rows_under(page: Page, heading: str) -> list[list[str]]:
    """The cells of the first table under `heading`, without its head; code marks are taken off."""
    lines = page.text.partition(f"\n## {heading}\n")[2].splitlines()
    table: list[list[str]] = []
    for line in lines:
        if line.startswith("|"):
            table.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
        elif table:
            break
    assert table, f"{page.name}: no table under {heading!r}"
    return table[2:]


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and not path.name.startswith(".") and path.name not in ("node_modules", "build", "dist"):
            yield from _files(path)
        elif path.suffix == ".md":
            yield path
