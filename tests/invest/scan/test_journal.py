"""What was done stays done: across kills, torn lines, a full disk and a second scan."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from investiq.invest.scan.journal import Journal, JournalFull, ScanRunning
from investiq.invest.scan.row import Row

KEY = "00ff"


def row(symbol: str) -> Row:
    return Row(
        symbol=symbol,
        as_of="2008-01-02T21:00:00Z",
        price="1.0000",
        last_session="2008-01-02",
        signal="buy",
        score=0.5,
        confidence=0.5,
        conviction=0.5,
        coverage=1.0,
        regime=None,
        engines={"technical": {"score": 0.5, "confidence": 0.5}},
        missing={},
    )


def kept(folder: Path, key: str = KEY) -> list[str]:
    with Journal(folder, key) as journal:
        return list(journal.rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Journal(tmp_path / "scans", KEY) as journal:
        journal.keep([row("A"), row("B")])
        journal.keep([row("C")])
    return tmp_path / "scans"


def file_of(folder: Path) -> Path:
    return folder / f"{KEY}.journal"


def test_rows_are_there_again_as_they_were(folder: Path) -> None:
    with Journal(folder, KEY) as journal:
        assert journal.rows == {name: row(name) for name in "ABC"}


@pytest.mark.parametrize("cut", range(1, 400, 23))
def test_a_torn_line_is_as_if_it_were_not_there_and_is_written_over(folder: Path, cut: int) -> None:
    whole = file_of(folder).read_bytes()
    file_of(folder).write_bytes(whole[:-cut])
    with Journal(folder, KEY) as journal:
        lines = whole[:-cut].count(b"\n")
        assert list(journal.rows) == [[], [], ["A", "B"], ["A", "B", "C"]][lines]
        journal.keep([row("C")])
    assert kept(folder)[-1] == "C"


@pytest.mark.parametrize("damage", [b"", b"\0\0\0", b"nonsense\n", b"12345678 {}\n", b'00000000 {"rows":[]}\n'])
def test_what_is_no_journal_is_begun_anew(folder: Path, damage: bytes) -> None:
    file_of(folder).write_bytes(damage)
    assert kept(folder) == []


def test_what_is_of_another_scan_is_not_taken_for_this_one(folder: Path) -> None:
    file_of(folder).rename(folder / "other.journal")
    assert kept(folder, "other") == []


def test_one_changed_letter_ends_what_is_believed(folder: Path) -> None:
    content = file_of(folder).read_bytes()
    file_of(folder).write_bytes(content.replace(b'"score":0.5', b'"score":0.6', 1))
    assert kept(folder) == []


def test_a_second_scan_at_the_same_time_is_refused_until_the_first_ends(folder: Path) -> None:
    with Journal(folder, KEY) as first:
        with pytest.raises(ScanRunning, match="runs already"):
            Journal(folder, KEY)
        assert kept(folder, "another") == []
        first.keep([row("D")])
    assert kept(folder) == ["A", "B", "C", "D"]


def test_a_journal_that_was_removed_is_not_gone_on_with(folder: Path) -> None:
    with Journal(folder, KEY) as journal:
        journal.remove()
    assert not file_of(folder).exists()
    assert kept(folder) == []


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk that is full, as far as this process can tell."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_loses_nothing_that_was_kept(folder: Path) -> None:
    with Journal(folder, KEY) as journal:
        size = file_of(folder).stat().st_size
        with files_of_at_most(size + 100), pytest.raises(JournalFull, match="3 symbols are kept"):
            journal.keep([row("D")])
        assert list(journal.rows) == ["A", "B", "C"]
        assert file_of(folder).stat().st_size == size
        journal.keep([row("E")])
    assert kept(folder) == ["A", "B", "C", "E"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "scans").write_text("a file")
    with pytest.raises(JournalFull, match="cannot be written"):
        Journal(tmp_path / "scans", KEY)


def test_nobody_else_may_read_it(folder: Path) -> None:
    assert file_of(folder).stat().st_mode & 0o077 == 0


def test_what_nobody_goes_on_with_is_removed_after_a_week(folder: Path) -> None:
    week = 7 * 86_400
    os.utime(file_of(folder), (time.time() - week + 60,) * 2)
    assert kept(folder, "other") == []
    assert file_of(folder).exists()
    os.utime(file_of(folder), (time.time() - week - 60,) * 2)
    assert kept(folder, "other") == []
    assert not file_of(folder).exists()
