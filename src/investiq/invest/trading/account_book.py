"""The account's row, the equity curve and the breaker's rows in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import Connection, delete, func, insert, select, update

from investiq.foundation.errors import InvestIQError
from investiq.foundation.store.schema import account, breaker_events, breaker_state, equity_points
from investiq.foundation.vocabulary import BreakerEvent, HaltReason, TradingMode
from investiq.invest.trading.breaker import BreakerState, Halt
from investiq.invest.trading.equity import EquityRecord
from investiq.invest.trading.event_time import EventTime

__all__ = [
    "AccountBook",
    "AccountTerms",
    "BreakerUnreadable",
    "EquityPoint",
    "ForeignLedger",
    "LoggedBreakerEvent",
]

# What every tick asks is put together once: that takes as long as asking it.
_ACCOUNT = select(account)
_BREAKER = select(breaker_state)


class ForeignLedger(InvestIQError):
    """The ledger holds an account of another broker or of another kind of market time."""

    reason: ClassVar[str] = "foreign_ledger"


class BreakerUnreadable(InvestIQError):
    """The breaker's state is missing or makes no sense: it counts as halted."""

    reason: ClassVar[str] = "breaker_unreadable"


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What an account is opened with; broker and mode stay for ever, later changes of the cash setting do nothing."""

    broker: str
    mode: TradingMode
    initial_cash: Decimal


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """Equity at a price time, and its fall from the highest before as a share of it."""

    at: datetime
    equity: Decimal
    drawdown: Decimal


@dataclass(frozen=True, slots=True)
class LoggedBreakerEvent:
    """A halt or a resume, as it is kept for ever; a later one has a higher `id`."""

    id: int
    event: BreakerEvent
    reason: HaltReason | None
    note: str
    by: str
    at: datetime
    wall: datetime
    equity: Decimal | None
    day_loss: Decimal
    drawdown: Decimal


class AccountBook:
    """Reads and writes those rows within the caller's transaction."""

    def open(self, connection: Connection, terms: AccountTerms, session: date, when: EventTime) -> Decimal:
        """Open the account on the first start; later, check that it is this one. Returns the initial cash it has.

        Raises:
            ForeignLedger: the ledger belongs to another broker or mode.
        """
        row = connection.execute(_ACCOUNT).one_or_none()
        if row is None:
            self._create(connection, terms, session, when)
            return terms.initial_cash
        if (row.broker, row.mode) != (terms.broker, terms.mode):
            raise ForeignLedger(
                f"this ledger holds an account of broker {row.broker!r} in mode {row.mode!r}, and now broker "
                f"{terms.broker!r} in mode {terms.mode!r} is configured: set another data_dir or database_url, or set "
                "the old ones again"
            )
        return Decimal(row.initial_cash)

    def record(self, connection: Connection) -> EquityRecord:
        """What equity was."""
        row = connection.execute(_ACCOUNT).one()
        return EquityRecord(row.session, row.opening_equity, row.last_equity, row.high_water_mark)

    def save_record(self, connection: Connection, record: EquityRecord) -> None:
        """Keep what equity was."""
        values = {
            "session": record.session,
            "opening_equity": record.opening,
            "last_equity": record.last,
            "high_water_mark": record.high_water_mark,
        }
        connection.execute(update(account).values(values))

    def append_point(self, connection: Connection, at: datetime, wall: datetime, record: EquityRecord) -> None:
        """Add the last equity to the curve, unless the curve has reached `at` already."""
        latest = connection.scalar(select(func.max(equity_points.c.at)))
        if latest is None or at > latest:
            point = {"at": at, "wall": wall, "equity": record.last, "drawdown": record.drawdown}
            connection.execute(insert(equity_points).values(point))

    def points(self, connection: Connection, limit: int) -> Sequence[EquityPoint]:
        """The latest `limit` points of the curve, oldest first."""
        c = equity_points.c
        rows = connection.execute(select(c.at, c.equity, c.drawdown).order_by(c.at.desc()).limit(limit)).all()
        return [EquityPoint(*row) for row in reversed(rows)]

    def breaker(self, connection: Connection) -> BreakerState:
        """The breaker's state.

        Raises:
            BreakerUnreadable: it is not there, or holds words that this version does not know.
        """
        row = connection.execute(_BREAKER).one_or_none()
        if row is None:
            raise BreakerUnreadable("the breaker's state is missing from the ledger: trading counts as halted")
        halt = None
        if row.halted:
            try:
                halt = Halt(HaltReason(row.reason), row.note, row.by, EventTime(row.since, row.since_wall))
            except ValueError:
                raise BreakerUnreadable(f"the breaker was halted for {row.reason!r}, which is not a reason") from None
        return BreakerState(row.session, row.loss_baseline, row.peak, row.day_loss, row.drawdown, halt)

    def save_breaker(self, connection: Connection, state: BreakerState) -> None:
        """Keep the breaker's state."""
        halt = state.halt
        values = {
            "id": 1,
            "halted": halt is not None,
            "reason": halt.reason if halt else None,
            "note": halt.note if halt else None,
            "since": halt.since.at if halt else None,
            "since_wall": halt.since.wall if halt else None,
            "by": halt.by if halt else None,
            "session": state.session,
            "loss_baseline": state.loss_baseline,
            "peak": state.peak,
            "day_loss": state.day_loss,
            "drawdown": state.drawdown,
        }
        connection.execute(delete(breaker_state))
        connection.execute(insert(breaker_state).values(values))

    def log_breaker(
        self,
        connection: Connection,
        event: BreakerEvent,
        halt: Halt,
        state: BreakerState,
        equity: Decimal | None,
    ) -> None:
        """Append what happened. `halt` says who, when and why, for a resume too."""
        row = {
            "event": event,
            "reason": halt.reason if event is BreakerEvent.HALT else None,
            "note": halt.note,
            "by": halt.by,
            "at": halt.since.at,
            "wall": halt.since.wall,
            "equity": equity,
            "day_loss": state.day_loss,
            "drawdown": state.drawdown,
        }
        connection.execute(insert(breaker_events).values(row))

    def breaker_log(
        self, connection: Connection, limit: int, before: int | None = None
    ) -> Sequence[LoggedBreakerEvent]:
        """The latest `limit` halts and resumes, newest first, those with an id below `before`."""
        c = breaker_events.c
        wanted = select(breaker_events).order_by(c.id.desc()).limit(limit)
        rows = connection.execute(wanted if before is None else wanted.where(c.id < before)).all()
        return [
            LoggedBreakerEvent(
                row.id,
                BreakerEvent(row.event),
                HaltReason(row.reason) if row.reason else None,
                row.note,
                row.by,
                row.at,
                row.wall,
                row.equity,
                row.day_loss,
                row.drawdown,
            )
            for row in rows
        ]

    def _create(self, connection: Connection, terms: AccountTerms, session: date, when: EventTime) -> None:
        cash = terms.initial_cash
        values = {
            "id": 1,
            "broker": terms.broker,
            "mode": terms.mode,
            "initial_cash": cash,
            "opened_at": when.at,
            "opened_wall": when.wall,
            "session": session,
            "opening_equity": cash,
            "last_equity": cash,
            "high_water_mark": cash,
        }
        connection.execute(insert(account).values(values))
        self.save_breaker(connection, BreakerState(session, cash, cash))
        self.append_point(connection, when.at, when.wall, self.record(connection))
