"""`investiq scan`: the whole universe at the close of a session, best first."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.foundation.number_options import WholeNumberRange

if TYPE_CHECKING:
    from investiq.invest.market.types import Symbol
    from investiq.invest.scan.journal import Journal
    from investiq.invest.scan.opening import Scan
    from investiq.invest.scan.row import Row

MOST_JOBS: Final = 256
SYMBOLS_A_PROCESS: Final = 500
"""For fewer, another process takes longer to start than it saves."""

LINE_SECONDS: Final = 5.0
"""Between two lines of progress where nobody watches a terminal."""


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq scan --top 20", "the twenty best of all symbols after the newest session"),
        ("investiq scan --as-of 2012-06-29 --output june.parquet", "every symbol as it stood then, as a table"),
        ("investiq scan --symbols AAPL,IBM --json", "some of them, for a program"),
    ),
)
@click.option("--symbols", help="Separated by commas; default: all there are.")
@click.option(
    "--as-of",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Last session that counts; default: the newest that is over.",
)
@click.option("--jobs", type=WholeNumberRange(1, MOST_JOBS), help="Processes at work; default: one for each core.")
@click.option("--output", type=click.Path(path_type=Path), help="Write all rows here: .csv, .jsonl or .parquet.")
@click.option("--top", type=WholeNumberRange(0, 100_000), default=20, show_default=True, help="Rows to print.")
@pass_command_context
def command(
    context: CommandContext,
    *,
    symbols: str | None,
    as_of: datetime | None,
    jobs: int | None,
    output: Path | None,
    top: int,
) -> None:
    """Analyse every symbol at the close of a session, best first.

    Needs no running stack. An interrupted scan goes on where it was when the same command is given again.
    """
    from investiq.foundation.config.paths import Paths  # noqa: PLC0415  as below
    from investiq.invest.market.kept_start import where_it_was  # noqa: PLC0415  loads the market
    from investiq.invest.scan.journal import Journal  # noqa: PLC0415
    from investiq.invest.scan.opening import open_scan  # noqa: PLC0415
    from investiq.invest.scan.output import check_output, write_rows  # noqa: PLC0415

    context.log_to_stderr()
    if output is not None:
        check_output(output)
    chosen = _parsed(symbols)
    with _progress(context, "reading the prices") as tell:
        scan = open_scan(where_it_was(context.loaded), as_of and as_of.date(), chosen, tell)
    with Journal(Paths.of(context.loaded.config).scans, scan.key) as journal:
        rows = _run(context, scan, journal, jobs)
        if output is not None:
            write_rows(output, rows)
        _show(context, scan, rows, top, output)
        journal.remove()  # not before somebody has the rows


def _parsed(symbols: str | None) -> Sequence[Symbol] | None:
    from investiq.invest.market.types import parse_symbol  # noqa: PLC0415  as above

    return None if symbols is None else [parse_symbol(text) for text in symbols.split(",")]


def _run(context: CommandContext, scan: Scan, journal: Journal, jobs: int | None) -> Sequence[Row]:
    import joblib  # noqa: PLC0415  200 ms that no other command need pay

    from investiq.invest.scan.run import run  # noqa: PLC0415  as above
    from investiq.invest.scan.worker import end_with  # noqa: PLC0415

    if journal.rows:
        context.say(f"going on with what was interrupted: {len(journal.rows)} of {len(scan.symbols)} symbols are done")
    processes = min(jobs or joblib.cpu_count(), max(1, len(scan.symbols) // SYMBOLS_A_PROCESS))
    what = f"analysing {len(scan.symbols)} symbols at the close of {scan.session.day}"
    try:
        with (
            _progress(context, what) as tell,
            joblib.parallel_config("loky", initializer=end_with, initargs=(os.getpid(),)),
        ):
            return run(scan, journal, processes, tell)
    except KeyboardInterrupt:
        done = f"{len(journal.rows)} of {len(scan.symbols)} symbols are done"
        context.say(f"{done} and kept: give the same command again to go on")
        raise


@contextmanager
def _progress(context: CommandContext, what: str) -> Iterator[Callable[[int, int], None]]:
    """Progress in numbers: a line that changes on a terminal, a new one every few seconds elsewhere."""
    seconds = 0.1 if context.stderr.isatty() else LINE_SECONDS
    started = told = time.monotonic()
    with context.progress(what) as show:

        def tell(done: int, total: int) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= seconds:
                told = now
                show(f"{done} of {total}, {now - started:.0f} s")

        yield tell


def _show(context: CommandContext, scan: Scan, rows: Sequence[Row], top: int, output: Path | None) -> None:
    document = {
        "as_of": scan.settings.as_of.isoformat().replace("+00:00", "Z"),
        "session": scan.session.day.isoformat(),
        "symbols": len(rows),
        "scored": sum(row["score"] is not None for row in rows),
        "model_version": scan.model_version,
        "output": output,
        "rows": rows[:top],
    }
    head = (
        f"session {scan.session.day}  {document['scored']} of {len(rows)} symbols have a score  "
        f"signal model {scan.model_version or 'none'}"
    )
    columns = ("symbol", "price", "signal", "score", "confidence", "coverage", "missing")
    context.emit("investiq.scan/1", document, head, "", *context.table(columns, list(map(_cells, rows[:top]))))
    if output is not None:
        context.say(f"written to {output}: {len(rows)} rows")


def _cells(row: Row) -> tuple[object, ...]:
    score = "-" if row["score"] is None else f"{row['score']:+.4f}"
    figures = (score, f"{row['confidence']:.2f}", f"{row['coverage']:.0%}")
    return row["symbol"], row["price"] or "-", row["signal"] or "-", *figures, ", ".join(row["missing"])
