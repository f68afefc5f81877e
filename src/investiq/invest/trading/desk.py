"""The desk: the one path of every order. Risk limits, breaker, ledger, broker; nothing trades around it.

All methods are synchronous and safe to call from several threads. A decision and its record are one transaction of the
database's one writer; the broker is called after it, outside any lock, so a slow broker delays neither a halt nor a
tick. One desk serves a ledger: a second process on it would doubt the orders that the first is sending.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from time import monotonic
from typing import Literal
from uuid import uuid4

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.errors import InvestIQError
from investiq.foundation.store import ping, reading, reserved_connection, writing
from investiq.foundation.store.audit import Actor, AuditEntry, append
from investiq.foundation.telemetry import attributes, tracing
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import (
    AuditAction,
    AuditResult,
    BeatOutcome,
    HaltReason,
    HeartbeatState,
    OrderStatus,
    TradingMode,
)
from investiq.invest.trading.account_book import AccountBook, AccountTerms, EquityPoint, LoggedBreakerEvent
from investiq.invest.trading.breaker import BREAKER, BreakerState, Halt
from investiq.invest.trading.breaker_monitor import AccountSnapshot, BreakerMonitor
from investiq.invest.trading.brokers.paper import PaperBroker
from investiq.invest.trading.brokers.protocol import Broker, BrokerUnavailable
from investiq.invest.trading.costs import Costs
from investiq.invest.trading.event_time import EventTime, UtcClock, wall_now
from investiq.invest.trading.heartbeat import HeartbeatRecord, Instant
from investiq.invest.trading.heartbeat_monitor import HeartbeatMonitor, MonotonicClock, describe_heartbeat
from investiq.invest.trading.ledger import EVERY_ORDER, Entry, Ledger, OrderFilter
from investiq.invest.trading.market_view import MarketView, known_quote
from investiq.invest.trading.metrics import TradingMetrics
from investiq.invest.trading.order import Order, OrderRequest
from investiq.invest.trading.order_router import OrderRouter
from investiq.invest.trading.portfolio import Position
from investiq.invest.trading.preview import preview
from investiq.invest.trading.risk import RiskCase, buying_power, deny, size
from investiq.invest.trading.valuation import Valuation
from investiq.invest.trading.views import (
    AccountView,
    ClosedPositionView,
    HaltPreview,
    MonitoringView,
    OrderPage,
    OrderPreview,
    PositionsView,
    PositionView,
    Submission,
    TradingStatus,
)

__all__ = ["Desk", "open_desk"]

log = structlog.get_logger(__name__)


def open_desk(
    config: TradingConfig,
    market: MarketView,
    engine: Engine,
    metrics: Metrics,
    *,
    clock: Literal["replay", "wall"],
    wall: UtcClock = wall_now,
    monotonic_clock: MonotonicClock = monotonic,
) -> Desk:
    """The desk of a migrated database: opens the account on the first start, clears up open doubts on a later one.

    Args:
        clock: how market time runs; the paper broker says `replay` or `paper` after it.

    Raises:
        ForeignLedger: the database holds the account of another broker or mode.
        DatabaseUnavailable: it does not answer.
    """
    mode = TradingMode.REPLAY if clock == "replay" else TradingMode.PAPER
    when = EventTime(market.now(), wall())
    with writing(engine) as connection:
        terms = AccountTerms(PaperBroker.name, mode, config.initial_cash)
        cash = AccountBook().open(connection, terms, market.session(), when)
    if cash != config.initial_cash:
        log.warning("initial_cash_not_used", configured=config.initial_cash, account=cash)
    broker = PaperBroker(engine, market, Costs.of(config), cash, mode)
    desk = Desk(
        config=config,
        market=market,
        engine=engine,
        broker=broker,
        ledger=Ledger(cash),
        metrics=TradingMetrics(metrics),
        wall=wall,
        monotonic_clock=monotonic_clock,
    )
    desk.recover()
    return desk


class Desk:
    """See the module. `open_desk` makes one; tests bring a broker of their own."""

    def __init__(
        self,
        *,
        config: TradingConfig,
        market: MarketView,
        engine: Engine,
        broker: Broker,
        ledger: Ledger,
        metrics: TradingMetrics,
        wall: UtcClock = wall_now,
        monotonic_clock: MonotonicClock = monotonic,
    ) -> None:
        self._config = config
        self._market = market
        self._engine = engine
        self._broker = broker
        self._ledger = ledger
        self._metrics = metrics
        self._wall = wall
        self._book = AccountBook()
        self._costs = Costs.of(config)
        self._started = EventTime(market.now(), wall())
        self._heartbeats = HeartbeatMonitor(config, metrics, wall=wall, monotonic_clock=monotonic_clock)
        self._monitor = BreakerMonitor(
            engine,
            market,
            ledger,
            limits=config,
            metrics=metrics,
            heartbeats=self._heartbeats,
            wall=wall,
        )
        self._router = OrderRouter(engine, market, ledger, broker, metrics=metrics, wall=wall)
        self._changes = count()
        self._change = next(self._changes)
        self._settled_at: int | None = None

    def recover(self) -> None:
        """Clear up what an earlier run left in doubt, and value the account: what every tick does, once before use.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        with reading(self._engine) as connection:
            watched = self._router.watched(connection)
        try:
            self._router.follow(watched)
        except BrokerUnavailable as error:
            log.warning("open_doubts_wait", error=error.message)
        self._monitor.observe()

    def submit(self, request: OrderRequest, idempotency_key: str, by: str, actor: Actor | None = None) -> Submission:
        """Decide on an order and, unless it is denied, send it. A denied or unknown order is a result.

        Args:
            actor: who is to stand in the audit log; None for what a program of ours orders.

        Raises:
            IdempotencyKeyReused: the key came with another order before.
            InvalidIdempotencyKey: it cannot be a key.
            DatabaseUnavailable: nothing was kept and nothing was sent, or the broker's answer could not be kept; the
                same call with the same key is safe in both cases and tells which.
        """
        described = {attributes.SYMBOL: request.symbol, attributes.SIDE: request.side.value}
        with tracing.span("submit order", described) as span:
            submission = self._submit(request, idempotency_key, by, actor)
            span.set(attributes.ORDER_ID, submission.order.id)
            span.set(attributes.ORDER_STATUS, submission.order.status.value)
            if submission.order.reason:
                span.set(attributes.ORDER_REASON, submission.order.reason)
        return submission

    def _submit(self, request: OrderRequest, idempotency_key: str, by: str, actor: Actor | None) -> Submission:
        order_id = uuid4().hex
        with self._changing(), self._router.sending(order_id):
            with writing(self._engine) as connection:
                known = self._ledger.replay(connection, idempotency_key, request)
                if known is not None:
                    return Submission(known, replayed=True)
                seen = self._monitor.evaluate(connection)
                self._monitor.persist(connection, seen)
                entry = self._decide(request, seen, self._ledger.open_orders(connection))
                order = self._ledger.enter(connection, order_id, entry, key=idempotency_key, by=by)
                if actor is not None:
                    append(connection, _ordered(order, actor))
            self._monitor.after_commit(seen)
            if entry.denial:
                self._metrics.denied(order)
                return Submission(order, replayed=False)
            return Submission(self._router.send(order), replayed=False)

    def preview(self, request: OrderRequest) -> OrderPreview:
        """What `submit` would decide about an order now, and what the order would cost; nothing is kept or sent."""
        with reading(self._engine) as connection:
            seen = self._monitor.evaluate(connection)
            case = self._case(request, seen, self._ledger.open_orders(connection))
        return preview(case, deny(case) or seen.deny(case))

    def cancel(self, order_id: str, by: str, actor: Actor | None = None) -> Order:
        """Cancel an open order; the answer may be that it filled meanwhile.

        Raises:
            UnknownOrder, OrderNotOpen, BrokerUnavailable, DatabaseUnavailable
        """
        with self._changing():
            return self._router.cancel(order_id, by, actor)

    def tick(self) -> None:
        """Follow the open orders, value the account, let the breaker see it. Meant to be called a few times a second.

        The account is valued even when the broker fails: a breaker that stops looking protects nobody. While there is
        no order to follow, which is most of the time, one transaction tells everything.

        Raises:
            BrokerUnavailable, DatabaseUnavailable: that part of the work could not be done; the next tick does it.
        """
        change, self._settled_at = self._change, None
        with reserved_connection():
            watched, seen = self._look()
            if seen is None:
                try:
                    self._router.follow(watched)
                finally:
                    seen = self._watch()
            if seen.withdraws_entries:
                self._router.cancel_entries(BREAKER, "halted")
        if not watched:
            self._settled_at = change

    @property
    def is_at_rest(self) -> bool:
        """Whether the last tick found no order to follow, and nobody has changed anything since.

        Until the next price, another tick would find the account as it is.
        """
        return self._settled_at == self._change

    def orders(
        self,
        *,
        limit: int = 100,
        cursor: int | None = None,
        wanted: OrderFilter = EVERY_ORDER,
    ) -> OrderPage:
        """A page of orders, newest first; `cursor` is the `next_cursor` of the page before."""
        with reading(self._engine) as connection:
            found = self._ledger.page(connection, limit=limit + 1, before=cursor, wanted=wanted)
        page = found[:limit]
        return OrderPage(page, page[-1].number if len(found) > limit else None)

    def order(self, order_id: str) -> Order:
        """One order with its history.

        Raises:
            UnknownOrder: there is none of that id.
        """
        with reading(self._engine) as connection:
            return self._ledger.order(connection, order_id)

    def positions(self) -> PositionsView:
        """What is held, and what was sold out."""
        with reading(self._engine) as connection:
            valuation = self._monitor.evaluate(connection).valuation
        portfolio = valuation.portfolio
        return PositionsView(
            held=[_held(valuation, position) for position in portfolio.held],
            closed=[_closed(position) for position in portfolio.closed],
        )

    def account(self) -> AccountView:
        """The account at the latest prices."""
        with reading(self._engine) as connection:
            seen = self._monitor.evaluate(connection)
            open_orders = self._ledger.open_orders(connection)
        valuation, equity = seen.valuation, seen.valuation.equity
        return AccountView(
            mode=self._broker.mode(),
            broker=self._broker.name,
            initial_cash=self._ledger.initial_cash,
            cash=valuation.portfolio.cash,
            equity=equity,
            buying_power=max(buying_power(valuation, open_orders, self._costs), Decimal(0)),
            exposure=valuation.exposure,
            realised_pnl=valuation.portfolio.realised,
            unrealised_pnl=valuation.unrealised,
            day_pnl=None if equity is None else equity - seen.record.opening,
            high_water_mark=seen.record.high_water_mark,
            drawdown=seen.record.drawdown,
            commission_paid=valuation.portfolio.commission_paid,
            net_realised_pnl=valuation.portfolio.net_realised,
            unpriced=valuation.unpriced,
        )

    def equity_points(self, limit: int = 1000) -> Sequence[EquityPoint]:
        """The latest points of the equity curve, oldest first."""
        with reading(self._engine) as connection:
            return self._book.points(connection, limit)

    def status(self) -> TradingStatus:
        """Whether trading is halted. Answers without a database too: what cannot be read counts as halted."""
        try:
            with reading(self._engine) as connection:
                return self._status(self._monitor.state(connection), None)
        except (InvestIQError, SQLAlchemyError) as error:
            return self._status(None, str(error))

    def halt_preview(self) -> HaltPreview:
        """What `halt` would do now; nothing is changed."""
        with reading(self._engine) as connection:
            seen = self._monitor.evaluate(connection)
            open_orders = self._ledger.open_orders(connection)
        return HaltPreview(
            halted=seen.halted,
            cancels=[order for order in open_orders if order.is_entry],
            keeps=[order for order in open_orders if not order.is_entry],
            positions=len(seen.valuation.portfolio.held),
        )

    def halt(self, note: str, by: str, actor: Actor | None = None) -> TradingStatus:
        """Deny entries from now on, and cancel the open ones at the next tick.

        It is in force even if it cannot be kept yet; then every tick tries to keep it.
        """
        with self._changing(), reserved_connection():  # requests that wait for the database hold up no halt
            try:
                self._monitor.halt(note, by, actor)
            except Exception as error:  # whatever keeps it from being written, it was demanded
                log.warning("halt_not_kept_yet", error=str(error))
            return self.status()

    def resume(self, note: str, by: str, actor: Actor | None = None) -> TradingStatus:
        """Let entries through again, and measure loss and drawdown anew from here.

        Raises:
            ReasonRequired: `note` says nothing.
            MonitoringLost: the heartbeat of the monitoring does not arrive.
            DatabaseUnavailable: it could not be kept, so trading stays halted.
        """
        with self._changing():
            self._monitor.resume(note, by, actor)
        return self.status()

    def beat(self, evaluated_at: float) -> BeatOutcome:
        """The monitoring lives: Prometheus evaluated its rules then, in Unix seconds. Touches no database."""
        return self._heartbeats.beat(evaluated_at)

    def heartbeat_record(self) -> tuple[HeartbeatRecord, Instant]:
        """The heartbeat of the monitoring, and the moment at which it was judged: now. Touches no database."""
        return self._heartbeats.record()

    def monitoring(self) -> MonitoringView:
        """The same, to be shown."""
        return _monitoring(*self._heartbeats.record())

    def breaker_log(self, limit: int = 100, before: int | None = None) -> Sequence[LoggedBreakerEvent]:
        """The latest halts and resumes, newest first, those with an id below `before`."""
        with reading(self._engine) as connection:
            return self._book.breaker_log(connection, limit, before)

    def ping_database(self) -> None:
        """Raises DatabaseUnavailable when the database does not answer, however busy its connections are."""
        with reserved_connection():
            ping(self._engine)

    def ping_broker(self) -> None:
        """Raises BrokerUnavailable when the broker does not answer."""
        self._broker.ping()

    def _decide(self, request: OrderRequest, seen: AccountSnapshot, open_orders: Sequence[Order]) -> Entry:
        case = self._case(request, seen, open_orders)
        quantity, reserve_price = size(request, case.quote, self._costs)
        return Entry(
            request=request,
            quantity=quantity,
            reserve_price=reserve_price,
            denial=deny(case) or seen.deny(case),
            when=EventTime(self._market.now(), self._wall()),
        )

    def _case(self, request: OrderRequest, seen: AccountSnapshot, open_orders: Sequence[Order]) -> RiskCase:
        quote = known_quote(self._market, request.symbol)
        return RiskCase(
            request=request,
            quote=quote,
            price_age_seconds=self._market.data_age_seconds(request.symbol) if quote else 0.0,
            phase=self._market.phase(),
            valuation=seen.valuation,
            open_orders=open_orders,
            limits=self._config,
            costs=self._costs,
        )

    @contextmanager
    def _changing(self) -> Iterator[None]:
        # Before and after: a tick in between may not have seen what is being changed.
        self._change = next(self._changes)
        try:
            yield
        finally:
            self._change = next(self._changes)

    def _look(self) -> tuple[Sequence[Order], AccountSnapshot | None]:
        """The orders to follow; where there are none, the account, with what is new about it kept."""
        with self._blinded_by_failure():
            with reading(self._engine) as connection:
                watched = self._router.watched(connection)
                seen = None if watched else self._monitor.evaluate(connection, final=True)
            return watched, self._monitor.keep(seen) if seen else None

    def _watch(self) -> AccountSnapshot:
        with self._blinded_by_failure():
            return self._monitor.observe()

    @contextmanager
    def _blinded_by_failure(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._monitor.blinded()
            raise

    def _status(self, state: BreakerState | None, unreadable: str | None) -> TradingStatus:
        heartbeat, now = self._heartbeats.record()
        halt = state.halt if state else self._monitor.demanded
        if halt is None and state is not None and heartbeat.is_blind:
            halt = Halt(HaltReason.MONITORING_LOST, describe_heartbeat(heartbeat, now), BREAKER, self._started)
        return TradingStatus(
            mode=self._broker.mode(),
            halted=state is None or halt is not None,
            reason=halt.reason if halt else HaltReason.UNREADABLE if state is None else None,
            note=halt.note if halt else unreadable,
            since=halt.since.at if halt else None,
            since_wall=halt.since.wall if halt else None,
            by=halt.by if halt else None,
            day_loss=state.day_loss if state else None,
            day_loss_from=state.loss_baseline if state else None,
            daily_loss_limit=self._config.daily_loss_limit,
            drawdown=state.drawdown if state else None,
            drawdown_from=state.peak if state else None,
            drawdown_limit=self._config.drawdown_limit,
            monitoring=_monitoring(heartbeat, now),
        )


def _ordered(order: Order, actor: Actor) -> AuditEntry:
    size = f"{order.quantity.normalize():f}" if order.quantity is not None else f"${order.notional}"
    result = AuditResult.DENIED if order.status is OrderStatus.DENIED else AuditResult.DONE
    detail = f"{order.side} {size} {order.symbol} ({order.order_type})" + (f": {order.reason}" if order.reason else "")
    return AuditEntry(AuditAction.ORDER_PLACED, actor, order.id, detail, result)


def _monitoring(heartbeat: HeartbeatRecord, now: Instant) -> MonitoringView:
    age = heartbeat.age(now)
    return MonitoringView(
        required=heartbeat.state is not HeartbeatState.NOT_REQUIRED,
        heartbeat=heartbeat.state,
        evaluated_at=None if heartbeat.beat is None else datetime.fromtimestamp(heartbeat.beat.evaluated_at, UTC),
        age_seconds=None if age is None else round(age, 3),
        limit_seconds=heartbeat.limit_seconds,
        note=describe_heartbeat(heartbeat, now),
    )


def _held(valuation: Valuation, position: Position) -> PositionView:
    market_value = valuation.market_value(position.symbol)
    return PositionView(
        symbol=position.symbol,
        quantity=position.quantity,
        average_price=position.average_price or position.cost,
        market_price=valuation.prices.get(position.symbol),
        market_value=market_value,
        unrealised_pnl=None if market_value is None else market_value - position.cost,
        realised_pnl=position.realised,
        commission_paid=position.commission,
        net_realised_pnl=position.net_realised,
    )


def _closed(position: Position) -> ClosedPositionView:
    return ClosedPositionView(
        symbol=position.symbol,
        realised_pnl=position.realised,
        commission_paid=position.commission,
        net_realised_pnl=position.net_realised,
    )
