"""Rotated log files."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation.telemetry import logging as our_logging
from investiq.operate.supervise.logs import LastLines, RotatedFile, own_error, rotated_text, tail


def test_at_its_size_a_file_is_rotated_and_the_oldest_goes(tmp_path: Path) -> None:
    with RotatedFile(tmp_path / "api.log", max_bytes=10, backups=2) as file:
        for number in range(5):
            file.write(f"line-{number}\n".encode())
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "api.log": "line-4\n",
        "api.log.1": "line-3\n",
        "api.log.2": "line-2\n",
    }


def test_a_line_that_comes_in_pieces_stays_in_one_file(tmp_path: Path) -> None:
    with RotatedFile(tmp_path / "api.log", max_bytes=12, backups=1) as file:
        for piece in (b"first\n", b"seco", b"nd and long\nthird", b"\n"):
            file.write(piece)
    assert (tmp_path / "api.log.1").read_text() == "first\nsecond and long\n"
    assert (tmp_path / "api.log").read_text() == "third\n"


def test_a_line_without_an_end_does_not_fill_the_disk(tmp_path: Path) -> None:
    with RotatedFile(tmp_path / "api.log", max_bytes=100, backups=1) as file:
        for _ in range(1000):
            file.write(b"x" * 10)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 500


def test_it_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    for number in range(3):
        with RotatedFile(tmp_path / "api.log", max_bytes=1000, backups=1) as file:
            file.write(f"{number}\n".encode())
    assert (tmp_path / "api.log").read_text() == "0\n1\n2\n"


def test_a_full_disk_does_not_raise(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.symlink_to("/dev/full")
    with RotatedFile(path, max_bytes=1000, backups=1) as file:
        assert file.write(b"lost\n") == 5


@given(st.lists(st.text("ab\n", max_size=8).map(str.encode), max_size=40))
def test_nothing_is_lost_or_mixed_up_however_it_arrives(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    with RotatedFile(folder / "log", max_bytes=16, backups=1000) as file:
        for piece in pieces:
            file.write(piece)
    files = sorted(folder.iterdir(), key=lambda path: -int(path.name.partition(".")[2] or 0))
    assert b"".join(path.read_bytes() for path in files) == b"".join(pieces)


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("root_logger")
def test_our_log_records_go_through_as_json(tmp_path: Path) -> None:
    stream = rotated_text(tmp_path / "supervisor.log", 10_000, 1)
    our_logging.configure("supervisor", "info", stream)
    structlog.get_logger("tests").warning("part_ended")
    (record,) = map(json.loads, (tmp_path / "supervisor.log").read_text().splitlines())
    assert (record["event"], record["part"]) == ("part_ended", "supervisor")


def test_the_tail_is_the_last_lines_that_say_something(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\ntwo\n\nthree\n\n")
    assert tail(tmp_path / "log", 2) == ("two", "three")
    assert tail(tmp_path / "none", 2) == ()


def test_the_last_lines_are_whole_however_they_arrive() -> None:
    last = LastLines(2)
    for piece in (b"one\ntw", b"o\n\nthr", b"ee\nfo"):
        last.write(piece)
    assert last.lines == ("two", "three", "fo")


def test_the_last_lines_of_a_stream_without_line_ends_are_bounded() -> None:
    last = LastLines(2)
    for _ in range(100):
        last.write(b"x" * 1000)
    assert sum(map(len, last.lines)) < 5000


def test_of_a_program_of_ours_the_message_that_it_ended_with_is_found() -> None:
    assert own_error(["error: an older one", '{"event": "stopped"}', "error: set api.port"]) == "set api.port"
    assert own_error(["Traceback", "ValueError: error: no"]) == ""
