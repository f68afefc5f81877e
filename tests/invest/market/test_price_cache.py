"""A second start gives what the first one gave, and reads only what has changed; the cache may be lost at any time."""

from __future__ import annotations

import os
import pickle
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from investiq.invest.market import price_folder
from investiq.invest.market.calendar import TradingCalendar, xnys
from investiq.invest.market.price_cache import DamagedCache
from investiq.invest.market.provider import BadMarketData
from investiq.invest.market.providers.files import FilesProvider
from investiq.invest.market.types import Bar, Symbol
from tests.invest.market.fakes import AAPL, IBM

HEADER = "session,open,high,low,close,volume"
DAYS = [str(session.day) for session in xnys().sessions(date(2008, 1, 2), date(2008, 1, 31))]
BAD = Symbol("BAD")


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were written a moment ago count as at rest, so that no test must wait."""
    monkeypatch.setattr(price_folder, "_SETTLED_NS", -(10**10))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good files, one that is refused, and one with a column that is nearly called like one that is read."""
    folder = tmp_path / "bars"
    folder.mkdir()
    _write(folder, "AAPL.csv", 100)
    _write(folder, "IBM.csv", 50, header=f"{HEADER},adj_cloze", more=",1")
    _write(folder, "BAD.csv", 0)
    return folder


def _write(folder: Path, name: str, price: int, *, header: str = HEADER, more: str = "", days: int = 20) -> None:
    rows = [f"{day},{price},{price + 2},{price - 2},{price + 1}.05,1000{more}" for day in DAYS[:days]]
    (folder / name).write_text("\n".join([header, *rows]) + "\n")


class Start:
    """One start: the provider, and how many files it read."""

    def __init__(self, folder: Path, cache: Path | None, calendar: TradingCalendar | None = None) -> None:
        self.read = 0
        self.provider = FilesProvider(folder, calendar or xnys(), cache, self._progress)

    def _progress(self, _done: int, total: int) -> None:
        self.read = total

    def everything(self) -> object:
        served: dict[Symbol, list[Bar]] = {each: list(self.provider.bars(each)) for each in self.provider.symbols()}
        spans = {each: self.provider.span(each) for each in self.provider.symbols()}
        return served, spans, dict(self.provider.refused()), tuple(self.provider.unused_columns())


def _segments(cache: Path) -> list[Path]:
    return sorted(path for path in cache.iterdir() if ".columns" in path.name)


def test_a_second_start_reads_no_file_and_gives_the_same_to_the_last_digit(folder: Path, tmp_path: Path) -> None:
    without = Start(folder, None).everything()
    first = Start(folder, tmp_path / "cache")
    second = Start(folder, tmp_path / "cache")
    assert (first.read, second.read) == (3, 0)
    assert first.everything() == second.everything() == without
    assert [str(bar.close) for bar in second.provider.bars(AAPL)[:1]] == ["101.0500"]
    assert second.provider.refused()[BAD][0].startswith("BAD.csv:2: ")


def test_only_a_file_that_has_changed_is_read_again(folder: Path, tmp_path: Path) -> None:
    Start(folder, tmp_path / "cache")
    _write(folder, "AAPL.csv", 200)
    again = Start(folder, tmp_path / "cache")
    assert again.read == 1
    assert again.everything() == Start(folder, None).everything()
    assert Start(folder, tmp_path / "cache").read == 0


def test_a_file_that_comes_and_one_that_goes(folder: Path, tmp_path: Path) -> None:
    Start(folder, tmp_path / "cache")
    (folder / "IBM.csv").rename(folder / "MSFT.csv")
    again = Start(folder, tmp_path / "cache")
    assert again.provider.symbols() == (AAPL, Symbol("MSFT"))
    assert again.everything() == Start(folder, None).everything()


def test_a_change_that_keeps_size_and_date_is_seen(folder: Path, tmp_path: Path) -> None:
    _write(folder, "AAPL.csv", 300)
    Start(folder, tmp_path / "cache")
    before = (folder / "AAPL.csv").stat()
    _write(folder, "AAPL.csv", 500)
    os.utime(folder / "AAPL.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (folder / "AAPL.csv").stat().st_size == before.st_size
    assert Start(folder, tmp_path / "cache").everything() == Start(folder, None).everything()


def test_a_file_that_was_read_in_the_moment_of_its_change_is_not_trusted(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_folder, "_SETTLED_NS", 3600 * 10**9)
    Start(folder, tmp_path / "cache")
    assert Start(folder, tmp_path / "cache").read == 3


def test_a_file_of_other_times_and_the_same_content_keeps_its_columns(folder: Path, tmp_path: Path) -> None:
    Start(folder, tmp_path / "cache")
    segments = _segments(tmp_path / "cache")
    os.utime(folder / "AAPL.csv")
    assert Start(folder, tmp_path / "cache").read == 1
    assert _segments(tmp_path / "cache") == segments
    assert Start(folder, tmp_path / "cache").read == 0


def test_a_refusal_is_looked_at_again_when_the_calendar_has_gone_on(folder: Path, tmp_path: Path) -> None:
    """A day may be one that the calendar had not come to."""
    _write(folder, "BAD.csv", 10)
    sessions = xnys().sessions(date(2000, 1, 3), date(2010, 1, 4))
    short = TradingCalendar("XNYS", [session for session in sessions if session.day < date(2008, 1, 30)])
    with pytest.raises(BadMarketData, match="2008-01-30 is not a session"):
        Start(folder, tmp_path / "cache", short)
    assert BAD in Start(folder, tmp_path / "cache", TradingCalendar("XNYS", sessions)).provider.symbols()


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "garbage", "missing", "folder"])
@pytest.mark.parametrize("what", ["index", "segment"])
def test_a_damaged_cache_gives_no_other_prices(folder: Path, tmp_path: Path, what: str, damage: str) -> None:
    cache = tmp_path / "cache"
    expected = Start(folder, cache).everything()
    path = cache / "index.json" if what == "index" else _segments(cache)[0]
    content = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        flipped = content[:1000] + bytes([content[1000] ^ 4]) + content[1001:]
        path.write_bytes({"flip": flipped, "cut": content[:-9], "empty": b"", "garbage": b"\n[]"}[damage])
    assert Start(folder, cache).everything() == expected
    assert Start(folder, cache).everything() == expected


def test_every_byte_of_the_columns_is_checked(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    expected = Start(folder, cache).everything()
    (segment,) = _segments(cache)
    content = segment.read_bytes()
    for place in range(0, len(content), 97):
        segment.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert Start(folder, cache).everything() == expected
        (segment,) = _segments(cache)
        content = segment.read_bytes()


def test_damaged_columns_of_a_file_that_is_gone_are_an_error(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    Start(folder, cache)
    (segment,) = _segments(cache)
    segment.write_bytes(bytes(segment.stat().st_size))
    late = Start(folder, cache)
    (folder / "AAPL.csv").unlink()
    with pytest.raises(BadMarketData, match=r"the kept prices of AAPL\.csv are damaged"):
        late.provider.bars(AAPL)


def test_a_kill_while_the_cache_is_written_leaves_the_old_one_and_nothing_for_ever(
    folder: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    Start(folder, cache)
    (cache / ".0123456789abcdef.columns.new").write_bytes(b"half")
    (cache / "fedcba9876543210.columns").write_bytes(b"written, and no index names it")
    assert Start(folder, cache).read == 0
    _write(folder, "AAPL.csv", 200)
    assert Start(folder, cache).everything() == Start(folder, None).everything()
    assert len(_segments(cache)) == 2


def test_many_changes_do_not_leave_many_segments(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    names = [f"A{number}.csv" for number in range(12)]
    for name in names:
        _write(folder, name, 100)
        Start(folder, cache)
    assert len(_segments(cache)) <= 8
    assert Start(folder, cache).read == 0
    assert Start(folder, cache).everything() == Start(folder, None).everything()


def test_what_one_process_reads_another_may_replace(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    expected = Start(folder, cache).everything()
    running = Start(folder, cache)
    for name in ("AAPL.csv", "IBM.csv"):
        _write(folder, name, 300)
    Start(folder, cache)
    assert running.everything() == expected


@contextmanager
def _full_disk() -> Iterator[None]:
    """No file may grow beyond a kilobyte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_costs_the_cache_and_not_the_prices(folder: Path, tmp_path: Path) -> None:
    expected = Start(folder, None).everything()
    with capture_logs() as logs, _full_disk():
        assert Start(folder, tmp_path / "cache").everything() == expected
    assert [log["event"] for log in logs if log["log_level"] == "warning"] == [
        "price_cache_not_written",
        "column_not_used",
    ]
    assert _segments(tmp_path / "cache") == []
    assert Start(folder, tmp_path / "cache").everything() == expected


def test_a_cache_that_cannot_be_made_is_none(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    assert Start(folder, tmp_path / "cache").everything() == Start(folder, None).everything()


def test_the_cache_of_one_folder_is_not_that_of_another(folder: Path, tmp_path: Path) -> None:
    Start(folder, tmp_path / "cache")
    other = folder.rename(tmp_path / "others")
    assert Start(other, tmp_path / "cache").read == 3


def test_whoever_only_looks_uses_the_cache_and_leaves_it_as_it_is(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    FilesProvider(folder, xnys(), cache, keep=False)
    assert not cache.exists()
    Start(folder, cache)
    _write(folder, "AAPL.csv", 200)
    before = {path: path.read_bytes() for path in cache.iterdir()}
    read: list[int] = []
    looked = FilesProvider(folder, xnys(), cache, lambda _done, total: read.append(total), keep=False)
    assert set(read) == {1}
    assert list(looked.bars(AAPL)) == list(Start(folder, None).provider.bars(AAPL))
    assert {path: path.read_bytes() for path in cache.iterdir()} == before
    (segment,) = _segments(cache)
    segment.write_bytes(bytes(segment.stat().st_size))
    assert len(FilesProvider(folder, xnys(), cache, keep=False).bars(IBM)) == 20
    assert (cache / "index.json").exists()


def test_the_cache_is_private(folder: Path, tmp_path: Path) -> None:
    Start(folder, tmp_path / "cache")
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "cache").iterdir()} == {0o600}


_OPEN = """
import sys
from pathlib import Path
from investiq.invest.market.calendar import xnys
from investiq.invest.market.providers.files import FilesProvider
provider = FilesProvider(Path(sys.argv[1]), xnys(), Path(sys.argv[2]))
print(*provider.symbols(), *(str(bar) for symbol in provider.symbols() for bar in provider.bars(symbol)))
"""


def test_two_processes_that_start_at_once_both_serve_and_leave_one_cache(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _OPEN, str(folder), str(tmp_path / "cache")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(2)]
    first, second = (process.communicate()[0].decode().splitlines()[-1] for process in both)
    assert first == second
    assert first.startswith(f"{AAPL} {IBM} Bar(")
    assert len(_segments(tmp_path / "cache")) == 1


# ---- read by another process ----


def test_another_process_reads_the_columns_where_they_lie(folder: Path, tmp_path: Path) -> None:
    provider = Start(folder, tmp_path / "cache").provider
    for symbol in (AAPL, IBM):
        place = provider.place(symbol)
        assert place is not None
        assert pickle.loads(pickle.dumps(place)).read() == provider.bars(symbol)  # noqa: S301
    assert Start(folder, None).provider.place(AAPL) is None


def test_columns_that_are_damaged_or_gone_are_not_read(folder: Path, tmp_path: Path) -> None:
    place = Start(folder, tmp_path / "cache").provider.place(AAPL)
    assert place is not None
    (segment,) = (tmp_path / "cache").glob("*.columns")
    content = segment.read_bytes()
    segment.write_bytes(bytes(100) + content[100:])
    with pytest.raises(DamagedCache, match="other columns"):
        place.read()
    segment.write_bytes(content[:100])
    with pytest.raises(DamagedCache):
        place.read()
    segment.unlink()
    with pytest.raises(DamagedCache, match="not there any more"):
        place.read()
