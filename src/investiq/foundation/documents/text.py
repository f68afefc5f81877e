"""The text of a file that anybody may have written: of bounded size, in UTF-8, with or without a byte order mark."""

from __future__ import annotations

import codecs
from pathlib import Path

from investiq.foundation.errors import InvestIQError

__all__ = ["MOST_BYTES", "UnreadableFile", "decoded", "read_text"]

MOST_BYTES = 16 * 2**20
"""Of a file. The rules of a large installation have about one megabyte."""

_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32LE"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "UTF-32BE"),
    (codecs.BOM_UTF16_LE, "UTF-16LE"),
    (codecs.BOM_UTF16_BE, "UTF-16BE"),
)


class UnreadableFile(InvestIQError):
    """A file cannot be read, or is not of the form that it should have.

    Attributes:
        what: is wrong with it, and what to do; the message says the place too.
        line: where, from 1; None where it is all of it.
    """

    reason = "unreadable_file"

    def __init__(self, name: str, what: str, line: int | None = None) -> None:
        super().__init__(f"{name} {what}" if line is None else f"{name}:{line} {what}")
        self.what = what
        self.line = line


def read_text(path: Path, name: str | None = None, most_bytes: int = MOST_BYTES) -> str:
    """The text of a file, without its byte order mark.

    Args:
        name: what messages call the file; None takes its path.

    Raises:
        UnreadableFile: it cannot be read, is too long, or is no UTF-8.
    """
    name = name or str(path)
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise UnreadableFile(name, f"cannot be read: {error.strerror or error}") from error
    if len(data) > most_bytes:
        raise UnreadableFile(
            name, f"is longer than {most_bytes // 2**20} MiB: split it, or check that it is the right one"
        )
    return decoded(name, data)


def decoded(name: str, data: bytes) -> str:
    """The text of UTF-8 bytes, without their byte order mark.

    Raises:
        UnreadableFile: they are something else.
    """
    if encoding := _other_encoding(data):
        fix = f"save it as UTF-8 (iconv -f {encoding} -t UTF-8)"
        raise UnreadableFile(name, f"is written in {encoding}, expected UTF-8: {fix}")
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8: byte 0x{error.object[error.start]:02X} is no part of a character; save it as UTF-8"
        raise UnreadableFile(name, what, error.object.count(b"\n", 0, error.start) + 1) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UnreadableFile(name, "holds a NUL character: it is no text file, or a damaged one", line)
    return text


def _other_encoding(data: bytes) -> str | None:
    """By its mark, or by the NUL in the first letter: every file that is read here starts with ASCII."""
    marked = (encoding for mark, encoding in _OTHER_ENCODINGS if data.startswith(mark))
    first, second, *_ = (*data[:2], 1, 1)
    unmarked = "UTF-16LE" if first and not second else "UTF-16BE" if second and not first else None
    return next(marked, unmarked)
