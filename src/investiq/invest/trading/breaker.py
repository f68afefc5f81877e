"""The circuit breaker as a value: what trips it, what it allows, what a resume does. No I/O here.

- It trips on the loss of a session (realised and unrealised, from the equity carried into it), on the fall from the
  highest equity, and when the heartbeat of the monitoring is lost; or someone halts by hand. Halted means: no order
  that adds to a position.
- It stays halted, over sessions and restarts, until someone resumes and says why.
- A resume accepts the loss that was: both measures start anew from the equity of that moment. So the same loss does not
  trip it again at once, and a further loss of the full limit does. The account's own record (`EquityRecord`) keeps the
  true opening and high-water mark.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import ClassVar

from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.errors import InvestIQError
from investiq.foundation.foreign_text import replaced
from investiq.foundation.vocabulary import HaltReason
from investiq.invest.trading.equity import fall
from investiq.invest.trading.event_time import EventTime

__all__ = ["BREAKER", "BreakerState", "Halt", "ReasonRequired", "halt", "observe", "resume"]

BREAKER = "breaker"
"""Who halted, when nobody did: the breaker itself."""

_ZERO = Decimal(0)
_LONGEST_NOTE = 10_000
_LONGEST_NAME = 100  # the column's


class ReasonRequired(InvestIQError):
    """Trading is not resumed without saying why."""

    reason: ClassVar[str] = "reason_required"


@dataclass(frozen=True, slots=True)
class Halt:
    """Why trading is halted, since when, and by whom.

    Its words are such as every database keeps, whoever chose them: a halt never fails because of its reason.
    """

    reason: HaltReason
    note: str
    by: str
    since: EventTime

    def __post_init__(self) -> None:
        object.__setattr__(self, "note", replaced(self.note)[:_LONGEST_NOTE])
        object.__setattr__(self, "by", replaced(self.by)[:_LONGEST_NAME])


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What is kept of the breaker.

    Attributes:
        loss_baseline: equity that the session's loss is measured from; None when trading was resumed while equity was
            unknown: the next known equity becomes it.
        peak: equity that the drawdown is measured from; None likewise.
        day_loss: loss of the session as a share of the baseline, at the last known equity.
        drawdown: fall from the peak as a share of it, at the last known equity.
    """

    session: date
    loss_baseline: Decimal | None
    peak: Decimal | None
    day_loss: Decimal = _ZERO
    drawdown: Decimal = _ZERO
    halt: Halt | None = None


def observe(
    state: BreakerState, *, session: date, opening: Decimal, equity: Decimal, limits: TradingConfig, when: EventTime
) -> BreakerState:
    """The state once `equity` has been seen; halted when a limit is reached.

    Args:
        opening: equity carried into `session`.
        equity: a trustworthy valuation. An unknown one is not to be observed at all.
    """
    carried = state.loss_baseline if session == state.session else opening
    baseline = equity if carried is None else carried
    peak = equity if state.peak is None else max(state.peak, equity)
    seen = replace(
        state,
        session=session,
        loss_baseline=baseline,
        peak=peak,
        day_loss=fall(baseline, equity),
        drawdown=fall(peak, equity),
    )
    return seen if seen.halt else replace(seen, halt=_trip(seen, equity, limits, when))


def halt(state: BreakerState, demand: Halt) -> BreakerState:
    """The halted state. The first halt stands: a later one does not hide why trading really stopped."""
    return state if state.halt else replace(state, halt=demand)


def resume(state: BreakerState, note: str, equity: Decimal | None) -> BreakerState:
    """The state with trading resumed and both measures started anew; unchanged when it was not halted.

    Raises:
        ReasonRequired: `note` says nothing.
    """
    if not note.strip():
        raise ReasonRequired("trading is resumed only with a reason: say what was found and why it is safe to go on")
    if state.halt is None:
        # Otherwise a resume now and then would move the baseline after the loss, and the breaker would never trip.
        return state
    return replace(state, halt=None, loss_baseline=equity, peak=equity, day_loss=_ZERO, drawdown=_ZERO)


def _trip(state: BreakerState, equity: Decimal, limits: TradingConfig, when: EventTime) -> Halt | None:
    if state.day_loss >= limits.daily_loss_limit:
        note = _note("the loss of the session", state.day_loss, limits.daily_loss_limit, equity, state.loss_baseline)
        return Halt(HaltReason.DAILY_LOSS, note, BREAKER, when)
    if state.drawdown >= limits.drawdown_limit:
        note = _note("the fall from the highest equity", state.drawdown, limits.drawdown_limit, equity, state.peak)
        return Halt(HaltReason.DRAWDOWN, note, BREAKER, when)
    return None


def _note(what: str, measured: Decimal, limit: Decimal, equity: Decimal, start: Decimal | None) -> str:
    return f"{what} is {measured:.2%}, the limit {limit:.2%}: equity ${equity:,.2f}, from ${start:,.2f}"
