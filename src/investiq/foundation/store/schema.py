"""Every table. `at` is market time, `wall` the time of day; amounts in dollars, quantities in shares.

The tables named in APPEND_ONLY refuse UPDATE and DELETE by trigger: what happened stays.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from investiq.foundation.store.types import ExactDecimal, RowId, UtcDateTime

__all__ = [
    "APPEND_ONLY",
    "account",
    "api_keys",
    "audit_log",
    "breaker_events",
    "breaker_state",
    "checklist_sign_offs",
    "equity_points",
    "fills",
    "idempotency_keys",
    "login_links",
    "metadata",
    "order_events",
    "orders",
    "paper_executions",
    "paper_orders",
    "sessions",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Dollars = ExactDecimal(4)
Shares = ExactDecimal(4)
Ratio = ExactDecimal(6)
Word = String(32)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("hash", String(128), nullable=False, unique=True),
    Column("scopes", String(100), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("expires_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
)

login_links = Table(
    "login_links",
    metadata,
    Column("hash", String(128), primary_key=True),
    Column("key_id", ForeignKey("api_keys.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("hash", String(128), nullable=False, unique=True),
    Column("key_id", ForeignKey("api_keys.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # counted by who appends: it is part of the hash
    Column("wall", UtcDateTime, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("access", Word, nullable=False),
    Column("origin", String(100), nullable=False),
    Column("action", Word, nullable=False, index=True),
    Column("target", String(200), nullable=False),
    Column("result", Word, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("broker", Word, nullable=False),
    Column("mode", Word, nullable=False),
    Column("initial_cash", Dollars, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_wall", UtcDateTime, nullable=False),
    # What the last trustworthy valuation said; see trading.equity.
    Column("session", Date, nullable=False),
    Column("opening_equity", Dollars, nullable=False),
    Column("last_equity", Dollars, nullable=False),
    Column("high_water_mark", Dollars, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

orders = Table(
    "orders",
    metadata,
    Column("number", RowId, primary_key=True),  # the order of arrival; the page cursor
    Column("id", String(32), nullable=False, unique=True),
    Column("client_order_id", String(48), nullable=False, unique=True),
    Column("broker_order_id", String(64)),
    Column("symbol", String(16), nullable=False, index=True),
    Column("side", Word, nullable=False),
    Column("order_type", Word, nullable=False),
    Column("quantity", Shares),
    Column("notional", Dollars),
    Column("limit_price", Dollars),
    Column("reserve_price", Dollars),
    Column("status", Word, nullable=False, index=True),
    Column("filled_quantity", Shares, nullable=False),
    Column("filled_notional", Dollars, nullable=False),
    Column("commission", Dollars, nullable=False),
    Column("reason", String(64)),
    Column("message", Text),
    Column("created_by", String(100), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_wall", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_wall", UtcDateTime, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("order_id", ForeignKey("orders.id"), nullable=False),
    Column("wall", UtcDateTime, nullable=False),
)

order_events = Table(
    "order_events",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("order_id", ForeignKey("orders.id"), nullable=False, index=True),
    Column("status", Word, nullable=False),
    Column("reason", String(64)),
    Column("by", String(100)),
    Column("at", UtcDateTime, nullable=False),
    Column("wall", UtcDateTime, nullable=False),
)

fills = Table(
    "fills",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("order_id", ForeignKey("orders.id"), nullable=False),
    Column("execution_id", String(64), nullable=False),
    Column("symbol", String(16), nullable=False),
    Column("side", Word, nullable=False),
    Column("quantity", Shares, nullable=False),
    Column("price", Dollars, nullable=False),
    Column("commission", Dollars, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("wall", UtcDateTime, nullable=False),
    UniqueConstraint("order_id", "execution_id", name="uq_fills_execution"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
)

breaker_state = Table(
    "breaker_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("halted", Boolean, nullable=False),
    Column("reason", Word),
    Column("note", Text),
    Column("since", UtcDateTime),
    Column("since_wall", UtcDateTime),
    Column("by", String(100)),
    Column("session", Date, nullable=False),
    Column("loss_baseline", Dollars),
    Column("peak", Dollars),
    Column("day_loss", Ratio, nullable=False),
    Column("drawdown", Ratio, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

breaker_events = Table(
    "breaker_events",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("event", Word, nullable=False),
    Column("reason", Word),
    Column("note", Text),
    Column("by", String(100), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("wall", UtcDateTime, nullable=False),
    Column("equity", Dollars),
    Column("day_loss", Ratio, nullable=False),
    Column("drawdown", Ratio, nullable=False),
)

equity_points = Table(
    "equity_points",
    metadata,
    Column("at", UtcDateTime, primary_key=True),
    Column("wall", UtcDateTime, nullable=False),
    Column("equity", Dollars, nullable=False),
    Column("drawdown", Ratio, nullable=False),
)

checklist_sign_offs = Table(
    "checklist_sign_offs",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("point", String(40), nullable=False, index=True),
    Column("by", String(100), nullable=False),  # who takes responsibility
    Column("signed_as", String(100), nullable=False),  # whose key or session it came with
    Column("note", Text),
    Column("wall", UtcDateTime, nullable=False),
)

# The paper broker's own books, on the far side of the broker seam: the ledger never reads them.
paper_orders = Table(
    "paper_orders",
    metadata,
    Column("client_order_id", String(48), primary_key=True),
    Column("symbol", String(16), nullable=False),
    Column("side", Word, nullable=False),
    Column("order_type", Word, nullable=False),
    Column("quantity", Shares, nullable=False),
    Column("limit_price", Dollars),
    Column("accepted_at", UtcDateTime, nullable=False),
    Column("accepted_sequence", BigInteger, nullable=False),
    Column("status", Word, nullable=False, index=True),
    Column("reason", String(64)),
)

paper_executions = Table(
    "paper_executions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("execution_id", String(64), nullable=False, unique=True),
    Column("client_order_id", ForeignKey("paper_orders.client_order_id"), nullable=False, index=True),
    Column("quantity", Shares, nullable=False),
    Column("price", Dollars, nullable=False),
    Column("notional", Dollars, nullable=False),
    Column("commission", Dollars, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

Index("ix_orders_status_updated_wall", orders.c.status, orders.c.updated_wall)  # those that ended lately

APPEND_ONLY = (
    "order_events",
    "fills",
    "breaker_events",
    "equity_points",
    "paper_executions",
    "audit_log",
    "checklist_sign_offs",
)
