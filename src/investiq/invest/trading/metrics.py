"""What trading tells Prometheus. The decisions do not know that they are counted."""

from __future__ import annotations

import math
from decimal import Decimal

import structlog

from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import HaltReason, OrderStatus
from investiq.invest.trading.breaker import BreakerState, Halt
from investiq.invest.trading.equity import EquityRecord, fall
from investiq.invest.trading.ledger import Change
from investiq.invest.trading.order import Order

__all__ = ["TradingMetrics"]

log = structlog.get_logger(__name__)


class TradingMetrics:
    """Counts and logs what was committed; call it after the commit, never before."""

    def __init__(self, metrics: Metrics) -> None:
        self._trades = metrics.counter(catalogue.TRADES)
        self._orders = metrics.counter(catalogue.ORDERS)
        self._denials = metrics.counter(catalogue.ORDER_DENIALS)
        self._acknowledgement = metrics.histogram(catalogue.ORDER_ACKNOWLEDGEMENT)
        self._halted = metrics.gauge(catalogue.TRADING_HALTED)
        self._trips = metrics.counter(catalogue.BREAKER_TRIPS)
        self._required = metrics.gauge(catalogue.MONITORING_REQUIRED)
        self._evaluated = metrics.gauge(catalogue.HEARTBEAT_EVALUATED)
        self._awaited = metrics.gauge(catalogue.HEARTBEAT_AWAITED)
        self._equity = metrics.gauge(catalogue.EQUITY)
        self._drawdown = metrics.gauge(catalogue.DRAWDOWN)
        self._daily_loss = metrics.gauge(catalogue.DAILY_LOSS)
        self._loss = metrics.gauge(catalogue.BREAKER_LOSS)
        self._limit = metrics.gauge(catalogue.BREAKER_LIMIT)

    def denied(self, order: Order) -> None:
        """An order was denied before it reached the broker."""
        self._denials.labels(order.reason).inc()
        self._orders.labels(OrderStatus.DENIED).inc()
        log.info("order_denied", order=order.id, symbol=order.symbol, reason=order.reason, why=order.message)

    def changed(self, change: Change) -> None:
        """An order came to another status, or did not."""
        entered, order = change.entered, change.after
        if entered is None:
            return
        if entered in catalogue.ORDER_OUTCOMES:
            self._orders.labels(entered).inc()
        if entered is OrderStatus.FILLED:
            self._trades.inc()
        log.info(
            "order_changed",
            status=entered.value,
            order=order.id,
            symbol=order.symbol,
            side=order.side,
            reason=order.reason,
        )

    def acknowledged(self, seconds: float) -> None:
        """The broker answered a submit."""
        self._acknowledgement.observe(seconds)

    def tripped(self, halt: Halt) -> None:
        """Trading was halted, by the breaker or by hand."""
        self._trips.labels(halt.reason).inc()
        self._halted.set(1)
        log.warning("trading_halted", reason=halt.reason, note=halt.note, by=halt.by)

    def halted(self, halted: bool, *, awaiting: bool = False) -> None:
        """Whether entries are denied by the breaker now; `awaiting`: only until the first heartbeat."""
        self._halted.set(int(halted))
        self._awaited.set(int(awaiting))

    def monitoring_required(self, required: bool) -> None:
        """Whether trading needs the heartbeat of the monitoring."""
        self._required.set(int(required))

    def heartbeat(self, evaluated_at: float) -> None:
        """A younger heartbeat has come, evaluated then (Unix seconds)."""
        self._evaluated.set(evaluated_at)

    def limited(self, daily_loss: Decimal, drawdown: Decimal) -> None:
        """At which losses the breaker trips."""
        self._limit.labels(HaltReason.DAILY_LOSS).set(float(daily_loss))
        self._limit.labels(HaltReason.DRAWDOWN).set(float(drawdown))

    def measured(self, state: BreakerState | None) -> None:
        """What the breaker measures; a state that cannot be read is not a number, rather than no loss."""
        daily_loss, drawdown = (state.day_loss, state.drawdown) if state else (math.nan, math.nan)
        self._loss.labels(HaltReason.DAILY_LOSS).set(float(daily_loss))
        self._loss.labels(HaltReason.DRAWDOWN).set(float(drawdown))

    def valued(self, equity: Decimal | None, record: EquityRecord) -> None:
        """Equity and what it fell; an unknown equity is not a number, rather than an old one."""
        self._equity.set(math.nan if equity is None else float(equity))
        self._drawdown.set(float(record.drawdown))
        self._daily_loss.set(float(fall(record.opening, record.last)))
