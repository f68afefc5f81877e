"""`investiq trade`: place, list, show and cancel orders."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleGroup
from investiq.clients.session import TimedOut
from investiq.foundation import figures as fmt
from investiq.foundation.number_options import PositiveAmount, WholeNumberRange
from investiq.foundation.vocabulary import OrderStatus, OrderType, Side

if TYPE_CHECKING:
    from investiq.foundation.contract.api import Order, OrderPreview

F = TypeVar("F", bound=Callable[..., Any])

_COLUMNS = ("placed (New York)", "symbol", "side", "type", "asked", "price", "status", "reason", "id")


class _IdempotencyKey(click.ParamType[str]):
    """What an HTTP header can carry."""

    name = "key"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not 0 < len(value) <= 255 or not all("!" <= character <= "~" for character in value):
            self.fail("expected 1 to 255 visible ASCII characters without a space, such as order-17", param, ctx)
        return value


@click.group(
    cls=ExampleGroup,
    examples=(
        ("investiq trade buy AAPL --notional 5000", "buy for about 5000 dollars at the next price"),
        ("investiq trade buy AAPL --notional 5000 --dry-run", "show cost and denials without sending"),
        ("investiq trade sell AAPL --quantity 10 --limit 150", "sell ten at 150 or better"),
        ("investiq trade list --status filled --from 2008-01-02", "what was filled, from that day on"),
    ),
)
def command() -> None:
    """Place, list, show and cancel orders. Orders go through risk limits and the breaker."""


def _order_options(run: F) -> F:
    options = (
        click.argument("symbol"),
        click.option("--quantity", type=PositiveAmount(), help="Shares."),
        click.option("--notional", type=PositiveAmount(), help="Dollars, instead of shares."),
        click.option("--limit", "limit_price", type=PositiveAmount(), help="Limit price; without it a market order."),
        click.option(
            "--idempotency-key",
            type=_IdempotencyKey(),
            help="Repeat the same key to retry without a second order (default: a new key).",
        ),
        click.option("--dry-run", is_flag=True, help="Show cost and denials without sending."),
    )
    for option in reversed(options):
        run = option(run)
    return run


@command.command("buy", examples=(("investiq trade buy AAPL --quantity 10", "ten shares at the next price"),))
@_order_options
@pass_command_context
def buy(context: CommandContext, /, **order: Any) -> int:
    """Buy SYMBOL."""
    return _submit(context, Side.BUY, **order)


@command.command("sell", examples=(("investiq trade sell AAPL --quantity 10", "ten shares at the next price"),))
@_order_options
@pass_command_context
def sell(context: CommandContext, /, **order: Any) -> int:
    """Sell SYMBOL, as far as it is held."""
    return _submit(context, Side.SELL, **order)


def _submit(
    context: CommandContext,
    side: Side,
    *,
    symbol: str,
    quantity: Decimal | None,
    notional: Decimal | None,
    limit_price: Decimal | None,
    idempotency_key: str | None,
    dry_run: bool,
) -> int:
    if (quantity is None) == (notional is None):
        raise click.UsageError("give an amount: either --quantity (shares) or --notional (dollars)")
    order: dict[str, Any] = {
        "quantity": quantity,
        "notional": notional,
        "order_type": OrderType.LIMIT if limit_price else OrderType.MARKET,
        "limit_price": limit_price,
    }
    if dry_run:
        return _preview(context, symbol, side, order)
    key = idempotency_key or f"cli-{uuid.uuid4()}"
    with context.api() as client:
        try:
            submission = client.submit(symbol, side, idempotency_key=key, **order)
        except TimedOut:
            context.say(f"outcome unknown: retry with --idempotency-key {key}; it cannot place a second order")
            raise
    context.emit("investiq.order/1", {**submission.order, "replayed": submission.replayed}, *_lines(submission.order))
    if submission.denial:
        context.say(f"denied: {submission.order['message'] or submission.denial}", style="red")
        return ExitCode.REFUSED
    return ExitCode.DONE


def _preview(context: CommandContext, symbol: str, side: Side, order: dict[str, Any]) -> int:
    with context.api() as client:
        would = client.preview(symbol, side, **order)
    context.emit("investiq.order_preview/1", dict(would), *_prospects(would))
    return ExitCode.REFUSED if would["denial"] else ExitCode.DONE


@command.command("list", examples=(("investiq trade list --symbol AAPL --side sell", "every sale of AAPL"),))
@click.option("--symbol", help="Only this symbol.")
@click.option("--status", type=click.Choice([status.value for status in OrderStatus]), help="Only this status.")
@click.option("--side", type=click.Choice([side.value for side in Side]), help="Only this side.")
@click.option("--by", metavar="NAME", help="Only those that this key or person placed.")
@click.option("--from", "start", metavar="DATE", help="Placed on this day in New York or later, such as 2008-01-02.")
@click.option("--to", "end", metavar="DATE", help="Placed on this day in New York or before.")
@click.option("--limit", type=WholeNumberRange(1, 500), default=20, show_default=True, help="Orders to show.")
@click.option("--cursor", metavar="NUMBER", help="Cursor from the previous page.")
@pass_command_context
def list_orders(context: CommandContext, /, **wanted: Any) -> None:
    """List orders, newest first."""
    with context.api() as client:
        page = client.orders(**wanted)
    rows = [
        (
            fmt.market_time(order["created_at"]),
            order["symbol"],
            order["side"],
            order["order_type"],
            _asked(order),
            fmt.price(order["average_price"] or order["limit_price"]),
            order["status"],
            order["reason"] or "",
            order["id"],
        )
        for order in page["orders"]
    ]
    lines = context.table(_COLUMNS, rows) if rows else ["no orders"]
    context.emit("investiq.orders/1", dict(page), *lines)
    if page["next_cursor"]:
        context.say(f"older orders: --cursor {page['next_cursor']}")


@command.command("show", examples=(("investiq trade show ORDER", "one order with its history"),))
@click.argument("order_id", metavar="ORDER")
@pass_command_context
def show(context: CommandContext, order_id: str) -> None:
    """Show ORDER and every step of its life."""
    with context.api() as client:
        order = client.order(order_id)
    context.emit("investiq.order/1", dict(order), *_lines(order))


@command.command("cancel", examples=(("investiq trade cancel ORDER", "if it is still open"),))
@click.argument("order_id", metavar="ORDER")
@pass_command_context
def cancel(context: CommandContext, order_id: str) -> None:
    """Cancel ORDER."""
    with context.api() as client:
        order = client.cancel(order_id)
    context.emit("investiq.order/1", dict(order), *_lines(order))


def _prospects(would: OrderPreview) -> list[str]:
    price = f" at {fmt.price(would['price'])}" if would["price"] else ""
    size = f" {fmt.quantity(would['quantity'])}" if would["quantity"] else ""
    what = f"{would['side']}{size} {would['symbol']} {would['order_type']}{price}"
    verdict = f"would be denied: {would['message']}" if would["denial"] else "would be sent"
    if would["cost"] is None:
        return [f"{what}: {verdict}"]
    takes = "costs" if would["side"] == Side.BUY else "brings"
    return [
        f"{what}: {verdict}",
        f"  {takes:12}  {fmt.money(would['cost'].lstrip('-'))}, with a commission of {fmt.money(would['commission'])}",
        f"  buying power  {fmt.money(would['buying_power'])}, then {fmt.money(would['buying_power_after'])}",
        f"  position      {fmt.quantity(would['position'])}, then {fmt.quantity(would['position_after'])} shares",
    ]


def _asked(order: Order) -> str:
    return fmt.money(order["notional"]) if order["notional"] else fmt.quantity(order["quantity"])


def _lines(order: Order) -> list[str]:
    price = f" at {fmt.price(order['limit_price'])}" if order["limit_price"] else ""
    filled = (
        f", {fmt.quantity(order['filled_quantity'])} filled at {fmt.price(order['average_price'])}"
        if order["average_price"]
        else ""
    )
    what = f"{order['side']} {_asked(order)} {order['symbol']} {order['order_type']}{price}"
    steps = [
        f"  {fmt.market_time(e['at'])}  {e['status']}{'  ' + e['reason'] if e['reason'] else ''}"
        for e in order["history"]
    ]
    return [f"{order['id']}  {what}: {order['status']}{filled}", *steps]
