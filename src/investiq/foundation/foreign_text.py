"""Text of others: what of it a terminal acts upon, and what of it is no text at all.

A file name, a reason or the comment of a silence may hold bytes that are no UTF-8 (Python keeps them as lone
surrogates), escape sequences that move a cursor, or marks that turn the order of what is read.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["acted_upon", "block", "encodable", "is_plain", "replaced", "visible"]

_ACTED_UPON = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of what is not shown, but acted upon: controls, formats such as bidi marks, lone surrogates,
separators of lines and paragraphs."""

_JOINERS = "\u200c\u200d"
"""Of these formats, the two that Persian and emoji are written with."""

_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
_BLANKS = re.compile(r"[\t\n\v\f\r\x85]+")


def visible(text: str) -> str:
    r"""`text` on one line, as a terminal may show it: what it would act upon is written out, such as `\x1b`."""
    return text if text.isprintable() else "".join(map(_shown, text))


def block(text: str) -> str:
    """`text` as a terminal may show it, further lines set in: none of them looks as if it were somebody else's."""
    lines = ("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))
    return "\n  ".join(lines).replace("\n  \n", "\n\n")


def _shown(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii") if _is_acted_upon(character) else character


def _is_acted_upon(character: str) -> bool:
    return unicodedata.category(character) in _ACTED_UPON and character not in _JOINERS


def acted_upon(text: str, *, lines: bool = False) -> str | None:
    """The first character that a terminal acts upon; None where all is text.

    Args:
        lines: tabs and line breaks belong to it.
    """
    if text.isprintable():
        return None
    allowed = "\t\n" if lines else ""
    found = (c for c in text.replace("\r\n", "\n") if _is_acted_upon(c) and c not in allowed)
    return next(found, None)


def is_plain(text: str) -> bool:
    """Whether `text` is one line of characters: no control among them, and no byte that was no text."""
    return _CONTROLS.search(text) is None


def replaced(text: str) -> str:
    """`text` as something that can be sent and kept: on one line, with U+FFFD for all that `visible` writes out."""
    return "".join("\ufffd" if _is_acted_upon(character) else character for character in _BLANKS.sub(" ", text))


def encodable(text: str) -> str:
    """`text` with U+FFFD for what no UTF-8, no name of a file and no database can hold: lone surrogates and NUL."""
    return _NO_TEXT.sub("\ufffd", text)
