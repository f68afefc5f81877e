"""The one map from what the domain raises to HTTP. What is not in it is a 500, and an alert."""

from __future__ import annotations

from investiq.foundation.errors import InvestIQError
from investiq.foundation.store import DatabaseUnavailable
from investiq.invest.analysis.listing import CursorExpired, TooManySymbols, UnknownSymbols
from investiq.invest.market.provider import UnknownSymbol
from investiq.invest.market.replay_state import ReplayStateError
from investiq.invest.market.types import MalformedSymbol
from investiq.invest.trading.account_book import BreakerUnreadable
from investiq.invest.trading.breaker import ReasonRequired
from investiq.invest.trading.brokers.protocol import BrokerUnavailable
from investiq.invest.trading.heartbeat_monitor import MonitoringLost
from investiq.invest.trading.ledger import IdempotencyKeyReused, InvalidIdempotencyKey, UnknownOrder
from investiq.invest.trading.order import InvalidOrder
from investiq.invest.trading.order_router import OrderNotOpen

__all__ = ["STATUSES"]

STATUSES: dict[type[InvestIQError], int] = {
    MalformedSymbol: 422,
    UnknownSymbol: 404,
    UnknownSymbols: 404,
    TooManySymbols: 422,
    CursorExpired: 409,
    ReplayStateError: 503,
    InvalidOrder: 422,
    InvalidIdempotencyKey: 400,
    IdempotencyKeyReused: 422,
    UnknownOrder: 404,
    OrderNotOpen: 409,
    ReasonRequired: 422,
    MonitoringLost: 409,
    BreakerUnreadable: 503,
    BrokerUnavailable: 503,
    DatabaseUnavailable: 503,
}
