"""One load test from beginning to end."""

from __future__ import annotations

import asyncio
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from investiq.clients.api import InvestIQClient
from investiq.clients.prometheus import Prometheus
from investiq.clients.session import HttpSettings, TrustedUsers
from investiq.foundation.config import Config, Paths
from investiq.operate.load.client_run import REPORT, LoadPlan, run_client
from investiq.operate.load.comparison import compare
from investiq.operate.load.kept import quiet_before
from investiq.operate.load.orders import OrderSummary, ended_orders, left_journals, open_journal
from investiq.operate.load.record import RunRecord
from investiq.operate.load.scenarios import Scenario
from investiq.operate.load.server_view import Missing, await_scrape, read_view
from investiq.operate.load.settings import ChildSettings
from investiq.operate.load.target import Target

__all__ = ["ORDER_SHARE", "LoadRun", "RunOptions", "run_load"]

ORDER_SHARE = 0.8
"""Of the orders that a key may place in a minute: the rest is for whoever trades beside the test."""

_PROMETHEUS_SECONDS = 10.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What was asked for.

    Attributes:
        pace: requests a second of each user; 0 asks as fast as it can.
        page: the port of Locust's page; None runs without one.
        html: whether Locust makes its own report.
    """

    users: int
    seconds: float
    pace: float
    page: int | None = None
    html: bool = False


@dataclass(frozen=True, slots=True)
class LoadRun:
    """A run that has ended.

    Attributes:
        comparison: with what Prometheus saw; in its place `missing`, and why.
        orders: None where none were to be placed.
        interrupted: it was stopped before its time.
        html: Locust's own report; empty where none was asked for, or made.
    """

    name: str
    scenario: Scenario
    target: Target
    options: RunOptions
    record: RunRecord
    comparison: dict[str, Any]
    orders: OrderSummary | None
    interrupted: bool
    html: str = ""


async def run_load(
    config: Config, scenario: Scenario, target: Target, options: RunOptions, *, link: Progress, progress: Progress
) -> LoadRun:
    """Run it, and look at it from both sides. Ctrl-C ends it early, and still gives what there is; twice kills it.

    Args:
        link: is given the address of Locust's page.

    Raises:
        ClientFailed: Locust did not work.
    """
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{scenario.name}-{secrets.token_hex(3)}"
    stop = asyncio.Event()
    with (
        TemporaryDirectory(prefix="investiq-load-") as scratch,
        open_journal(Paths.of(config).load / f"{name}.orders", target.url) as journal,
        _stopping(stop),
    ):
        folder = Path(scratch)
        settings = _settings(config, target, journal, options, folder)
        if options.page is not None:
            link(f"http://127.0.0.1:{options.page}/?token={settings.page_token}")
        if scenario.trades:
            _end_left_orders(config, target, progress)
        before = await _scrape_before(config, scenario, target, progress)
        plan = LoadPlan(scenario.user, options.users, options.seconds, options.page, options.html)
        try:
            record = await run_client(settings, plan, folder, stop, lambda state: progress(_told(state, options)))
            html = (folder / REPORT).read_text("utf-8") if (folder / REPORT).exists() else ""
        finally:
            orders = _end_orders(config, target, journal) if scenario.trades else None
    progress("waiting for the scrape after the run")
    comparison = await _compared(config, scenario, record, before)
    return LoadRun(name, scenario, target, options, record, comparison, orders, stop.is_set(), html)


def _settings(config: Config, target: Target, journal: Path, options: RunOptions, folder: Path) -> ChildSettings:
    return ChildSettings(
        url=target.url,
        key=target.key,
        run=journal.stem,
        pace=options.pace,
        orders_per_minute=config.api.trades_per_minute * ORDER_SHARE,
        record=str(folder / "record.json"),
        orders=str(journal),
        page_token=secrets.token_urlsafe(32) if options.page is not None else "",
    )


@contextmanager
def _stopping(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` where the process is told to end; what is told a second time is not held up."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end() -> None:
        stop.set()
        for number in numbers:
            loop.remove_signal_handler(number)

    for number in numbers:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _told(state: dict[str, Any], options: RunOptions) -> str:
    failed, limited = state["failed"], state["rate_limited"]
    rate = state["requests"] / state["seconds"] if state["seconds"] else 0.0
    return (
        f"{state['seconds']:.0f} of {options.seconds:.0f} s, {state['users']} users, {state['requests']} requests "
        f"({rate:.0f} a second), {failed} failed" + (f", {limited} refused by the rate limit" if limited else "")
    )


def _prometheus(config: Config) -> Prometheus:
    return Prometheus.of(config, HttpSettings(timeout_seconds=_PROMETHEUS_SECONDS))


async def _scrape_before(config: Config, scenario: Scenario, target: Target, progress: Progress) -> Missing | None:
    """Wait for a scrape, so that what was asked until now is counted before the run; why there is none, otherwise."""
    if not target.is_own:
        return Missing(f"the Prometheus of this installation does not scrape {target.url}")
    progress("waiting for a scrape before the run")
    try:
        async with _prometheus(config) as prometheus:
            await await_scrape(prometheus, scenario.part.job, time.time())
    except Missing as missing:
        return missing
    return None


async def _compared(config: Config, scenario: Scenario, record: RunRecord, before: Missing | None) -> dict[str, Any]:
    try:
        if before is not None:
            raise before
        if record.started_at is None or record.ended_at is None:
            raise Missing("no request was sent")
        quiet = quiet_before(config, record.started_at)
        async with _prometheus(config) as prometheus:
            view = await read_view(prometheus, scenario.part.job, record.started_at, record.ended_at, quiet)
    except Missing as missing:
        return {"missing": str(missing)}
    return compare(record, view)


def _end_left_orders(config: Config, target: Target, progress: Progress) -> None:
    """Cancel what a run that was killed has left open."""
    for journal in left_journals(Paths.of(config).load, target.url):
        summary = _end_orders(config, target, journal)
        progress(f"{journal.stem} was killed: {summary.cancelled_now} of its orders were open, and are cancelled")
        if not summary.problem:
            journal.unlink(missing_ok=True)


def _end_orders(config: Config, target: Target, journal: Path) -> OrderSummary:
    with InvestIQClient(target.url, target.key or None, trusted=TrustedUsers.of(config)) as client:
        return ended_orders(client, journal)
