"""The agent's loop: look, decide, act, wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

import structlog

from investiq.clients.api import ApiRefused, AsyncInvestIQClient, Submission
from investiq.clients.session import ClientError
from investiq.foundation.config.schema import AgentConfig
from investiq.foundation.contract.api import Analysis, Market, Order
from investiq.foundation.telemetry import attributes, tracing
from investiq.foundation.telemetry.tracing import Span
from investiq.foundation.vocabulary import (
    OPEN_STATUSES,
    Action,
    CycleOutcome,
    DenialReason,
    MarketPhase,
    OrderOutcome,
    OrderStatus,
    Side,
)
from investiq.serve.agent.metrics import AgentMetrics
from investiq.serve.agent.rules import AgentView, Decision, decide, idempotency_key

__all__ = ["Agent", "pause"]

_log = structlog.get_logger(__name__)

LONGEST_WAIT_SECONDS = 60.0
PAGE = 1_000
"""Symbols that are asked for at once."""
_WHILE_HALTED: frozenset[str | None] = frozenset(
    {DenialReason.HALTED, DenialReason.MONITORING_LOST, DenialReason.BREAKER_UNREADABLE}
)
"""Denials that say nothing about the order: it is worth another try once trading goes on."""


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Wait, but not beyond `stop`."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is the same for all symbols of one cycle."""

    session: str
    halted: bool
    held: dict[str, Decimal]
    orders: Sequence[Order]

    def view(self, symbol: str, analysis: Analysis) -> AgentView:
        """What the rules see of `symbol`."""
        mine = [order for order in self.orders if order["symbol"] == symbol]
        score = analysis["overall"]["score"]
        return AgentView(
            score=None if score is None else Decimal(str(score)),
            held=self.held.get(symbol, Decimal(0)),
            has_open_order=any(order["status"] in OPEN_STATUSES for order in mine),
            ordered_this_session=any(not _while_halted(order) for order in mine if self._is_of_session(order)),
            halted=self.halted,
        )

    def tries_while_halted(self, symbol: str) -> int:
        """How many orders for `symbol` met a halt in this session: the agent saw trading open, and then it was not."""
        return sum(_while_halted(o) for o in self.orders if o["symbol"] == symbol and self._is_of_session(o))

    def _is_of_session(self, order: Order) -> bool:
        # Sessions are days of market time, and no order is older than the session that it was placed in.
        return order["created_at"][:10] >= self.session


def _while_halted(order: Order) -> bool:
    return order["status"] == OrderStatus.DENIED and order["reason"] in _WHILE_HALTED


class Agent:
    """Goes through the watchlist again and again.

    It keeps nothing on disk: what it did is in the ledger, and its idempotency keys follow from symbol, session and
    action. So it can be killed and started at any time.
    """

    def __init__(self, client: AsyncInvestIQClient, config: AgentConfig, agent_metrics: AgentMetrics) -> None:
        self._client = client
        self._config = config
        self._metrics = agent_metrics
        self._listed: tuple[str, Sequence[str]] = "", ()
        self._settled: dict[str, str] = {}
        self._told: dict[str, Decision] = {}
        self._fruitless = 0
        self._stop = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Cycle until `stop` is set, then finish one symbol. Nothing that the API does or says ends the loop."""
        self._stop = stop
        _log.info("started", watchlist=self._config.watchlist or "all", cycle_seconds=self._config.cycle_seconds)
        while not stop.is_set():
            await pause(await self.cycle(), stop)
        _log.info("stopped")

    async def cycle(self) -> float:
        """Look at every symbol once; returns the seconds to wait before the next cycle."""
        with tracing.root("agent cycle") as span:
            return await self._cycle(span)

    async def _cycle(self, span: Span) -> float:
        started = time.perf_counter()
        try:
            market, outcome = await self._go_through()
        except ClientError as error:
            seconds = self._longer_wait(error)
            span.fail(error.reason)
            _log.warning("cycle_failed", reason=error.reason, error=error.message, next_in_seconds=round(seconds, 1))
            self._metrics.failed(error.message, time.perf_counter() - started, seconds)
            return seconds
        except Exception as error:
            # A fault of our own in one cycle: the next may get through, and AgentStalled tells when none does.
            seconds = self._longer_wait(None)
            span.fail(type(error).__name__)
            _log.exception("cycle_broke", next_in_seconds=round(seconds, 1))
            self._metrics.failed(f"unforeseen: {type(error).__name__}", time.perf_counter() - started, seconds)
            return seconds
        span.set(attributes.OUTCOME, outcome.value)
        seconds = self._wait_after(outcome)
        self._metrics.finished(outcome, market, time.perf_counter() - started, seconds)
        return seconds

    def _wait_after(self, outcome: CycleOutcome) -> float:
        if outcome is not CycleOutcome.DONE:  # there is little to do
            return self._longer_wait(None)
        self._fruitless = 0
        return self._config.cycle_seconds

    async def _go_through(self) -> tuple[Market, CycleOutcome]:
        """The market as it was at the start, and how it went."""
        market = await self._client.market()
        if market["phase"] == MarketPhase.ENDED:
            if self._fruitless == 0:
                _log.info("market_ended", message=market["message"])
            return market, CycleOutcome.ENDED
        around = await self._surroundings(market["session"])
        for symbol in await self._watchlist(market["session"]):
            if self._stop.is_set():  # to go through ten thousand takes minutes, and who stops has seconds
                break
            if self._settled.get(symbol) != around.session:
                await self._consider(symbol, around)
        return market, CycleOutcome.HALTED if around.halted else CycleOutcome.DONE

    async def _surroundings(self, session: str) -> _Surroundings:
        status = await self._client.trading_status()
        positions = await self._client.positions()
        page = await self._client.orders(limit=500)
        held = {position["symbol"]: Decimal(position["quantity"]) for position in positions}
        return _Surroundings(session, status["halted"], held, page["orders"])

    async def _watchlist(self, session: str) -> Sequence[str]:
        """What is configured, or else all symbols, which are asked for once a session, page by page."""
        if self._config.watchlist:
            return self._config.watchlist
        if self._listed[0] != session or not self._listed[1]:
            self._listed = session, [symbol async for symbol in self._all_symbols()]
        return self._listed[1]

    async def _all_symbols(self) -> AsyncIterator[str]:
        cursor: str | None = None
        while True:
            page = await self._client.symbols(limit=PAGE, cursor=cursor)
            for summary in page["symbols"]:
                yield summary["symbol"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def _consider(self, symbol: str, around: _Surroundings) -> None:
        with tracing.span("consider", {attributes.SYMBOL: symbol}) as span:
            await self._decide_on(symbol, around, span)

    async def _decide_on(self, symbol: str, around: _Surroundings, span: Span) -> None:
        try:
            analysis = await self._client.analyze(symbol)
        except ApiRefused as error:
            if error.status not in (404, 422):
                raise
            _log.warning("symbol_skipped", symbol=symbol, session=around.session, error=error.message)
            self._settled[symbol] = around.session
            return
        decision = decide(around.view(symbol, analysis), self._config)
        self._metrics.decided(decision.action)
        span.set(attributes.ACTION, decision.action.value)
        submission = await self._act(symbol, decision, around)
        self._tell(symbol, decision, around, analysis, submission)
        met_a_halt = submission is not None and submission.denial in _WHILE_HALTED
        if decision.action is not Action.WAIT and not met_a_halt:
            self._settled[symbol] = around.session

    async def _act(self, symbol: str, decision: Decision, around: _Surroundings) -> Submission | None:
        if decision.action not in (Action.ENTER, Action.EXIT):
            return None
        try:
            submission = await self._order(symbol, decision.action, around)
        except ApiRefused as error:
            if error.problem_reason != "idempotency_key_reused":
                self._metrics.ordered(OrderOutcome.FAILED)
                raise
            self._metrics.ordered(OrderOutcome.REPEATED)
            _log.info("already_ordered", symbol=symbol, session=around.session, action=decision.action.value)
            return None
        except ClientError:
            self._metrics.ordered(OrderOutcome.FAILED)
            raise
        self._metrics.ordered(_outcome(submission))
        return submission

    async def _order(self, symbol: str, action: Action, around: _Surroundings) -> Submission:
        key = idempotency_key(symbol, around.session, action, around.tries_while_halted(symbol))
        if action is Action.ENTER:
            notional = self._config.notional
            return await self._client.submit(symbol, Side.BUY, idempotency_key=key, notional=notional)
        return await self._client.submit(symbol, Side.SELL, idempotency_key=key, quantity=around.held[symbol])

    def _tell(
        self,
        symbol: str,
        decision: Decision,
        around: _Surroundings,
        analysis: Analysis,
        submission: Submission | None,
    ) -> None:
        if self._told.get(symbol) == decision and decision.action is Action.WAIT:
            return  # the same wait, cycle after cycle
        self._told[symbol] = decision
        overall = analysis["overall"]
        _log.info(
            "decision",
            symbol=symbol,
            session=around.session,
            action=decision.action.value,
            reason=decision.reason,
            score=overall["score"],
            confidence=overall["confidence"],
            coverage=overall["coverage"],
            price=analysis["price"],
            order=submission.order["id"] if submission else None,
            order_status=submission.order["status"] if submission else None,
            denial=submission.denial if submission else None,
        )

    def _longer_wait(self, error: ClientError | None) -> float:
        """Twice as long each time, up to a minute; at least what the API asked for."""
        cycle = self._config.cycle_seconds
        seconds = max(cycle, min(cycle * float(1 << self._fruitless), LONGEST_WAIT_SECONDS))
        self._fruitless = min(self._fruitless + 1, 10)
        asked = error.retry_after if isinstance(error, ApiRefused) else None
        return max(seconds, asked or 0.0)


def _outcome(submission: Submission) -> OrderOutcome:
    if submission.replayed:
        return OrderOutcome.REPEATED
    return OrderOutcome.SENT if submission.denial is None else OrderOutcome.DENIED
