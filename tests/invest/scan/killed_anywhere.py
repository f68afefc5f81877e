"""A scan that is killed at any moment: `python -m tests.invest.scan.killed_anywhere FOLDER DATA_DIR NOTES SEED`.

NOTES gets a line for what was kept before, and one for each chunk that is analysed. Without SEED nothing kills it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from investiq.invest.scan import run as running
from investiq.invest.scan.chunk import Analysed, SymbolData, analyse_chunk
from investiq.invest.scan.journal import Journal
from investiq.invest.scan.opening import open_scan
from tests.invest.scan.conftest import configured

CHUNK = 5
LONGEST_CHUNK_SECONDS = 0.05


def main(folder: str, data_dir: str, notes: str, *seed: str) -> None:
    scan = open_scan(configured(Path(folder), Path(data_dir)))
    with Journal(Path(data_dir) / "scans", scan.key) as journal, Path(notes).open("a") as file:

        def note(symbols: Sequence[str]) -> None:
            file.write(json.dumps(symbols) + "\n")
            file.flush()

        def noted(settings: bytes, chunk: Sequence[SymbolData]) -> Analysed:
            note([data.symbol for data in chunk])
            return analyse_chunk(settings, chunk)

        note(list(journal.rows))
        running.analyse_chunk = noted  # type: ignore[attr-defined]
        for each in seed:
            threading.Thread(target=_kill, args=(journal, len(scan.symbols), random.Random(each)), daemon=True).start()  # noqa: S311
        running.run(scan, journal, 1, chunk=CHUNK)


def _kill(journal: Journal, symbols: int, chance: random.Random) -> None:
    """Somewhere in the middle of a chunk, or between two."""
    enough = chance.randint(len(journal.rows), (len(journal.rows) + symbols) // 2)
    while len(journal.rows) < enough:
        time.sleep(0.0005)
    time.sleep(chance.uniform(0, LONGEST_CHUNK_SECONDS))
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
