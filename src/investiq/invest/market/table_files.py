"""Opens a user's CSV or Parquet file as a table. A file that is not wholly sound is none: nothing of it is served.

CSV is read strictly, one row a line. A quote that is opened and never closed would otherwise make the lines after it,
which belong to later days, a part of its cell.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from investiq.foundation.foreign_text import visible
from investiq.invest.market.file_bounds import MOST_BYTES, MOST_COLUMNS, rows_under
from investiq.invest.market.tables import Row, Table, UnreadableTable

__all__ = ["read_content", "read_table", "table_in"]

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


def read_table(path: Path, most_rows: int) -> Table:
    """The table in the CSV or Parquet file `path`. Its rows are made as they are asked for.

    Raises:
        UnreadableTable: the file cannot be read, is too large, or is not of the kind that its name says. Some of that
            shows only while the rows are asked for.
    """
    return table_in(path, read_content(path), most_rows)


def table_in(path: Path, content: bytes, most_rows: int) -> Table:
    """Like `read_table`, of a file whose `content` has been read."""
    read = _parquet_table if path.suffix.lower() == ".parquet" else _csv_table
    return read(visible(path.name), content, most_rows)


def read_content(path: Path) -> bytes:
    """The bytes of the file.

    Raises:
        UnreadableTable: it is no file, cannot be read, or is too large.
    """
    try:
        return _content(path)
    except OSError as error:
        raise UnreadableTable(f"{visible(path.name)}: cannot be read: {error.strerror}") from error
    except _NoFile as error:
        raise UnreadableTable(f"{visible(path.name)}: {error}") from error


def _parquet_table(name: str, content: bytes, most_rows: int) -> Table:
    from investiq.invest.market.parquet_tables import parquet_table  # noqa: PLC0415  pyarrow: for who has such a file

    return parquet_table(name, content, most_rows)


class _NoFile(Exception):
    """What is not to be read."""


def _content(path: Path) -> bytes:
    _check_kind(path.stat())  # before it is opened: to open some devices is to use them
    # Not to wait for the writer of a pipe that has taken the file's place meanwhile.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        _check_kind(os.fstat(descriptor))
        content = file.read(MOST_BYTES + 1)  # its size may lie, and grow
    if len(content) > MOST_BYTES:
        raise _NoFile(f"is larger than {MOST_BYTES // 2**20} MiB")
    return content


def _check_kind(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise _NoFile(f"is {kind}: expected a file")


def _csv_table(name: str, content: bytes, most_rows: int) -> Table:
    rows = _csv_rows(name, _text(name, content))
    header = next(rows, None)
    if header is None:
        raise UnreadableTable(f"{name}: empty file, expected a line of column names")
    columns = [str(cell).strip() for cell in header.cells]
    if len(columns) > MOST_COLUMNS:
        raise UnreadableTable(f"{header.place}: {len(columns)} columns, at most {MOST_COLUMNS} are read")
    return Table(name, columns, _at_most(rows_under(len(columns), most_rows), rows))


def _text(name: str, content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableTable(f"{name}:1: not UTF-8 text, but UTF-16: save it as UTF-8")
    try:
        # utf-8-sig: spreadsheets put a byte order mark before the first column name.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UnreadableTable(f"{name}:{line}: not UTF-8 text: {error.reason}") from error
    if (nul := text.find("\0")) >= 0:
        line = text.count("\n", 0, nul) + 1
        raise UnreadableTable(f"{name}:{line}: not text: it holds a byte of 0")
    return text


def _csv_rows(name: str, text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 0
    try:
        for cells in reader:
            line += 1
            if reader.line_num > line:
                raise UnreadableTable(f"{name}:{line}: a quote is opened and not closed in this line")
            if cells:
                yield Row(f"{name}:{line}", cells)
    except csv.Error as error:
        raise UnreadableTable(f"{name}:{line + 1}: not CSV: {_words(error, reader.line_num - line)}") from error


def _words(error: csv.Error, lines: int) -> str:
    """What the reader of CSV means, who has read so many lines of one row."""
    if str(error) == "unexpected end of data":
        return "a quote is opened and never closed"
    if lines > 1:
        return "a quote is opened and not closed in this line"
    return "text behind a closing quote" if "expected after" in str(error) else str(error)


def _at_most(number: int, rows: Iterator[Row]) -> Iterator[Row]:
    for count, row in enumerate(rows, start=1):
        if count > number:
            raise UnreadableTable(f"{row.place}: more than {number} rows, which is the most that is read")
        yield row
