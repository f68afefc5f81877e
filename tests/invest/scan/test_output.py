"""The rows as a file that others read."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest
from pyarrow import parquet

from investiq.invest.scan.output import OutputFailed, UnknownFormat, check_output, write_rows
from tests.invest.scan.test_journal import files_of_at_most, row

ROWS = [
    row("AAPL") | {"missing": {"sentiment": 'it says "no", twice'}},
    row("NEW") | {"score": None, "signal": None, "price": None, "engines": {"technical": {"score": None}}},
]


def test_csv_has_a_column_for_each_figure(tmp_path: Path) -> None:
    write_rows(tmp_path / "x.csv", ROWS)  # type: ignore[arg-type]
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["symbol"], first["price"], first["technical_score"]) == ("AAPL", "1.0000", "0.5")
    assert first["missing"] == 'sentiment: it says "no", twice'
    assert (second["price"], second["score"], second["technical_score"], second["signal_score"]) == ("", "", "", "")


def test_json_lines_are_the_rows(tmp_path: Path) -> None:
    write_rows(tmp_path / "x.JSONL", ROWS)  # type: ignore[arg-type]
    assert [json.loads(line) for line in (tmp_path / "x.JSONL").read_text().splitlines()] == ROWS


def test_parquet_has_numbers_exact_prices_and_nulls(tmp_path: Path) -> None:
    write_rows(tmp_path / "x.parquet", ROWS)  # type: ignore[arg-type]
    first, second = parquet.read_table(tmp_path / "x.parquet").to_pylist()
    assert (first["price"], first["score"], first["technical_confidence"]) == (Decimal("1.0000"), 0.5, 0.5)
    assert (second["price"], second["score"], second["signal"]) == (None, None, None)


def test_no_rows_are_a_file_too(tmp_path: Path) -> None:
    for suffix in ("csv", "jsonl", "parquet"):
        write_rows(tmp_path / f"x.{suffix}", [])
    assert parquet.read_table(tmp_path / "x.parquet").num_rows == 0


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_full_disk_leaves_the_file_that_was_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    path.write_text("before")
    with files_of_at_most(50), pytest.raises(OutputFailed, match="nothing is computed twice"):
        write_rows(path, ROWS * 100)  # type: ignore[arg-type]
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["x", "x.txt", "x.csv.gz", ".csv"])
def test_a_name_that_says_no_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownFormat, match=r"\.parquet"):
        check_output(tmp_path / name)


def test_where_nothing_can_be_written_is_said_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for path in (tmp_path / "nowhere" / "x.csv", tmp_path / "folder.csv"):
        with pytest.raises(OutputFailed, match="expected a file in a folder"):
            check_output(path)
    check_output(tmp_path / "x.csv")
