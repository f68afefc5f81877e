"""`investiq cost`: what running InvestIQ costs in a month, and what it will at this pace."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand

if TYPE_CHECKING:
    from investiq.operate.cost.bill import Bill

_COLUMNS = ("what", "counted", "price", "cost")


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq cost", "this month so far, and what it will cost at this pace"),
        ("investiq cost --month 2026-10", "another month, as long as its metrics are kept"),
    ),
)
@click.option("--month", metavar="YYYY-MM", help="Month in UTC. Default: this one.")
@pass_command_context
def command(context: CommandContext, month: str | None) -> int:
    """Say what provider calls, notifications and kept metrics cost, by the prices under [cost].

    Exit code 3: the month costs more than its budget, or will at this pace. Commissions and spread are in the account
    (`investiq positions`): they lower its equity.
    """
    from investiq.cli.answers import answered  # noqa: PLC0415  loads the clients
    from investiq.operate.cost.bill import document  # noqa: PLC0415
    from investiq.operate.cost.usage import read_bill  # noqa: PLC0415

    found = answered(read_bill(context.loaded.config, month))
    rows = [
        (line.what, _counted(line.quantity, line.unit), _price(line.price), _money(line.cost, found.currency))
        for line in found.lines
    ]
    context.emit("investiq.cost/1", document(found), *context.table(_COLUMNS, rows), *_sums(found))
    return ExitCode.FINDINGS if found.exceeds else ExitCode.DONE


def _sums(found: Bill) -> Iterator[str]:
    yield f"{found.month}: spent {_money(found.spent, found.currency)}; {found.watched:.1%} of the month was watched"
    if found.forecast is not None:
        yield f"the whole month at this pace: {_money(found.forecast, found.currency)}"
    if found.budget is not None:
        yield f"budget: {_money(found.budget, found.currency)}{', exceeded at this pace' if found.exceeds else ''}"
    if found.not_priced:
        yield f"not priced, so in no sum: set {', '.join(line.setting for line in found.not_priced)}"


def _counted(quantity: float | None, unit: str) -> str:
    if quantity is None:
        return "not counted"
    return f"{quantity:,.{0 if quantity >= 1 or not quantity else 3}f} {unit}"


def _price(price: Decimal | None) -> str:
    return "not priced" if price is None else f"{price:f}"


def _money(money: Decimal | None, currency: str) -> str:
    return "not priced" if money is None else f"{money:,.2f} {currency}"
