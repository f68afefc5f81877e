"""How much a sample takes, how long it fits, and what is said of it."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path

import pytest

from investiq.foundation.config import Config
from investiq.operate.capacity.blocks import MANUAL_BYTES, SampleSize, folder_bytes, sample_size
from investiq.operate.capacity.estimate import estimate
from investiq.operate.capacity.report import Capacity, capacity_document, capacity_lines, retention_bytes
from investiq.operate.capacity.stores import Ledger, Stores, read_stores
from investiq.operate.capacity.tsdb import Growth, Tsdb

GB = 1024**3
MEASURED = SampleSize(2.0, "measured: 3 blocks on the disk, index included", False, 3, 1000)
A_DAY = 500 * 86_400 * 2.0


def stores(free: float = 100 * GB, metrics: float = 0, a_day: float | None = None) -> Stores:
    ledger = Ledger("SQLite in the data folder", 1000, 5, 1.0, a_day, "" if a_day else "it is too young")
    return Stores(int(free), int(2 * free), int(metrics), 0, 0, ledger)


# ---- bytes a sample ----


def test_real_blocks_are_measured_with_their_index(tmp_path: Path) -> None:
    exposition = "".join(f'up{{n="{n}"}} {at % 7} {1_700_000_000 + at * 5}\n' for n in range(20) for at in range(600))
    source = tmp_path / "samples"
    source.write_text(f"# TYPE up gauge\n{exposition}# EOF\n")
    folder = tmp_path / "prometheus"
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", source, folder],  # noqa: S607
        check=True,
        capture_output=True,
    )
    found = sample_size(folder)
    assert (found.is_estimate, found.samples) == (False, 12_000)
    assert found.blocks >= 1
    assert found.bytes == pytest.approx(folder_bytes(folder) / 12_000, rel=0.2)


def chunk(samples: int, data: bytes) -> bytes:
    body = struct.pack(">H", samples) + data
    assert len(body) < 128, "its length is one byte"
    return bytes(8) + struct.pack(">qq", 1, 2) + b"\x01" + bytes([len(body)]) + body + bytes(4)


@pytest.mark.parametrize("after", [b"", bytes(500), b"\x01" * 10])
def test_without_a_block_the_chunks_of_the_head_tell(tmp_path: Path, after: bytes) -> None:
    chunks = chunk(120, b"x" * 98) + chunk(80, b"y" * 48)
    (tmp_path / "chunks_head").mkdir()
    (tmp_path / "chunks_head" / "000001").write_bytes(bytes.fromhex("0130bc9101000000") + chunks + after)
    (tmp_path / "chunks_head" / "000002").write_bytes(b"another file")
    found = sample_size(tmp_path)
    assert (found.is_estimate, found.samples, found.bytes) == (True, 200, len(chunks) / 200)
    assert "no block of two hours" in found.source


def test_without_anything_the_manual_tells_and_the_figure_says_so(tmp_path: Path) -> None:
    (tmp_path / "01ABC").mkdir()
    (tmp_path / "01ABC" / "meta.json").write_text("{")  # is being written
    for folder in (tmp_path, tmp_path / "none"):
        found = sample_size(folder)
        assert (found.bytes, found.is_estimate) == (MANUAL_BYTES, True)
        assert "manual" in found.source


# ---- what fits ----


@pytest.mark.parametrize(
    ("free", "days", "size", "first"),
    [
        (100 * GB, 30, 10 * GB, "retention_days"),
        (100 * GB, 365, 10 * GB, "retention_size"),
        (1 * GB, 365, 10 * GB, "disk"),
    ],
)
def test_the_least_bound_comes_first(free: float, days: int, size: int, first: str) -> None:
    found = estimate(500, MEASURED, stores(free), days, size)
    assert found.first is not None
    assert found.first.name == first
    assert found.bytes_per_day == A_DAY
    expected = {"retention_days": days, "retention_size": size / A_DAY, "disk": free / A_DAY}
    assert {bound.name: bound.days for bound in found.bounds} == pytest.approx(expected)
    assert found.kept_bytes == pytest.approx(A_DAY * expected[first])


def test_what_the_metrics_have_already_is_room_for_them() -> None:
    found = estimate(500, MEASURED, stores(free=GB, metrics=3 * GB), 365, 10 * GB)
    assert {bound.name: bound.days for bound in found.bounds}["disk"] == pytest.approx(4 * GB / A_DAY)


def test_the_disk_is_full_once_the_ledger_has_filled_what_metrics_leave() -> None:
    assert estimate(500, MEASURED, stores(), 30, 10 * GB).disk_days is None
    found = estimate(500, MEASURED, stores(free=30 * A_DAY + 100_000, a_day=1000), 30, 10 * GB)
    assert found.disk_days == pytest.approx(100)
    early = estimate(500, MEASURED, stores(free=10 * A_DAY, a_day=A_DAY), 30, 10 * GB)
    assert early.disk_days == pytest.approx(5)


@pytest.mark.parametrize("rate", [None, 0.0])
def test_without_samples_nothing_is_made_up(rate: float | None) -> None:
    found = estimate(rate, MEASURED, stores(), 30, 10 * GB)
    assert (found.bytes_per_day, found.first, found.kept_bytes, found.disk_days) == (None, None, None, None)


def test_sizes_are_read_as_prometheus_reads_them() -> None:
    assert [retention_bytes(text) for text in ("512MB", "10GB", "2TB")] == [512 * 1024**2, 10 * GB, 2048 * GB]


# ---- what is said ----


def capacity(size: SampleSize = MEASURED, rate: float | None = 500) -> Capacity:
    growth = (Growth("a route", 11.0, 49), Growth("a service of your own", None, 0), Growth("a symbol", 0.0, 0))
    tsdb = Tsdb("2.42.0", 3000, rate, {"x_bucket": 400}, {"node": 500}, 100, 9e7, growth)
    return Capacity(tsdb, size, stores(), estimate(rate, size, stores(), 30, 10 * GB), 30, "10GB")


def test_a_measured_figure_is_given_as_one_and_an_estimated_one_is_not() -> None:
    assert not any("about" in line for line in capacity_lines(capacity()))
    guess = SampleSize(2.0, "estimated: from the manual", True)
    lines = capacity_lines(capacity(guess))
    assert "growth     about 82.4 MB of metrics a day" in lines
    assert any("(estimated: from the manual)" in line for line in lines)
    assert "kept       about 30 days of metrics: monitoring.retention_days (30) comes first" in lines


def test_a_prometheus_that_has_just_started_says_to_ask_again() -> None:
    lines = capacity_lines(capacity(rate=None))
    assert any("ask again in five minutes" in line for line in lines)
    assert json.dumps(capacity_document(capacity(rate=None)))


def test_a_folder_without_a_ledger_is_no_fault(tmp_path: Path) -> None:
    found = read_stores(Config(data_dir=tmp_path))
    assert found.ledger.problem == "there is none yet"
    assert found.free > 0


def test_a_ledger_that_is_none_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database at all" * 100)
    assert "cannot be read" in read_stores(Config(data_dir=tmp_path)).ledger.problem
