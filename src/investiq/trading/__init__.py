"""Trading: orders, risk limits, the breaker, the ledger and the brokers, behind one desk."""

from investiq.trading.brokers.protocol import BrokerUnavailable, TradingMode
from investiq.trading.desk import Desk, open_desk
from investiq.trading.order import InvalidOrder, Order, OrderRequest, OrderStatus, OrderType, Side

__all__ = [
    "BrokerUnavailable",
    "Desk",
    "InvalidOrder",
    "Order",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "Side",
    "TradingMode",
    "open_desk",
]
