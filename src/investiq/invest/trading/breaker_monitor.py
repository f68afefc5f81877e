"""Values the account, lets the breaker see it, and holds the halt that is in force whatever the database does.

It fails closed: a breaker that cannot be read counts as halted, so does a monitoring that is not heard, and an account
that cannot be valued is neither shown to the breaker nor to the equity record.

The order of the reads in `evaluate` decides what a race can do, so it is fixed:

    portfolio and prices      what the account is worth
    session and time          after the prices: were they before, the first price of a session could be booked to the
                              session before it, as a loss of a day that is over
    record and breaker        what is kept, in the same transaction as the portfolio
    heartbeat                 last of the outside: the reads above may have waited for the database, and an order is
                              decided upon by how old the heartbeat is *now*
    demanded halts            after the heartbeat, which may just have noted a loss: a halt that is demanded at any
                              moment before the decision is in it

A halt that comes still later is not lost: it stays in memory until a snapshot that holds it was committed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, Engine

from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.store import reading, writing
from investiq.foundation.store.audit import Actor, AuditEntry, append
from investiq.foundation.vocabulary import AuditAction, BreakerEvent, DenialReason, HaltReason
from investiq.invest.trading import breaker
from investiq.invest.trading.account_book import AccountBook, BreakerUnreadable
from investiq.invest.trading.breaker import BreakerState, Halt
from investiq.invest.trading.equity import EquityRecord
from investiq.invest.trading.event_time import EventTime, UtcClock
from investiq.invest.trading.heartbeat import HeartbeatRecord, Instant
from investiq.invest.trading.heartbeat_monitor import (
    HeartbeatLoss,
    HeartbeatMonitor,
    MonitoringLost,
    describe_heartbeat,
)
from investiq.invest.trading.ledger import Ledger
from investiq.invest.trading.market_view import MarketView
from investiq.invest.trading.metrics import TradingMetrics
from investiq.invest.trading.risk import Denial, RiskCase
from investiq.invest.trading.valuation import PriceJumps, Valuation, value

__all__ = ["AccountSnapshot", "BreakerMonitor"]

log = structlog.get_logger(__name__)


class _Kept(NamedTuple):
    record: EquityRecord
    breaker: BreakerState | None


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """The account and the breaker at one moment.

    Attributes:
        record: what equity was, with this moment in it when equity is known.
        breaker: the state after it saw this moment; None when it cannot be read.
        kept: both as the database has them.
        demanded: the halt by hand that is in `breaker` and was not known to be kept.
        loss: the loss of the heartbeat whose halt is in `breaker` and was not known to be kept.
        heartbeat: the heartbeat of the monitoring, judged at `now`.
    """

    valuation: Valuation
    record: EquityRecord
    breaker: BreakerState | None
    kept: _Kept
    demanded: Halt | None
    loss: HeartbeatLoss | None
    heartbeat: HeartbeatRecord
    now: Instant

    @property
    def tripped(self) -> bool:
        """Somebody has to resume."""
        return self.breaker is None or self.breaker.halt is not None

    @property
    def halted(self) -> bool:
        """Entries are denied by the breaker."""
        return self.tripped or self.heartbeat.is_blind

    @property
    def awaiting(self) -> bool:
        """Halted for nothing but a heartbeat, which would end it."""
        return self.heartbeat.is_blind and not self.tripped

    @property
    def withdraws_entries(self) -> bool:
        """Open orders that add to a position are to be cancelled. A start first gives the monitoring its time."""
        return self.tripped or self.heartbeat.is_blind_for_long(self.now)

    @property
    def new_halt(self) -> Halt | None:
        """The halt that this moment brought."""
        halt = self.breaker.halt if self.breaker else None
        was_halted = self.kept.breaker is not None and self.kept.breaker.halt is not None
        return None if was_halted else halt

    @property
    def is_news(self) -> bool:
        """It differs from what is kept."""
        return _Kept(self.record, self.breaker) != self.kept

    def deny(self, case: RiskCase) -> Denial | None:
        """The breaker's word on an order: exits pass, entries only while nothing is halted."""
        if case.is_exit or not self.halted:
            return None
        if self.breaker is None:
            return Denial(
                DenialReason.BREAKER_UNREADABLE,
                "the breaker's state cannot be read, which counts as halted: look into the ledger, then resume with a "
                "reason",
            )
        only = "Only orders that reduce a position are taken"
        halt = self.breaker.halt
        if halt is None:
            message = f"trading is halted (monitoring_lost): {describe_heartbeat(self.heartbeat, self.now)}"
            return Denial(DenialReason.MONITORING_LOST, f"{message}. {only}")
        since = f"{halt.since.at:%Y-%m-%d %H:%M} UTC (market time)"
        message = f"trading is halted ({halt.reason}) since {since} by {halt.by}: {halt.note}"
        unheard = halt.reason is HaltReason.MONITORING_LOST
        return Denial(DenialReason.MONITORING_LOST if unheard else DenialReason.HALTED, f"{message}. {only}")


class BreakerMonitor:
    """Watches one account. `evaluate` decides, `persist` writes, `after_commit` tells the outside; in that order."""

    def __init__(
        self,
        engine: Engine,
        market: MarketView,
        ledger: Ledger,
        *,
        limits: TradingConfig,
        metrics: TradingMetrics,
        heartbeats: HeartbeatMonitor,
        wall: UtcClock,
    ) -> None:
        self._engine = engine
        self._market = market
        self._ledger = ledger
        self._limits = limits
        self._metrics = metrics
        self._heartbeats = heartbeats
        self._wall = wall
        self._book = AccountBook()
        self._jumps = PriceJumps()
        self._lock = threading.RLock()  # of what follows, and of the gauge that shows it
        self._demanded: Halt | None = None
        self._trip: tuple[HeartbeatLoss, Halt] | None = None
        metrics.limited(limits.daily_loss_limit, limits.drawdown_limit)

    def evaluate(self, connection: Connection, *, final: bool = False) -> AccountSnapshot:
        """The account and the breaker now, nothing written; `final` as in `Ledger.portfolio`."""
        valuation = value(self._ledger.portfolio(connection, final=final), self._market, self._jumps)
        session, when = self._market.session(), self._event_time()
        kept = _Kept(self._book.record(connection), self._kept_breaker(connection))
        record, state, equity = kept.record, kept.breaker, valuation.equity
        if equity is not None:
            record = record.after(session, equity)
            if state is not None:
                state = breaker.observe(
                    state, session=session, opening=record.opening, equity=equity, limits=self._limits, when=when
                )
        heartbeat, now = self._heartbeats.record()
        demanded, loss = self._demanded, self._heartbeats.loss
        for halt in (demanded, self._trip_of(loss)):
            if halt is not None:
                state = breaker.halt(state or BreakerState(session, None, None), halt)
        return AccountSnapshot(valuation, record, state, kept, demanded, loss, heartbeat, now)

    def persist(self, connection: Connection, seen: AccountSnapshot) -> None:
        """Write what is new in `seen`."""
        if seen.record != seen.kept.record:
            at = seen.valuation.priced_at or self._market.now()
            self._book.save_record(connection, seen.record)
            self._book.append_point(connection, at, self._wall(), seen.record)
        if seen.breaker is not None and seen.breaker != seen.kept.breaker:
            self._book.save_breaker(connection, seen.breaker)
            if seen.new_halt:
                equity = seen.valuation.equity
                self._book.log_breaker(connection, BreakerEvent.HALT, seen.new_halt, seen.breaker, equity)

    def after_commit(self, seen: AccountSnapshot) -> None:
        """`seen` is in the database now: let go of the demanded halts that it holds, and show it to the outside.

        1. A new halt is counted.
        2. A demand by hand is let go, unless another one came since: that one is not in `seen`.
        3. So is the loss of the heartbeat.
        4. The gauges show what was committed, never what was only computed.
        """
        if seen.new_halt:
            self._metrics.tripped(seen.new_halt)
        self._let_go(seen.demanded)
        self._heartbeats.kept(seen.loss)
        with self._lock:
            demanded = self._demanded is not None  # since `seen`: the gauge has it already
            self._metrics.halted(seen.halted or demanded, awaiting=seen.awaiting and not demanded)
        self._metrics.valued(seen.valuation.equity, seen.record)
        self._metrics.measured(seen.breaker)

    def observe(self) -> AccountSnapshot:
        """Look, and keep what is new. Writes nothing while nothing changes."""
        with reading(self._engine) as connection:
            seen = self.evaluate(connection, final=True)
        return self.keep(seen)

    def keep(self, seen: AccountSnapshot) -> AccountSnapshot:
        """Keep what is new in what a look has seen just now."""
        if seen.is_news:
            with writing(self._engine) as connection:
                seen = self.evaluate(connection)
                self.persist(connection, seen)
        self.after_commit(seen)
        return seen

    def blinded(self) -> None:
        """Nothing can be read: to the outside that is a halt."""
        self._metrics.halted(True)

    def halt(self, note: str, by: str, actor: Actor | None = None) -> None:
        """Halt at once. It holds from the first line on, before and without the database.

        1. The demand is in memory: from here on every decision of any thread denies entries.
        2. The gauge says so.
        3. The halt is written, with the account as it is now.
        4. Written, it is no demand any more.

        Raises:
            DatabaseUnavailable: it is not kept yet. It is in force all the same, and every tick tries to keep it.
        """
        demand = Halt(HaltReason.MANUAL, note, by, self._event_time())
        with self._lock:
            self._demanded = demand
            self._metrics.halted(True)
        with writing(self._engine) as connection:
            seen = self.evaluate(connection)
            self.persist(connection, seen)
            if seen.breaker is not None and seen.new_halt is not demand:
                self._book.log_breaker(connection, BreakerEvent.HALT, demand, seen.breaker, seen.valuation.equity)
            if actor is not None:
                append(connection, AuditEntry(AuditAction.TRADING_HALTED, actor, detail=note))
        self.after_commit(seen)

    def resume(self, note: str, by: str, actor: Actor | None = None) -> None:
        """Let entries through again. Does nothing when trading is not halted.

        1. Nobody resumes unwatched; asked before the write lock, which may have to be waited for, and again under it.
        2. What is new about the account is written, as at any look.
        3. The breaker is resumed from its state now, and the log gets who did it and why.

        Raises:
            ReasonRequired: `note` says nothing.
            MonitoringLost: the monitoring is not heard, so trading stays halted, for whatever else it was halted.
            DatabaseUnavailable: it could not be kept, so trading stays halted.
        """
        _refuse_blind(*self._heartbeats.record())
        with writing(self._engine) as connection:
            seen = self.evaluate(connection)
            _refuse_blind(seen.heartbeat, seen.now)
            self.persist(connection, seen)
            equity = seen.valuation.equity
            # Unreadable state is replaced: someone has looked and says that it is safe to go on.
            before = seen.breaker or self._unreadable()
            after = breaker.resume(before, note, equity)
            if after is not before:
                self._book.save_breaker(connection, after)
                action = Halt(HaltReason.MANUAL, note, by, self._event_time())
                self._book.log_breaker(connection, BreakerEvent.RESUME, action, before, equity)
                if actor is not None:
                    append(connection, AuditEntry(AuditAction.TRADING_RESUMED, actor, detail=note))
        self.after_commit(seen)
        with self._lock:
            self._metrics.halted(self.demanded is not None)
        self._metrics.measured(after)
        if after is not before:
            log.warning("trading_resumed", note=note, by=by)

    def state(self, connection: Connection) -> BreakerState:
        """The breaker's state with a demanded halt in it.

        Raises:
            BreakerUnreadable: it cannot be read.
        """
        demanded = self.demanded
        try:
            state = self._book.breaker(connection)
        except BreakerUnreadable:
            if demanded is None:
                raise
            state = BreakerState(self._market.session(), None, None)
        return breaker.halt(state, demanded) if demanded else state

    @property
    def demanded(self) -> Halt | None:
        """A halt that is in force and not kept yet."""
        return self._demanded or self._trip_of(self._heartbeats.loss)

    def _trip_of(self, loss: HeartbeatLoss | None) -> Halt | None:
        """The halt of a loss; its time is that of the first look at it."""
        if loss is None:
            return None
        known = self._trip
        if known is not None and known[0] is loss:
            return known[1]
        halt = Halt(HaltReason.MONITORING_LOST, loss.note, breaker.BREAKER, self._event_time())
        with self._lock:
            if self._trip is known:  # else another thread looked at the same time
                self._trip = (loss, halt)
            return self._trip[1] if self._trip is not None and self._trip[0] is loss else halt

    def _let_go(self, kept: Halt | None) -> None:
        """This demand is in the ledger; another one, that came since, is not."""
        with self._lock:
            if self._demanded is kept:
                self._demanded = None

    def _kept_breaker(self, connection: Connection) -> BreakerState | None:
        try:
            return self._book.breaker(connection)
        except BreakerUnreadable as error:
            log.warning("breaker_unreadable", error=error.message)
            return None

    def _unreadable(self) -> BreakerState:
        halt = Halt(HaltReason.UNREADABLE, "the state could not be read", breaker.BREAKER, self._event_time())
        return BreakerState(self._market.session(), None, None, Decimal(0), Decimal(0), halt)

    def _event_time(self) -> EventTime:
        return EventTime(self._market.now(), self._wall())


def _refuse_blind(heartbeat: HeartbeatRecord, now: Instant) -> None:
    if heartbeat.is_blind:
        raise MonitoringLost(f"trading is not resumed while nobody watches it: {describe_heartbeat(heartbeat, now)}")
