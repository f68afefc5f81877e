"""The rows of a scan as a file: CSV, JSON lines or Parquet, by its suffix. It appears whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import secrets
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import sync_folder
from investiq.invest.scan.row import ENGINES, Row

__all__ = ["FORMATS", "OutputFailed", "UnknownFormat", "check_output", "write_rows"]

_PLAIN: Final = ("symbol", "as_of", "price", "last_session", "signal", "score", "confidence", "conviction", "coverage")
_FIGURES: Final = tuple(f"{name}_{what}" for name in ENGINES for what in ("score", "confidence"))
_COLUMNS: Final = (*_PLAIN, "regime", *_FIGURES, "missing")
_NUMBERS: Final = ("score", "confidence", "conviction", "coverage", *_FIGURES)


class UnknownFormat(InvestIQError):
    """The name of the file says no format."""

    reason = "usage"


class OutputFailed(InvestIQError):
    """The file cannot be written."""

    reason = "output_failed"


def check_output(path: Path) -> None:
    """Return when the rows can be written to `path`, as far as that can be said before there are any.

    Raises:
        UnknownFormat: its suffix is that of no format.
        OutputFailed: there is no such folder, or nothing can be written there.
    """
    if path.suffix.lower() not in FORMATS:
        raise UnknownFormat(f"{path.name!r} says no format: expected a name that ends with {', '.join(FORMATS)}")
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputFailed(f"{path} cannot be written: expected a file in a folder that is there and is yours")


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Put `rows` into `path`, in the format that its suffix names.

    Raises:
        OutputFailed: it cannot be written; what was there before still is.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    try:
        FORMATS[path.suffix.lower()](draft, rows)
        descriptor = os.open(draft, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        draft.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise OutputFailed(
            f"{path} cannot be written: {error.strerror or error}. The rows are kept: make room and give the same "
            "command again, and nothing is computed twice"
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(_flat, rows))


def _write_json_lines(path: Path, rows: Sequence[Row]) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)


def _write_parquet(path: Path, rows: Sequence[Row]) -> None:
    import pyarrow  # noqa: PLC0415  40 MB that only this format needs
    from pyarrow import parquet  # noqa: PLC0415

    kinds = {"price": pyarrow.decimal128(19, 4), **dict.fromkeys(_NUMBERS, pyarrow.float64())}
    schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in _COLUMNS])
    flat = [_flat(row) | {"price": row["price"] and Decimal(row["price"])} for row in rows]
    parquet.write_table(pyarrow.Table.from_pylist(flat, schema), path)


def _flat(row: Row) -> dict[str, Any]:
    """The row in columns."""
    plain: dict[str, Any] = {name: value for name, value in row.items() if name in _COLUMNS}
    engines = {f"{name}_{what}": value for name, figures in row["engines"].items() for what, value in figures.items()}
    return plain | engines | {"missing": "; ".join(f"{name}: {why}" for name, why in row["missing"].items())}


FORMATS: Final[dict[str, Callable[[Path, Sequence[Row]], None]]] = {
    ".csv": _write_csv,
    ".jsonl": _write_json_lines,
    ".parquet": _write_parquet,
}
"""How each is written, by suffix."""
