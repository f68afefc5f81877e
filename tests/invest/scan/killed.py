"""A scan that kills itself in the middle: `python -m tests.invest.scan.killed FOLDER DATA_DIR PIDS`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import joblib
import psutil

from investiq.invest.scan.journal import Journal
from investiq.invest.scan.opening import open_scan
from investiq.invest.scan.run import run
from investiq.invest.scan.worker import end_with
from tests.invest.scan.conftest import configured


def main(folder: Path, data_dir: Path, pids: Path) -> None:
    scan = open_scan(configured(folder, data_dir))

    def progress(done: int, _total: int) -> None:
        if done >= 5:
            children = psutil.Process().children(recursive=True)
            pids.write_text("\n".join(str(child.pid) for child in children))
            os.kill(os.getpid(), signal.SIGKILL)

    with (
        Journal(data_dir / "scans", scan.key) as journal,
        joblib.parallel_config("loky", initializer=end_with, initargs=(os.getpid(),)),
    ):
        run(scan, journal, 2, progress, chunk=2)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
