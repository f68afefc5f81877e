"""What `investiq scan` costs: seconds a core for 10,000 symbols of ten years, and how much faster two cores are.

    python -m benchmarks.scan [--rounds 5] [--quick] [--json]

2,000 made symbols (with --quick, 400), whose figures are scaled; the signal model learns from the shipped prices. One
process and two take turns, each from opening the folder, whose prices are kept, to the last row in the journal.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib

from benchmarks.rows import Report, Rounds, Row, main, note
from benchmarks.universe import universe_days, write_universe
from investiq.foundation.config.paths import Paths
from investiq.foundation.config.schema import Config, MarketConfig
from investiq.invest import wiring
from investiq.invest.scan.journal import Journal
from investiq.invest.scan.opening import open_scan
from investiq.invest.scan.run import run
from investiq.invest.scan.worker import end_with

SYMBOLS, QUICK_SYMBOLS, GOAL_SYMBOLS = 2_000, 400, 10_000
COMMAND = "python -m benchmarks.scan"


def measure(rounds: Rounds) -> Report:
    symbols = QUICK_SYMBOLS if rounds.quick else SYMBOLS
    with TemporaryDirectory() as folder:
        config = _installation(Path(folder), symbols)
        for jobs in (1, 2):
            _scan(config, jobs)  # keeps the prices, and starts the processes
        cores, alone, together = [], [], []
        for _ in rounds:
            cores.append(_seconds(time.process_time, config, 1) * GOAL_SYMBOLS / symbols)
            alone.append(_seconds(time.perf_counter, config, 1))
            together.append(_seconds(time.perf_counter, config, 2))
    return Report(
        [
            Row(
                name="investiq scan of 10,000 symbols, one core",
                unit="s",
                ours=cores,
                goal=50,
                goal_of="ours",
                not_compared=f"measured on {symbols:,} symbols; reading the price files the first time, 6 ms each",
                command=COMMAND,
            ),
            Row(
                name="investiq scan, two cores beside one",
                unit="times as fast",
                ours=[one / two for one, two in zip(alone, together, strict=True)],
                goal=1.8,
                goal_of="ours",
                better="higher",
                not_compared=f"{symbols:,} symbols; starting the processes, a second of each; needs two idle cores",
                command=COMMAND,
            ),
        ]
    )


def _installation(folder: Path, symbols: int) -> Config:
    note(f"scan: making {symbols:,} symbols")
    write_universe(folder / "bars", symbols, universe_days(date(2004, 1, 2), 10))
    config = Config(
        data_dir=folder / "data",
        market=MarketConfig(provider="files", folder=folder / "bars", clock="wall"),
    )
    shipped = Config(
        data_dir=folder / "shipped", signals=config.signals.model_copy(update={"model_dir": Paths.of(config).models})
    )
    wiring.train_models(shipped, lambda *_: None)
    return config


def _seconds(clock: Callable[[], float], config: Config, jobs: int) -> float:
    started = clock()
    _scan(config, jobs)
    return clock() - started


def _scan(config: Config, jobs: int) -> None:
    scan = open_scan(config)
    with (
        Journal(Paths.of(config).scans, scan.key) as journal,
        joblib.parallel_config("loky", initializer=end_with, initargs=(os.getpid(),)),
    ):
        run(scan, journal, jobs)
        journal.remove()


if __name__ == "__main__":
    main("scan", __doc__, measure, rounds=5, quick=3)
