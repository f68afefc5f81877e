"""A scan goes through whichever backend joblib is given, and is gone on with where it was interrupted."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import joblib
import psutil
import pytest
from structlog.testing import capture_logs

from investiq.invest.analysis.technical import TechnicalEngine
from investiq.invest.market.providers.files import FilesProvider
from investiq.invest.market.types import Symbol
from investiq.invest.scan import run as running
from investiq.invest.scan.chunk import Analysed, SymbolData, analyse_chunk
from investiq.invest.scan.journal import Journal
from investiq.invest.scan.opening import Scan, open_scan
from investiq.invest.scan.row import Row
from investiq.invest.scan.run import PricesReplaced, run
from tests.invest.scan.conftest import configured, made_universe, write_prices

ALL = ["NEW", "OLD", "S000", "S001", "S002", "S003", "S004"]


@pytest.fixture
def scan(tmp_path: Path, prices: Path) -> Scan:
    return open_scan(configured(prices, tmp_path / "data"))


@pytest.fixture
def expected(scan: Scan, tmp_path: Path) -> Sequence[Row]:
    with Journal(tmp_path / "expected", scan.key) as journal:
        return run(scan, journal)


class Stop(Exception):
    """The scan is interrupted."""


def test_after_an_interruption_only_what_is_left_is_done(
    scan: Scan, tmp_path: Path, expected: Sequence[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Symbol] = []

    def noted(settings: bytes, chunk: Sequence[SymbolData]) -> Analysed:
        done.extend(data.symbol for data in chunk)
        return analyse_chunk(settings, chunk)

    def stop_in_the_middle(number: int, _total: int) -> None:
        if number >= 4:
            raise Stop

    monkeypatch.setattr(running, "analyse_chunk", noted)
    with Journal(tmp_path / "scans", scan.key) as journal, pytest.raises(Stop):
        run(scan, journal, 1, stop_in_the_middle, chunk=2)
    assert len(done) == 4
    told: list[tuple[int, int]] = []
    with Journal(tmp_path / "scans", scan.key) as journal:
        rows = run(scan, journal, 1, lambda number, total: told.append((number, total)), chunk=2)
    assert sorted(done) == ALL
    assert rows == expected
    assert told == [(4, 7), (6, 7), (7, 7)]


@pytest.mark.e2e
def test_a_kill_in_the_middle_leaves_what_was_done_and_no_process(
    scan: Scan, tmp_path: Path, prices: Path, expected: Sequence[Row]
) -> None:
    pids = tmp_path / "pids"
    command = [sys.executable, "-m", "tests.invest.scan.killed", str(prices), str(tmp_path / "data"), str(pids)]
    root = Path(__file__).parents[3]
    assert subprocess.run(command, check=False, cwd=root, capture_output=True).returncode == -9
    workers = [int(pid) for pid in pids.read_text().split()]
    assert workers
    with Journal(tmp_path / "data" / "scans", scan.key) as journal:
        assert 5 <= len(journal.rows) < 7
        assert run(scan, journal) == expected
    deadline = time.monotonic() + 30
    while any(map(psutil.pid_exists, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(psutil.pid_exists, workers))


@pytest.mark.e2e
def test_killed_at_any_moment_again_and_again_nothing_is_missing_and_nothing_kept_is_done_twice(tmp_path: Path) -> None:
    prices, data_dir = tmp_path / "bars", tmp_path / "data"
    write_prices(prices, made_universe(100))
    scan = open_scan(configured(prices, data_dir))
    with Journal(tmp_path / "expected", scan.key) as journal:
        expected = run(scan, journal)
    kills = [f"{random.random()}" for _ in range(3)]  # noqa: S311  shown where it fails
    runs = [killed_anywhere(prices, data_dir, tmp_path / f"run{number}", *seed) for number, seed in numbered(kills)]
    for kept, analysed in runs:
        assert len(analysed) == len(set(analysed)), kills
        assert not set(kept) & set(analysed), kills
    assert [len(kept) for kept, _ in runs] == sorted(len(kept) for kept, _ in runs), kills
    kept, analysed = runs[-1]
    assert sorted([*kept, *analysed]) == scan_symbols(expected), kills
    with Journal(data_dir / "scans", scan.key) as journal:
        lines = [row["symbol"] for row in journal.rows.values()]
        text = next((data_dir / "scans").glob("*.journal")).read_text("utf-8")
        assert all(text.count(f'"symbol":"{symbol}"') == 1 for symbol in lines), kills
        for row in expected:
            assert journal.rows[row["symbol"]] == row, kills
        assert run(scan, journal) == expected, kills


def numbered(kills: Sequence[str]) -> list[tuple[int, list[str]]]:
    """A run for each kill, and one that nothing kills."""
    return list(enumerate([*([seed] for seed in kills), []]))


def scan_symbols(rows: Sequence[Row]) -> list[str]:
    return sorted(row["symbol"] for row in rows)


def killed_anywhere(prices: Path, data_dir: Path, notes: Path, *seed: str) -> tuple[list[str], list[str]]:
    """What was kept before one run, and what it analysed."""
    command = [sys.executable, "-m", "tests.invest.scan.killed_anywhere", str(prices), str(data_dir), str(notes), *seed]
    done = subprocess.run(command, check=False, cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert done.returncode in ((-9, 0) if seed else (0,)), done.stderr  # 0: it was quicker than its killer
    kept, *chunks = map(json.loads, notes.read_text("utf-8").splitlines())
    return kept, [symbol for chunk in chunks for symbol in chunk]


@pytest.mark.e2e
def test_several_processes_find_what_one_finds(scan: Scan, tmp_path: Path, expected: Sequence[Row]) -> None:
    with Journal(tmp_path / "scans", scan.key) as journal, joblib.parallel_config("loky", n_jobs=2):
        assert run(scan, journal, chunk=2) == expected


@pytest.mark.e2e
def test_a_cluster_of_dask_takes_the_scan_unchanged(scan: Scan, tmp_path: Path, expected: Sequence[Row]) -> None:
    """As docs/scan.md has it."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        Journal(tmp_path / "scans", scan.key) as journal,
        joblib.parallel_config("dask", client=client),
    ):
        assert run(scan, journal, chunk=2) == expected


def test_an_engine_that_breaks_fails_for_its_symbol_alone_and_is_told(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess = TechnicalEngine.assess

    def failing(engine: TechnicalEngine, snapshot: object) -> object:
        if getattr(snapshot, "symbol", "") == "S002":
            raise OSError("/etc/secret")
        return assess(engine, snapshot)  # type: ignore[arg-type]

    monkeypatch.setattr(TechnicalEngine, "assess", failing)
    with capture_logs() as logs, Journal(tmp_path / "scans", scan.key) as journal:
        rows = {row["symbol"]: row for row in run(scan, journal, 1)}
    assert rows["S002"]["missing"]["technical"] == "internal_error"
    assert rows["S002"]["score"] is not None
    assert "technical" not in rows["S001"]["missing"]
    (entry,) = (entry for entry in logs if entry["event"] == "engine_failed")
    assert entry["first"] == "technical of S002: OSError: /etc/secret"


def test_prices_that_are_replaced_meanwhile_end_it_with_what_to_do(scan: Scan, tmp_path: Path) -> None:
    for segment in (tmp_path / "data" / "prices").glob("*.columns"):
        segment.unlink()
    with (
        Journal(tmp_path / "scans", scan.key) as journal,
        pytest.raises(PricesReplaced, match="give the command again"),
    ):
        run(scan, journal, 1)


def test_no_prices_stay_in_memory_once_their_chunk_is_done(scan: Scan, tmp_path: Path) -> None:
    with Journal(tmp_path / "scans", scan.key) as journal:
        run(scan, journal, 1, chunk=2)
    assert isinstance(scan.provider, FilesProvider)
    assert not [file for file in scan.provider._files.served.values() if file._history is not None]
    assert Path("/proc/self/maps").read_text().count(str(tmp_path / "data" / "prices")) <= 1


def test_a_scan_of_no_symbols_has_no_rows(tmp_path: Path, prices: Path) -> None:
    scan = open_scan(configured(prices, tmp_path / "data"), None, [])
    with Journal(tmp_path / "scans", scan.key) as journal:
        assert run(scan, journal) == []
