"""Runs a scan through joblib: whichever of its backends is configured does the chunks, and this process keeps them."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import joblib
import structlog

from investiq.foundation.errors import InvestIQError
from investiq.invest.market.price_cache import DamagedCache
from investiq.invest.market.types import Symbol
from investiq.invest.scan.chunk import Analysed, analyse_chunk
from investiq.invest.scan.journal import Journal
from investiq.invest.scan.opening import Scan
from investiq.invest.scan.row import Row, ranked
from investiq.invest.scan.worker import interrupts_left_to_this_process

__all__ = ["CHUNK", "PricesReplaced", "run"]

CHUNK: Final = 64
"""Symbols of a chunk: a fifth of a second of work, and what a kill costs for each process."""

_log = structlog.get_logger(__name__)


class PricesReplaced(InvestIQError):
    """The kept prices have been replaced while a scan read them."""

    reason = "prices_replaced"


def run(
    scan: Scan,
    journal: Journal,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    chunk: int = CHUNK,
) -> Sequence[Row]:
    """Analyse all symbols that `journal` does not have yet. Gives the rows of all, best first.

    Args:
        jobs: how many chunks at the same time; None: as many as `joblib.parallel_config` says.
        progress: called as `progress(done, total)`, in symbols.
        chunk: symbols that a process is given at once.

    Raises:
        PricesReplaced: the kept prices are others now; the next scan is of those.
        JournalFull: what was done cannot be kept.
    """
    told = progress or _nobody
    told(len(journal.rows), len(scan.symbols))
    left = [symbol for symbol in scan.symbols if symbol not in journal.rows]
    try:
        for analysed in _analysed(scan, [left[at : at + chunk] for at in range(0, len(left), chunk)], jobs):
            journal.keep(analysed.rows)
            if analysed.failures:
                _log.error("engine_failed", results=len(analysed.failures), first=analysed.failures[0])
            told(len(journal.rows), len(scan.symbols))
    except DamagedCache as error:
        raise PricesReplaced("the kept prices were replaced while they were read: give the command again") from error
    return ranked(journal.rows.values())


def _analysed(scan: Scan, chunks: Sequence[Sequence[Symbol]], jobs: int | None) -> Iterator[Analysed]:
    """The chunks as they are done."""
    settings = pickle.dumps(scan.settings)
    work = (joblib.delayed(analyse_chunk)(settings, [scan.data_of(symbol) for symbol in chunk]) for chunk in chunks)
    # Memory is bounded: a chunk is looked up when its turn comes, and what is done is kept before more is begun.
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs")
    with interrupts_left_to_this_process():
        found: Iterator[Analysed] = parallel(work)  # starts the processes
    yield from found


def _nobody(_done: int, _total: int) -> None:
    """Nobody watches."""
