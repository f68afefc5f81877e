"""Trading: orders, risk limits, the breaker, the ledger and the brokers, behind one desk."""

from investiq.invest.trading.brokers.protocol import BrokerUnavailable
from investiq.invest.trading.desk import Desk, open_desk
from investiq.invest.trading.order import InvalidOrder, Order, OrderRequest

__all__ = [
    "BrokerUnavailable",
    "Desk",
    "InvalidOrder",
    "Order",
    "OrderRequest",
    "open_desk",
]
