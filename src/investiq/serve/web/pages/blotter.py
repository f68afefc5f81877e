"""The tables of positions and orders, and what may be done with a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from dash import html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import ClosedPosition, Order, Position
from investiq.foundation.vocabulary import OPEN_STATUSES
from investiq.serve.web.elements import Children, attributes, without_code
from investiq.serve.web.mantine import dmc
from investiq.serve.web.tables import Column, data_table
from investiq.serve.web.words import ORDER_TONES, title

__all__ = ["CANCEL", "NO_ORDERS", "SELL", "orders_table", "positions_table"]

CANCEL, SELL = "order-cancel", "position-sell"
"""Kinds of buttons in rows."""

NO_ORDERS = "No orders yet: the agent checks each symbol once a session"


@dataclass(frozen=True, slots=True)
class _Holding:
    """What is held of a symbol, or what became of one that was sold out."""

    symbol: str
    realised: Position | ClosedPosition
    held: Position | None = None


def positions_table(held: Sequence[Position], closed: Sequence[ClosedPosition], may_trade: bool) -> Component:
    """What is held, and then what was sold out: together their realised profit is that of the account."""
    rows = [_Holding(position["symbol"], position, position) for position in held]
    rows += [_Holding(position["symbol"], position) for position in closed]
    columns = [*_POSITION_COLUMNS, Column("", _sell)] if may_trade and held else _POSITION_COLUMNS
    return data_table(columns, rows, key=lambda row: row.symbol, label="Positions", empty_text="No open positions")


def orders_table(orders: Sequence[Order], may_trade: bool, *, nothing: str = NO_ORDERS) -> Component:
    """Orders, newest first, each with why it was denied or what the broker said; `nothing` says why there are none."""
    open_ones = may_trade and any(order["status"] in OPEN_STATUSES for order in orders)
    columns = [*_ORDER_COLUMNS, Column("", _cancel)] if open_ones else _ORDER_COLUMNS
    return data_table(columns, orders, key=lambda order: order["id"], label="Orders", empty_text=nothing)


def _signed(value: str | None) -> Children:
    return html.Span(fmt.signed_money(value), className=fmt.tone(value))


def _unrealised(row: _Holding) -> Children:
    return _signed(row.held["unrealised_pnl"]) if row.held else None


def _realised(row: _Holding) -> Children:
    of = row.realised
    before, paid = fmt.signed_money(of["realised_pnl"]), fmt.money(of["commission_paid"])
    return html.Span(_signed(of["net_realised_pnl"]), title=f"{before} before {paid} commission")


def _price(row: _Holding) -> Children:
    return fmt.price(row.held["market_price"]) if row.held else None


def _sell(row: _Holding) -> Children:
    if row.held is None or Decimal(row.held["quantity"]) <= 0:
        return None
    place = {"kind": SELL, "symbol": row.symbol, "quantity": row.held["quantity"]}
    # A link: it leads to the ticket, which a phone shows elsewhere.
    label = attributes(aria_label=f"Sell {row.symbol}: fills in the order")
    return html.A("Sell…", href="#ticket", id=place, className="row-link", **label)


_POSITION_COLUMNS: Sequence[Column[_Holding]] = (
    Column("Symbol", lambda row: row.symbol, head=True),
    Column("Shares", lambda row: fmt.quantity(row.held["quantity"]) if row.held else "closed", number=True),
    Column("Paid", lambda row: fmt.price(row.held["average_price"]) if row.held else None, number=True, rank=2),
    Column("Price", _price, number=True),
    Column("Value", lambda row: fmt.money(row.held["market_value"]) if row.held else None, number=True),
    Column("Unrealised", _unrealised, number=True),
    Column("Realised", _realised, number=True, rank=2),
)


def _asked(order: Order) -> str:
    return fmt.money(order["notional"]) if order["notional"] else f"{fmt.quantity(order['quantity'])} sh."


def _kind(order: Order) -> str:
    limit = f" at {fmt.price(order['limit_price'])}" if order["limit_price"] else ""
    return f"{title(order['order_type'])}{limit}"


def _status(order: Order) -> Children:
    return html.Span(title(order["status"]), className=f"tone-{ORDER_TONES.get(order['status'], 'plain')}")


def _filled(order: Order) -> Children:
    if not order["average_price"]:
        return None
    return f"{fmt.quantity(order['filled_quantity'])} at {fmt.price(order['average_price'])}"


def _commission(order: Order) -> Children:
    return fmt.money(order["commission"]) if order["average_price"] else None


def _identity(order: Order) -> Children:
    return html.Code(f"{order['id'][:8]}", title=order["id"])


def _cancel(order: Order) -> Children:
    if order["status"] not in OPEN_STATUSES:
        return None
    what = f"{title(order['side']).lower()} {_asked(order)} of {order['symbol']}"
    place, label = {"kind": CANCEL, "order": order["id"]}, attributes(aria_label=f"Cancel the order to {what}")
    button: Component = dmc.Button("Cancel", id=place, variant="default", size="compact-sm", **label)
    return button


_ORDER_COLUMNS: Sequence[Column[Order]] = (
    Column("Placed, New York", lambda order: fmt.market_time(order["created_at"]), head=True),
    Column("Symbol", lambda order: html.Strong(order["symbol"])),
    Column("Side", lambda order: title(order["side"])),
    Column("Asked", _asked, number=True),
    Column("Type", _kind, rank=2),
    Column("Status", _status),
    Column("Filled", _filled, number=True),
    Column("Why", lambda order: without_code(order["message"] or title(order["reason"])), long=True),
    Column("Commission", _commission, number=True, rank=3),
    Column("By", lambda order: order["created_by"], rank=2),
    Column("Order", _identity, rank=3),
)
