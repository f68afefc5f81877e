"""Reads Parquet within bounds: a file of a megabyte may hold sixty million rows, or one text a million times.

Counts are asked of the file's own index before anything is unpacked; rows come in batches; texts stay in their
dictionary until their length is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

import pyarrow
import pyarrow.compute
import pyarrow.parquet
from pyarrow import types

from investiq.foundation.foreign_text import visible
from investiq.invest.market.file_bounds import LONGEST_CELL, MOST_COLUMNS, MOST_UNPACKED_BYTES, rows_under
from investiq.invest.market.tables import Row, Table, UnreadableTable

__all__ = ["parquet_table"]

_BATCH_ROWS = 4_096
_INDEX_BYTES = 2**20
"""Of one text in a file's index."""

_NOT_READABLE = (pyarrow.ArrowException, OSError, ValueError, OverflowError, MemoryError)
"""What pyarrow raises, of a broken file and of single values that Python has no type for."""

_CELL_KINDS = (
    types.is_integer,
    types.is_floating,
    types.is_decimal,
    types.is_date,
    types.is_timestamp,
    types.is_boolean,
    types.is_null,
)
_TEXT_KINDS = (types.is_string, types.is_large_string, types.is_dictionary)


def parquet_table(name: str, content: bytes, most_rows: int) -> Table:
    """The table in a Parquet file's `content`. A column of lists, structures or bytes has the name of its type in each
    cell: nobody reads it as a number or a date.

    Raises:
        UnreadableTable: it is no Parquet file, or beyond the bounds; also while its rows are asked for.
    """
    try:
        schema = _open(content).schema_arrow
        _check_columns(name, schema)
        # Read as a dictionary, a text that stands in a million rows is in memory once.
        file = _open(content, [field.name for field in schema if _is_of(field.type, _TEXT_KINDS)])
        rows = _checked_rows(name, file.metadata, rows_under(len(schema), most_rows))
    except _NOT_READABLE as error:
        raise UnreadableTable(f"{name}: not a readable Parquet file: {visible(str(error))[:200]}") from error
    return Table(name, schema.names, _rows(name, file, schema, rows))


def _open(content: bytes, texts: Sequence[str] = ()) -> Any:
    return pyarrow.parquet.ParquetFile(
        pyarrow.BufferReader(content),
        read_dictionary=list(texts),
        thrift_string_size_limit=_INDEX_BYTES,
    )


def _check_columns(name: str, schema: Any) -> None:
    if len(schema) > MOST_COLUMNS:
        raise UnreadableTable(f"{name}: {len(schema)} columns, at most {MOST_COLUMNS} are read")
    again = next((column for column in schema.names if schema.names.count(column) > 1), None)
    if again is not None:
        raise UnreadableTable(f"{name}: several columns called {visible(again)[:40]}: expected one")


def _checked_rows(name: str, index: Any, most: int) -> int:
    """The number of rows.

    Raises:
        UnreadableTable: there are too many of them, or too many bytes in them.
    """
    groups = [index.row_group(number) for number in range(index.num_row_groups)]
    rows: int = sum(group.num_rows for group in groups)
    if not 0 <= rows <= most:
        raise UnreadableTable(f"{name}: {rows} rows, at most {most} are read")
    if not 0 <= sum(group.total_byte_size for group in groups) <= MOST_UNPACKED_BYTES:
        raise UnreadableTable(f"{name}: unpacked, it is larger than {MOST_UNPACKED_BYTES // 2**20} MiB")
    return rows


def _rows(name: str, file: Any, schema: Any, most: int) -> Iterator[Row]:
    readable = [field.name for field in schema if _is_of(field.type, (*_CELL_KINDS, *_TEXT_KINDS))]
    number = 0
    try:
        for batch in file.iter_batches(_BATCH_ROWS, columns=readable):
            if number + len(batch) > most:
                raise UnreadableTable(f"{name}: more rows than its own index says")
            found = {column: _cells(name, column, values, number) for column, values in _columns(batch)}
            cells = [found.get(field.name) or repeat(str(field.type)[:40], len(batch)) for field in schema]
            for row in zip(*cells, strict=True):
                number += 1
                yield Row(f"{name} row {number}", row)
    except _NOT_READABLE as error:
        raise UnreadableTable(f"{name}: not a readable Parquet file: {visible(str(error))[:200]}") from error


def _columns(batch: Any) -> Iterator[tuple[str, Any]]:
    return zip(batch.schema.names, batch.columns, strict=True)


def _cells(name: str, column: str, values: Any, before: int) -> Sequence[object]:
    if types.is_dictionary(values.type) and _longest(values.dictionary) > LONGEST_CELL:
        raise UnreadableTable(f"{name}: {visible(column)[:40]} has a text of more than {LONGEST_CELL} characters")
    try:
        cells: Sequence[object] = values.to_pylist()
    except _NOT_READABLE:
        cells = [_cell(name, column, value, number) for number, value in enumerate(values, start=before + 1)]
    return cells


def _cell(name: str, column: str, value: Any, number: int) -> object:
    try:
        return value.as_py()
    except _NOT_READABLE as error:
        raise UnreadableTable(f"{name} row {number}: {visible(column)[:40]}: {visible(str(error))[:200]}") from error


def _longest(texts: Any) -> int:
    """The bytes of the longest of `texts`; of anything else nothing."""
    if not (types.is_string(texts.type) or types.is_large_string(texts.type)):
        return 0
    return int(pyarrow.compute.max(pyarrow.compute.binary_length(texts)).as_py() or 0)


def _is_of(kind: Any, kinds: Sequence[Any]) -> bool:
    return any(is_kind(kind) for is_kind in kinds)
