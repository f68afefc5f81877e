"""`investiq load`: many users at once, what they measured, and what Prometheus saw of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.cli.parameters import Duration
from investiq.foundation.checkout import find_checkout
from investiq.foundation.number_options import NumberRange, WholeNumberRange

if TYPE_CHECKING:
    from investiq.operate.load.report import Limits
    from investiq.operate.load.run import LoadRun, RunOptions
    from investiq.operate.load.scenarios import Scenario

LINE_SECONDS = 5.0
"""Between two lines of progress where nobody watches a terminal."""

NAMES = ("health", "analysis", "trading", "mixed", "console")


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq load health", "20 users ask /health once a second each, for a minute"),
        ("investiq load analysis --users 50 --pace 2 --duration 5m", "100 analyses a second"),
        ("investiq load trading --users 5", "small orders on paper; what is open is cancelled at the end"),
        ("investiq load mixed --page", "with Locust's page in the browser"),
        ("investiq load --last", "the runs so far"),
    ),
)
@click.argument("scenario", type=click.Choice(NAMES), required=False)
@click.option("--users", type=WholeNumberRange(1, 5_000), default=20, show_default=True, help="Users at once.")
@click.option("--duration", type=Duration(), default=60.0, metavar="TIME", help="How long; default: 60s.")
@click.option(
    "--pace",
    type=NumberRange(0, 1_000),
    default=1.0,
    show_default=True,
    help="Requests a second of each user; 0 asks as fast as it can.",
)
@click.option("--url", help="What is asked; default: this installation.")
@click.option("--target-confirmed", metavar="HOSTNAME", help="Its name once more, where it is not on this machine.")
@click.option("--max-errors", type=NumberRange(0, 100), metavar="PERCENT", help="Most requests that may fail.")
@click.option("--max-p99", type=NumberRange(0, min_open=True), metavar="MS", help="Longest 99th percentile.")
@click.option("--min-rate", type=NumberRange(0), metavar="NUMBER", help="Least requests a second.")
@click.option("--page", is_flag=True, help="Show Locust's page while it runs, on 127.0.0.1.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write Locust's own report here.")
@click.option("--last", is_flag=True, help="List the runs so far, newest first; run nothing.")
@pass_command_context
def command(
    context: CommandContext,
    *,
    scenario: str | None,
    users: int,
    duration: float,
    pace: float,
    url: str | None,
    target_confirmed: str | None,
    max_errors: float | None,
    max_p99: float | None,
    min_rate: float | None,
    page: bool,
    html: Path | None,
    last: bool,
) -> int:
    """Put load on this installation, and compare what its users measured with what Prometheus saw.

    A scenario is one of health, analysis, trading, mixed and console; docs/load.md says what each does, and what counts
    as good enough. Only against this machine, or a target that is confirmed by its name; never where real money trades.
    """
    if last:
        return _list(context, scenario)
    if scenario is None:
        raise click.UsageError(f"which scenario? One of {', '.join(NAMES)}")
    from investiq.operate.load.run import RunOptions  # noqa: PLC0415  loads the clients
    from investiq.operate.load.scenarios import SCENARIOS  # noqa: PLC0415

    context.log_to_stderr()
    chosen = SCENARIOS[scenario]
    options = RunOptions(users, duration, pace, _free_port() if page else None, html is not None)
    _check_writable(html)
    run = _run(context, chosen, options, url, target_confirmed)
    code = _report(context, run, _limits(chosen, options, max_errors, max_p99, min_rate))
    if html is not None and run.html:
        html.write_text(run.html, "utf-8")
        context.say(f"Locust's report is in {html}")
    return code


def _check_writable(file: Path | None) -> None:
    """Before a run of hours, not after it."""
    if file is not None and not os.access(file if file.exists() else file.absolute().parent, os.W_OK):
        raise click.BadParameter(f"{file} cannot be written: give a file in a folder of yours", param_hint="--html")


def _run(
    context: CommandContext, scenario: Scenario, options: RunOptions, url: str | None, confirmed: str | None
) -> LoadRun:
    from investiq.operate.load.client_run import require_locust  # noqa: PLC0415
    from investiq.operate.load.run import run_load  # noqa: PLC0415
    from investiq.operate.load.target import find_target  # noqa: PLC0415

    require_locust(find_checkout())
    config = context.loaded.config
    target = find_target(config, scenario, url, confirmed)
    with _progress(context, f"{scenario.name} at {target.url}") as tell:
        return asyncio.run(
            run_load(config, scenario, target, options, link=lambda text: context.say(f"page: {text}"), progress=tell)
        )


def _report(context: CommandContext, run: LoadRun, limits: Limits) -> int:
    from investiq.operate.load.kept import SCHEMA, keep  # noqa: PLC0415
    from investiq.operate.load.report import report_document, report_lines  # noqa: PLC0415

    document = report_document(run, limits, context.loaded.config)
    kept = keep(context.loaded.config, run.name, document)
    context.emit(SCHEMA, document, *report_lines(document))
    context.say(f"kept in {kept}")
    if run.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.DONE if document["passed"] else ExitCode.FINDINGS


def _limits(
    scenario: Scenario, options: RunOptions, errors: float | None, p99: float | None, rate: float | None
) -> Limits:
    from investiq.operate.load.report import Limits  # noqa: PLC0415

    default = scenario.thresholds
    meant = options.users * options.pace * default.rate_share
    return Limits(
        error_share=default.error_share if errors is None else errors / 100,
        p99_milliseconds=default.p99_milliseconds if p99 is None else p99,
        rate=rate if rate is not None else meant or None,
        limited_share=default.limited_share,
    )


def _list(context: CommandContext, scenario: str | None) -> int:
    from investiq.operate.load import kept_reports  # noqa: PLC0415

    found = [one for one in kept_reports(context.loaded.config) if scenario in (None, one.scenario)]
    rows = [_row(one.document) for one in found]
    columns = ("ended", "scenario", "users", "requests", "a second", "p99 ms", "failed", "passed")
    context.emit("investiq.load.runs/1", {"runs": [one.document for one in found]}, *context.table(columns, rows))
    if not found:
        context.say("no load test has run yet: `investiq load health` is the smallest")
    return ExitCode.DONE


def _row(document: dict[str, Any]) -> tuple[object, ...]:
    def rounded(value: float | None) -> str | None:
        return None if value is None else f"{value:.1f}"

    ended = time.strftime("%Y-%m-%d %H:%M", time.gmtime(document["ended_at"]))
    figures = rounded(document["requests_per_second"]), rounded(document["latency_ms"]["p99"]), document["failed"]
    passed = "yes" if document["passed"] else "stopped" if document["interrupted"] else "no"
    return ended, document["scenario"], document["users"], document["requests"], *figures, passed


def _free_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _progress(context: CommandContext, what: str) -> Iterator[Callable[[str], None]]:
    """A line that changes on a terminal, a new one every few seconds elsewhere."""
    seconds = 0.0 if context.stderr.isatty() else LINE_SECONDS
    told = 0.0
    with context.progress(what) as show:

        def tell(state: str) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= seconds:
                told = now
                show(state)

        yield tell
