"""Logs of several parts as one: order, rotation, torn lines, formats, and files that are too large to read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from investiq.foundation.vocabulary import LogLevel
from investiq.operate.logs import files
from investiq.operate.logs.files import Follower, read_since, written_parts
from investiq.operate.logs.filter import LogFilter
from investiq.operate.logs.record import LogRecord, parse_line, time_of
from investiq.operate.supervise.logs import RotatedFile

START = datetime(2026, 11, 27, 12, 0, tzinfo=UTC).timestamp()


def ours(seconds: float, event: str = "request", **fields: object) -> bytes:
    when = datetime.fromtimestamp(START + seconds, UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"event": event, "level": "info", "timestamp": when, "part": "api", **fields}).encode() + b"\n"


def texts(records: Iterable[LogRecord]) -> list[str]:
    return [record.text for record in records]


def test_all_parts_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_bytes(ours(1, "one") + ours(3, "three") + ours(3, "four"))
    (tmp_path / "prometheus.log").write_bytes(b'ts=2026-11-27T12:00:02Z caller=a.go:1 level=info msg="two of them"\n')
    assert written_parts(tmp_path) == ["api", "prometheus"]
    assert texts(read_since(tmp_path, written_parts(tmp_path), START)) == ["one", "two of them", "three", "four"]
    assert texts(read_since(tmp_path, ["api"], START + 2)) == ["three", "four"]


def test_rotated_files_are_read_before_the_newest(tmp_path: Path) -> None:
    with RotatedFile(tmp_path / "api.log", 200, 3) as file:
        for number in range(6):
            file.write(ours(number, f"event_{number}"))
    assert (tmp_path / "api.log.1").exists()
    kept = texts(read_since(tmp_path, ["api"], START))
    assert kept == [f"event_{number}" for number in range(6 - len(kept), 6)]
    assert len(kept) >= 4


def test_what_is_no_whole_line_breaks_nothing(tmp_path: Path) -> None:
    torn = ours(2, "torn")[:40]
    noise = b"\xff\xfe\x00 noise\n" + b"{}\n[1]\n\n"
    (tmp_path / "api.log").write_bytes(ours(1, "one") + noise + ours(3, "three") + torn)
    found = list(read_since(tmp_path, ["api"], START))
    assert found[0].text == "one"
    assert "three" in texts(found)
    assert texts(found)[-1] == torn.decode()
    assert all(before.time <= after.time for before, after in pairwise(found))


def test_a_traceback_stays_behind_the_line_that_it_belongs_to(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_bytes(
        ours(1, "one") + b"Traceback (most recent call last):\n  File x\n" + ours(9, "nine")
    )
    (tmp_path / "web.log").write_bytes(ours(2, "two"))
    found = texts(read_since(tmp_path, ["api", "web"], START))
    assert found == ["one", "Traceback (most recent call last):", "  File x", "two", "nine"]


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        (b'{"event": "late", "level": "warning", "timestamp": "2026-11-27T12:00:00.5Z"}', "warning", "late"),
        (b'ts=2026-11-27T12:00:00.500Z caller=main.go:1 level=warn msg="a \\"b\\"" err=x', "warning", 'a "b"'),
        (b"time=2026-11-27T12:00:00.500Z level=ERROR source=main.go:1 msg=short", "error", "short"),
        (b'level=info ts=2026-11-27T12:00:00.500Z msg="other order"', "info", "other order"),
    ],
)
def test_each_format_tells_time_level_and_text(line: bytes, level: str, text: str) -> None:
    record = parse_line("any", line, 0.0)
    assert (record.time, record.level.value, record.text) == (START + 0.5, level, text)
    assert time_of(line) == START + 0.5


def test_nginx_writes_in_the_time_of_this_machine() -> None:
    when = datetime.fromtimestamp(START).strftime("%Y/%m/%d %H:%M:%S")  # noqa: DTZ006
    line = f"{when} [crit] 12#12: *3 connect() failed".encode()
    record = parse_line("edge", line, 0.0)
    assert (record.time, record.level) == (START, LogLevel.CRITICAL)
    assert time_of(line) == START


def test_of_a_large_file_only_the_end_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "api.log").open("wb") as file:
        for number in range(5_000):
            file.write(ours(number, "old") * 10)
        file.write(ours(6_000, "new"))
    read: list[bytes] = []

    def counted(part: str, line: bytes, before: float) -> LogRecord:
        read.append(line)
        return parse_line(part, line, before)

    monkeypatch.setattr(files, "parse_line", counted)
    assert texts(read_since(tmp_path, ["api"], START + 5_999)) == ["new"]
    assert len(read) < 1_000, "of fifty thousand lines"


def test_a_follower_tells_each_line_once_over_a_rotation_and_a_torn_end(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    line = ours(2, "two")
    log.write_bytes(ours(1, "one") + line[:30])
    follower = Follower(tmp_path, None)
    assert texts(read_since(tmp_path, ["api"], START, follower.ends)) == ["one"]
    assert follower.new() == []
    with log.open("ab") as file:
        file.write(line[30:])
    assert texts(follower.new()) == ["two"]
    with log.open("ab") as file:
        file.write(ours(3, "three"))
    log.rename(tmp_path / "api.log.1")
    log.write_bytes(ours(4, "four"))
    (tmp_path / "web.log").write_bytes(ours(3.5, "another part"))
    assert texts(follower.new()) == ["three", "another part", "four"]
    assert follower.new() == []


def test_the_filter_and_its_query_say_the_same() -> None:
    wanted = LogFilter(
        parts=["api", "web"], level=LogLevel.ERROR, trace="4bf9", request="r-1", event="late", text='a "b"'
    )
    assert wanted.log_ql() == (
        '{job="investiq", part=~"api|web", level=~"error|critical"} |= "a \\"b\\"" | trace_id="4bf9" '
        '| request_id="r-1" | event="late"'
    )
    assert LogFilter().log_ql() == '{job="investiq"}'
    assert (
        LogFilter(parts=["api"], level=LogLevel.CRITICAL).log_ql() == '{job="investiq", part="api", level="critical"}'
    )
    fields = {"trace_id": "4bf9", "request_id": "r-1", "why": 'it said a "b" to me'}
    record = LogRecord("web", START, LogLevel.CRITICAL, "late", fields)
    assert wanted.takes(record)
    others: list[dict[str, Any]] = [
        {"part": "inbox"},
        {"level": LogLevel.WARNING},
        {"text": "soon"},
        {"fields": {**fields, "trace_id": "another"}},
        {"fields": {**fields, "request_id": "another"}},
        {"fields": {**fields, "why": "it said nothing"}},
    ]
    for change in others:
        assert not wanted.takes(replace(record, **change)), change
