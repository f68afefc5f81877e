"""The client that awaits: for the console and the agent. The same methods as `synchronous`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx2

from investiq.clients.api import calls, documents
from investiq.clients.api.calls import ApiCall, OrderType, Side, Submission
from investiq.clients.api.transport import settings, translate_errors

__all__ = ["AsyncInvestIQClient"]

Answer = TypeVar("Answer")


class AsyncInvestIQClient:
    """Speaks to the API at `base_url`; to be shared between tasks. Use it as an async context manager, or `aclose()`.

    Args:
        key: API key, or the file that holds it; None to read from loopback.
        timeout: seconds that a call may take.
        transport: replaces the network, in tests.

    Every method raises a `ClientError`: Unreachable, TimedOut, Refused or BadResponse. Nothing is sent twice by itself.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:3000",
        key: str | Path | None = None,
        *,
        timeout: float = 10.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = httpx2.AsyncClient(**settings(base_url, key, timeout), transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def health(self) -> documents.Health:
        """How the API and what it leans on are; also when that is bad."""
        return await self._send(calls.health())

    async def market(self) -> documents.Market:
        """Where market time stands."""
        return await self._send(calls.market())

    async def symbols(self) -> documents.Symbols:
        """What can be analysed and traded."""
        return await self._send(calls.symbols())

    async def bars(
        self,
        symbol: str,
        *,
        start: str | None = None,
        end: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> documents.Bars:
        """Completed sessions, ascending; without `start` the latest ones."""
        return await self._send(calls.bars(symbol, start, end, limit, cursor))

    async def analyze(self, symbol: str) -> documents.Analysis:
        """The analysis of `symbol` now."""
        return await self._send(calls.analyze(symbol))

    async def submit(
        self,
        symbol: str,
        side: Side,
        *,
        idempotency_key: str,
        quantity: Decimal | str | None = None,
        notional: Decimal | str | None = None,
        order_type: OrderType = "market",
        limit_price: Decimal | str | None = None,
    ) -> Submission:
        """Send an order of `quantity` shares or `notional` dollars. After a doubt, ask again with the same key."""
        return await self._send(
            calls.submit(
                symbol,
                side,
                idempotency_key,
                quantity=quantity,
                notional=notional,
                order_type=order_type,
                limit_price=limit_price,
            )
        )

    async def orders(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        symbol: str | None = None,
        status: str | None = None,
    ) -> documents.OrderPage:
        """Orders, newest first."""
        return await self._send(calls.orders(limit, cursor, symbol, status))

    async def order(self, order_id: str) -> documents.Order:
        """One order with its history."""
        return await self._send(calls.order(order_id))

    async def cancel(self, order_id: str) -> documents.Order:
        """Cancel an open order."""
        return await self._send(calls.cancel(order_id))

    async def positions(self) -> list[documents.Position]:
        """What is held."""
        return await self._send(calls.positions())

    async def account(self) -> documents.Account:
        """Cash, equity, profit and loss."""
        return await self._send(calls.account())

    async def equity(self, *, limit: int | None = None) -> list[documents.EquityPoint]:
        """The latest points of the equity curve, ascending."""
        return await self._send(calls.equity(limit))

    async def trading_status(self) -> documents.TradingStatus:
        """The breaker and how far its limits are."""
        return await self._send(calls.trading_status())

    async def halt(self, reason: str) -> documents.TradingStatus:
        """Deny entries until somebody resumes; exits stay allowed."""
        return await self._send(calls.halt(reason))

    async def resume(self, reason: str) -> documents.TradingStatus:
        """Allow entries again."""
        return await self._send(calls.resume(reason))

    async def _send(self, call: ApiCall[Answer]) -> Answer:
        with translate_errors(self.base_url, call.method, call.path):
            response = await self._http.request(
                call.method, call.path, params=call.params, headers=call.headers, json=call.body
            )
        return call.parse(response)
