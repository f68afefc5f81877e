"""The agent's loop: look, decide, act, wait."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import structlog

from investiq.agent.rules import Action, Decision, View, decide, idempotency_key
from investiq.client import AsyncInvestIQClient, ClientError, Refused, Submission
from investiq.client.documents import Analysis, Order
from investiq.config import addresses
from investiq.config.paths import Paths
from investiq.config.schema import AgentConfig, Config

__all__ = ["Agent", "run"]

_log = structlog.get_logger(__name__)

LONGEST_WAIT_SECONDS = 60.0
_KEY_FILE_SECONDS = 1.0
_OPEN = frozenset({"pending_new", "accepted", "partially_filled", "unknown"})
_WHILE_HALTED = frozenset({"halted", "monitoring_lost", "breaker_unreadable"})
"""Denials that say nothing about the order: it is worth another try once trading goes on."""


def run(config: Config) -> None:
    """Trade until SIGTERM or SIGINT; an order that is being sent is finished first. Logging is the caller's."""
    asyncio.run(_run(config))


async def _run(config: Config) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    key_file = Paths.of(config).agent_key
    await _wait_for_file(key_file, stop)
    async with AsyncInvestIQClient(addresses.base_url(addresses.api(config)), key_file) as client:
        await Agent(client, config.agent).run(stop)


async def _wait_for_file(path: Path, stop: asyncio.Event) -> None:
    if not path.exists():
        _log.info("waiting_for_key", file=str(path), hint="the API writes it at its first start")
    while not path.exists() and not stop.is_set():
        await _pause(_KEY_FILE_SECONDS, stop)


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is the same for all symbols of one cycle."""

    session: str
    halted: bool
    held: dict[str, Decimal]
    orders: Sequence[Order]

    def view(self, symbol: str, analysis: Analysis) -> View:
        """What the rules see of `symbol`."""
        mine = [order for order in self.orders if order["symbol"] == symbol]
        score = analysis["overall"]["score"]
        return View(
            score=None if score is None else Decimal(str(score)),
            held=self.held.get(symbol, Decimal(0)),
            has_open_order=any(order["status"] in _OPEN for order in mine),
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
    return order["status"] == "denied" and order["reason"] in _WHILE_HALTED


class Agent:
    """Goes through the watchlist again and again.

    It keeps nothing on disk: what it did is in the ledger, and its idempotency keys follow from symbol, session and
    action. So it can be killed and started at any time.
    """

    def __init__(self, client: AsyncInvestIQClient, config: AgentConfig) -> None:
        self._client = client
        self._config = config
        self._settled: dict[str, str] = {}
        self._told: dict[str, Decision] = {}
        self._fruitless = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Cycle until `stop` is set. Nothing that the API does or says ends the loop."""
        _log.info("started", watchlist=self._config.watchlist or "all", cycle_seconds=self._config.cycle_seconds)
        while not stop.is_set():
            await _pause(await self.cycle(), stop)
        _log.info("stopped")

    async def cycle(self) -> float:
        """Look at every symbol once; returns the seconds to wait before the next cycle."""
        try:
            trading_goes_on = await self._go_through()
        except ClientError as error:
            seconds = self._longer_wait(error)
            _log.warning("cycle_failed", reason=error.reason, error=error.message, next_in_seconds=round(seconds, 1))
            return seconds
        if trading_goes_on:
            self._fruitless = 0
            return self._config.cycle_seconds
        return self._longer_wait(None)

    async def _go_through(self) -> bool:
        """Returns False when there is little to do: the market has ended, or trading is halted."""
        market = await self._client.market()
        if market["phase"] == "ended":
            if self._fruitless == 0:
                _log.info("market_ended", message=market["message"])
            return False
        around = await self._surroundings(market["session"])
        for symbol in await self._watchlist():
            if self._settled.get(symbol) != around.session:
                await self._consider(symbol, around)
        return not around.halted

    async def _surroundings(self, session: str) -> _Surroundings:
        status = await self._client.trading_status()
        positions = await self._client.positions()
        page = await self._client.orders(limit=500)
        held = {position["symbol"]: Decimal(position["quantity"]) for position in positions}
        return _Surroundings(session, status["halted"], held, page["orders"])

    async def _watchlist(self) -> Sequence[str]:
        if self._config.watchlist:
            return self._config.watchlist
        return [summary["symbol"] for summary in (await self._client.symbols())["symbols"]]

    async def _consider(self, symbol: str, around: _Surroundings) -> None:
        try:
            analysis = await self._client.analyze(symbol)
        except Refused as error:
            if error.status not in (404, 422):
                raise
            _log.warning("symbol_skipped", symbol=symbol, session=around.session, error=error.message)
            self._settled[symbol] = around.session
            return
        decision = decide(around.view(symbol, analysis), self._config)
        submission = await self._act(symbol, decision, around)
        self._tell(symbol, decision, around, analysis, submission)
        met_a_halt = submission is not None and submission.denial in _WHILE_HALTED
        if decision.action is not Action.WAIT and not met_a_halt:
            self._settled[symbol] = around.session

    async def _act(self, symbol: str, decision: Decision, around: _Surroundings) -> Submission | None:
        key = idempotency_key(symbol, around.session, decision.action, around.tries_while_halted(symbol))
        try:
            if decision.action is Action.ENTER:
                notional = self._config.notional
                return await self._client.submit(symbol, "buy", idempotency_key=key, notional=notional)
            if decision.action is Action.EXIT:
                held = around.held[symbol]
                return await self._client.submit(symbol, "sell", idempotency_key=key, quantity=held)
        except Refused as error:
            if error.problem_reason != "idempotency_key_reused":
                raise
            _log.info("already_ordered", symbol=symbol, session=around.session, action=decision.action.value)
        return None

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
        asked = error.retry_after if isinstance(error, Refused) else None
        return max(seconds, asked or 0.0)
