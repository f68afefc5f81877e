"""What the API does by itself: moves trading on, measures the market, checks what it leans on."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from investiq.clients.alertmanager.client import Alertmanager
from investiq.clients.notify import NotificationDispatcher, notifiers
from investiq.foundation.config import Paths
from investiq.foundation.store import DatabaseUnavailable, LedgerInUse
from investiq.foundation.telemetry import catalogue
from investiq.foundation.threads import BoundedThreads
from investiq.foundation.vocabulary import Dependency, HaltReason, MarketPhase
from investiq.invest.market.calendar import OutsideCalendar
from investiq.invest.market.market_step import MarketStep
from investiq.invest.wiring import ApiParts
from investiq.serve.api.audit_watch import AuditWatch
from investiq.serve.api.health import INTERVAL_SECONDS, CheckFailed, HealthCheck, HealthMonitor
from investiq.serve.api.heartbeat_notifier import HeartbeatNotifier
from investiq.serve.api.keys import KeyStore
from investiq.serve.api.silence_watch import SilenceWatch
from investiq.serve.http.periodic import PeriodicTask

__all__ = ["BackgroundTasks"]

_log = structlog.get_logger(__name__)

REGULAR_SESSION_SECONDS = 6.5 * 3600
"""Of open market, from 9:30 to 16:00 in New York."""

TICK_SECONDS = 0.25
REST_SECONDS = 1.0
"""Between two ticks while nothing can have changed: three of four of them are a tenth of what an idle stack takes."""

MARKET_SECONDS = 1.0
HEARTBEAT_SECONDS = 1.0
SILENCES_SECONDS = 10.0
AUDIT_SECONDS = 10.0
KEYS_SECONDS = 60.0
PRICE_FILES_SECONDS = 10.0
"""A change is served after two looks that saw the same."""

READING_SECONDS = 180.0
"""Many files may change at once."""

_NAMED = 3


class BackgroundTasks:
    """The background work of one API server, and the monitor that tells how it goes."""

    def __init__(self, parts: ApiParts, clock: Callable[[], float] = time.monotonic) -> None:
        self._parts = parts
        self._clock = clock
        # One thread each, so that one that hangs holds up nothing else and is never joined by a second.
        self._trading_thread = BoundedThreads(1, "trading")
        self._market_thread = BoundedThreads(1, "market")
        self._age = parts.metrics.gauge(catalogue.MARKET_DATA_AGE)
        self._phase = parts.metrics.gauge(catalogue.MARKET_PHASE)
        self._time = parts.metrics.gauge(catalogue.MARKET_TIME)
        self._open_time = parts.metrics.gauge(catalogue.MARKET_OPEN_TIME)
        self._speed = parts.metrics.gauge(catalogue.MARKET_SPEED)
        age_limit = parts.config.trading.max_price_age_seconds
        parts.metrics.gauge(catalogue.MARKET_DATA_AGE_LIMIT).set(age_limit)
        self._ticked: tuple[float, MarketStep | None] = -math.inf, None
        parts.metrics.gauge(catalogue.BACKUP_INTERVAL).set(parts.config.backup_interval_seconds)
        self.trading = PeriodicTask("trading", TICK_SECONDS, self._tick, parts.metrics)
        self.market = PeriodicTask("market", MARKET_SECONDS, self._measure_market, parts.metrics)
        self._rejected = parts.metrics.gauge(catalogue.PRICE_FILES_REJECTED)
        self._files_thread = BoundedThreads(1, "price-files")
        self.price_files = PeriodicTask(
            "price_files", PRICE_FILES_SECONDS, self._follow_files, parts.metrics, stall_seconds=READING_SECONDS
        )
        self.monitor = HealthMonitor(
            [
                HealthCheck(Dependency.DATABASE, True, _in_thread("database", parts.desk.ping_database)),
                HealthCheck(Dependency.BROKER, True, self._check_broker),
                HealthCheck(Dependency.MARKET_DATA, True, self._check_market),
                HealthCheck(Dependency.SIGNAL_MODELS, False, parts.signals.check_health),
                HealthCheck(Dependency.PRICE_FILES, False, self._check_price_files),
            ],
            parts.metrics,
        )
        self._health = PeriodicTask("health", INTERVAL_SECONDS, self.monitor.refresh, parts.metrics)
        self._dispatcher = NotificationDispatcher(notifiers(parts.config), parts.metrics)
        self._notifier = HeartbeatNotifier(parts.config, parts.desk.heartbeat_record, self._dispatcher.enqueue)
        self._heartbeat = PeriodicTask("lookout", HEARTBEAT_SECONDS, self._notify_of_heartbeat, parts.metrics)
        self._alertmanager = Alertmanager.of(parts.config)
        self._silence_watch = SilenceWatch(
            parts.config,
            self._alertmanager.open_silences,
            self._dispatcher.enqueue,
            parts.metrics,
            lambda: datetime.now(UTC),
        )
        self._silences = PeriodicTask("silences", SILENCES_SECONDS, self._silence_watch.check, parts.metrics)
        watch = AuditWatch(parts.store, Paths.of(parts.config).audit_witness, parts.metrics)
        self._audit = PeriodicTask("audit", AUDIT_SECONDS, _in_thread("audit", watch.check), parts.metrics)
        self._keys = KeyStore(parts.store)
        self._expiring = parts.metrics.gauge(catalogue.KEYS_EXPIRING)
        count = _in_thread("keys", self._count_expiring_keys)
        self._key_ends = PeriodicTask("keys", KEYS_SECONDS, count, parts.metrics)
        self._ping_broker = _in_thread("broker", parts.desk.ping_broker)

    async def run_all_once(self) -> None:
        """Do everything once, so that the first answers and samples are true.

        1. Measures the market, moves trading on, then checks the dependencies, which ask how the other two went.
        2. Reads from the ledger whether an earlier process told people of a loss of the monitoring.
        """
        await self.market.run_once()
        await self.trading.run_once()
        await self._health.run_once()
        await self._trading_thread.run(self._inherit_loss)

    def start(self) -> None:
        """Start the threads of the notifiers, then go on with all tasks until `stop`."""
        self._dispatcher.start()
        for task in self._tasks():
            task.start()

    async def stop(self, seconds: float = 5.0) -> None:
        """End everything, so that nothing writes while the store is closed.

        1. Stops all tasks.
        2. Closes the notifiers.
        3. Waits, for `seconds` at most, for the thread that a step has left in the middle of its work.
        """
        await asyncio.gather(*(task.stop() for task in self._tasks()))
        self._dispatcher.close()
        await self._alertmanager.aclose()
        waiting = asyncio.gather(self._trading_thread.run(_nothing), self._market_thread.run(_nothing))
        await asyncio.wait({asyncio.ensure_future(waiting)}, timeout=seconds)

    def _tasks(self) -> tuple[PeriodicTask, ...]:
        watches = self._heartbeat, self._silences, self._audit, self._key_ends
        return self.trading, self.market, self._health, *watches, *self._following_tasks()

    def _count_expiring_keys(self) -> None:
        self._expiring.set(len(self._keys.expiring(datetime.now(UTC))))

    def _following_tasks(self) -> tuple[PeriodicTask, ...]:
        """A replay shows the prices of its start: what has been traded on does not change."""
        return (self.price_files,) if self._parts.config.market.clock == "wall" else ()

    async def _tick(self) -> None:
        now, step = self._clock(), self._market_step()
        ticked_at, ticked_in = self._ticked
        changed = step is None or step is not ticked_in or not self._parts.desk.is_at_rest
        if changed or now - ticked_at >= REST_SECONDS:
            self._ticked = now, step
            await self._trading_thread.run(self._trade)

    def _market_step(self) -> MarketStep | None:
        with suppress(OutsideCalendar):  # the desk looks all the same
            return self._parts.market.moment()[1]
        return None

    def _trade(self) -> None:
        try:
            self._parts.lock.check()
        except LedgerInUse as error:
            _log.critical("ledger_taken_over", error=error.message)
            os.kill(os.getpid(), signal.SIGTERM)  # another desk trades by now: this one writes nothing any more
            raise
        finally:
            self._parts.desk.tick()

    async def _notify_of_heartbeat(self) -> None:
        self._notifier.check()  # memory only

    def _inherit_loss(self) -> None:
        """An earlier process may have told people of a loss, and ended before it could tell them that it is over."""
        with suppress(DatabaseUnavailable):
            for latest in self._parts.desk.breaker_log(1):
                if latest.reason is HaltReason.MONITORING_LOST:
                    self._notifier.inherit(latest.wall)

    async def _measure_market(self) -> None:
        state = await self._market_thread.run(self._parts.market.state)
        # Before the first price the age is infinite, and so is the sample: Prometheus knows +Inf.
        self._age.set(state.data_age_seconds)
        self._time.set(state.now.timestamp())
        self._open_time.set(state.open_seconds)
        self._speed.set(REGULAR_SESSION_SECONDS / state.session_seconds if state.session_seconds else 1.0)
        for phase in MarketPhase:
            self._phase.labels(phase.value).set(phase is state.phase)

    async def _follow_files(self) -> None:
        await self._files_thread.run(self._parts.market.refresh)
        self._rejected.set(len(self._parts.market.rejected()))

    async def _check_price_files(self) -> None:
        if self._following_tasks():
            _raise(self.price_files.describe_failure())
        if rejected := self._parts.market.rejected():
            reasons = [reasons[0] for reasons in rejected.values()]
            more = len(reasons) - _NAMED
            further = f"; and {more} more" if more > 0 else ""
            raise CheckFailed(f"older prices are served than the files hold: {'; '.join(reasons[:_NAMED])}{further}")

    async def _check_broker(self) -> None:
        await self._ping_broker()
        _raise(self.trading.describe_failure())

    async def _check_market(self) -> None:
        _raise(self.market.describe_failure())
        age = (await self._market_thread.run(self._parts.market.state)).data_age_seconds
        if age > self._parts.config.trading.max_price_age_seconds:
            raise CheckFailed(
                "there is no price yet" if math.isinf(age) else f"no new price for {age:.0f} s of open market"
            )


def _in_thread(name: str, work: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    thread = BoundedThreads(1, f"check-{name}")

    async def run() -> None:
        await thread.run(work)

    return run


def _raise(failure: str | None) -> None:
    if failure is not None:
        raise CheckFailed(failure)


def _nothing() -> None:
    return None
