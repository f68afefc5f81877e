"""Columns and rows of the tables of positions and orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import ClosedPosition, Order, Position
from investiq.serve.web.elements import without_code
from investiq.serve.web.words import ORDER_TONES, title

__all__ = ["ORDER_COLUMNS", "POSITION_COLUMNS", "order_rows", "position_rows"]


def _money_column(field: str, name: str, *, signed: bool = False, width: int = 110) -> dict[str, Any]:
    column: dict[str, Any] = {
        "field": field,
        "headerName": name,
        "type": "rightAligned",
        "width": width,
        "minWidth": width,
        "valueFormatter": {"function": f"investiqMoney(params.value, {str(signed).lower()})"},
    }
    if signed:
        column["cellClassRules"] = {"tone-good": "params.value > 0", "tone-bad": "params.value < 0"}
    return column


def _shares_column(field: str, name: str, width: int = 90) -> dict[str, Any]:
    formatter = {"function": "investiqShares(params.value)"}
    return {
        "field": field,
        "headerName": name,
        "type": "rightAligned",
        "width": width,
        "minWidth": width,
        "valueFormatter": formatter,
    }


_OF_SHARES: Final = ("quantity", "average_price", "market_price", "market_value", "unrealised_pnl")

POSITION_COLUMNS: Sequence[dict[str, Any]] = (
    {"field": "symbol", "headerName": "Symbol", "width": 90, "cellClass": "strong"},
    _shares_column("quantity", "Shares"),
    _money_column("average_price", "Paid", width=95),
    _money_column("market_price", "Price", width=95),
    _money_column("market_value", "Value"),
    _money_column("unrealised_pnl", "Unrealised", signed=True),
    _money_column("realised", "Realised", signed=True) | {"tooltipField": "realised_words"},
)

# What an order is and what became of it comes first, as wide as its words: on a narrow screen the rest is reached
# by scrolling, and nothing of it is cut.
ORDER_COLUMNS: Sequence[dict[str, Any]] = (
    {
        "field": "at",
        "headerName": "Market time, New York",
        "width": 185,
        "minWidth": 185,
        "sort": "desc",
        "valueFormatter": {"function": "params.data.at_words"},
    },
    {"field": "symbol", "headerName": "Symbol", "width": 75, "cellClass": "strong"},
    {"field": "side", "headerName": "Side", "width": 65, "minWidth": 60},
    {"field": "asked", "headerName": "Asked", "width": 105, "minWidth": 95, "type": "rightAligned"},
    {"field": "kind", "headerName": "Type", "width": 125, "minWidth": 120},
    {
        "field": "status",
        "headerName": "Status",
        "width": 125,
        "minWidth": 85,
        "cellClassRules": {f"tone-{tone}": f"params.data.tone == '{tone}'" for tone in ("good", "warn", "bad")},
    },
    _shares_column("filled", "Filled", width=75),
    _money_column("average_price", "At", width=80),
    {"field": "why", "headerName": "Why", "minWidth": 180, "flex": 1, "tooltipField": "why"},
    _money_column("commission", "Commission", width=105),
    {"field": "by", "headerName": "By", "width": 110, "minWidth": 110},
    {"field": "id", "headerName": "Order", "width": 100, "minWidth": 90, "tooltipField": "id"},
)


def position_rows(held: Sequence[Position], closed: Sequence[ClosedPosition]) -> list[dict[str, Any]]:
    """What is held, and then what was sold out: together their realised profit is that of the account."""
    rows = [{name: _number(position[name]) for name in _OF_SHARES} | _realised(position) for position in held]
    return rows + [{"quantity": 0.0} | _realised(position) for position in closed]


def _realised(position: Position | ClosedPosition) -> dict[str, Any]:
    before, paid = fmt.signed_money(position["realised_pnl"]), fmt.money(position["commission_paid"])
    return {
        "symbol": position["symbol"],
        "realised": _number(position["net_realised_pnl"]),
        "realised_words": f"{before} before {paid} commission",
    }


def order_rows(orders: Sequence[Order]) -> list[dict[str, Any]]:
    """Orders as rows; `why` is the rule that denied, or what the broker said."""
    return [_order_row(order) for order in orders]


def _order_row(order: Order) -> dict[str, Any]:
    limit = f" at {fmt.price(order['limit_price'])}" if order["limit_price"] else ""
    asked = fmt.money(order["notional"]) if order["notional"] else f"{fmt.quantity(order['quantity'])} sh."
    return {
        "id": order["id"],
        "at": order["created_at"],
        "at_words": fmt.market_time(order["created_at"]),
        "symbol": order["symbol"],
        "side": title(order["side"]),
        "asked": asked,
        "kind": f"{title(order['order_type'])}{limit}",
        "status": title(order["status"]),
        "tone": ORDER_TONES.get(order["status"], "plain"),
        "filled": _number(order["filled_quantity"]),
        "average_price": _number(order["average_price"]),
        "commission": _number(order["commission"]),
        "by": order["created_by"],
        "why": without_code(order["message"] or title(order["reason"])),
    }


def _number(value: Any) -> float | None:
    """For sorting and for the eye only: what is reckoned with stays decimal in the API."""
    return None if value is None else float(value)
