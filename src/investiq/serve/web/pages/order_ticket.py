"""The order ticket. Pressing twice sends one order: the key that makes it one is made when the form changes."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any, NamedTuple

import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from investiq.clients.api import Submission
from investiq.clients.session import ClientError
from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import Order
from investiq.foundation.numbers import MalformedNumber, parse_number
from investiq.foundation.vocabulary import OPEN_STATUSES, Access, OrderStatus, OrderType, Side
from investiq.serve.web.changes import Actor, Changes
from investiq.serve.web.elements import Children, attributes, card, notice
from investiq.serve.web.mantine import dmc
from investiq.serve.web.pages.order_preview import would_do
from investiq.serve.web.permission import SESSION, Shown, may, who_may
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources
from investiq.serve.web.words import title

__all__ = ["Ticket", "asked", "place", "register", "ticket_card"]

_log = structlog.get_logger(__name__)


def ticket_card() -> Component:
    """The form."""
    form = [
        dcc.Store(id="ticket-key"),
        html.Div(
            [
                dmc.Select(id="ticket-symbol", label="Symbol", data=[], searchable=True, allowDeselect=False),
                _choice("ticket-side", "Side", [(side.value, title(side)) for side in Side]),
                _number("ticket-amount", "Amount"),
                _choice("ticket-unit", "In", [("quantity", "Shares"), ("notional", "Dollars")]),
                _choice("ticket-type", "Type", [(kind.value, title(kind)) for kind in OrderType]),
                _number("ticket-limit", "Limit price", disabled=True),
            ],
            className="ticket",
        ),
        html.Div(id="ticket-permission"),
        html.Div(id="ticket-preview", className="ticket-preview", **attributes(aria_live="polite")),
        dmc.Button("Send order", id="ticket-send", fullWidth=True, disabled=True),
        html.Div(id="ticket-answer", className="ticket-answer", **attributes(aria_live="polite")),
    ]
    return card("New order", form, id="ticket")


def _number(identifier: str, label: str, *, disabled: bool = False) -> Component:
    # Text: a NumberInput drops what it does not understand, and sends 15 for 1e5.
    keyboard = {"inputMode": "decimal", "autoComplete": "off"}
    field: Component = dmc.TextInput(id=identifier, label=label, value="", disabled=disabled, inputProps=keyboard)
    return field


def _choice(identifier: str, label: str, options: list[tuple[str, str]]) -> Component:
    data = [{"value": value, "label": text} for value, text in options]
    # The label of the wrapper is only beside it: a radio group needs its own.
    named = attributes(aria_label=label if label != "In" else "Shares or dollars")
    control = dmc.SegmentedControl(id=identifier, data=data, value=options[0][0], fullWidth=True, size="sm", **named)
    field: Component = dmc.InputWrapper(control, label=label)
    return field


class Ticket(NamedTuple):
    """What the form holds, in the order of its fields; nothing of it is checked yet."""

    symbol: str | None
    side: str
    amount: object
    unit: str
    type: str
    limit: object

    def fault(self) -> str | None:
        """What the form lacks, or None. Whether the order is allowed is for the API to say."""
        if not self.symbol:
            return "Choose a symbol."
        chosen = self.side in tuple(Side) and self.unit in ("quantity", "notional")
        if not chosen or self.type not in tuple(OrderType):
            return "Choose side, unit and type."
        if fault := _fault_of(self.amount):
            return f"Amount: {fault}"
        if self.type == OrderType.LIMIT and (fault := _fault_of(self.limit)):
            return f"Limit price: {fault}"
        return None

    def order(self) -> dict[str, Any]:
        """What the API is asked for; of a form without a fault."""
        shares, amount = self.unit == "quantity", _positive(self.amount)
        return {
            "symbol": str(self.symbol),
            "side": Side(self.side),
            "quantity": amount if shares else None,
            "notional": None if shares else amount,
            "order_type": OrderType(self.type),
            "limit_price": _positive(self.limit) if self.type == OrderType.LIMIT else None,
        }

    def field_faults(self) -> tuple[str | None, str | None]:
        """What is wrong with amount and limit price, as far as they are typed."""
        limit = self.limit if self.type == OrderType.LIMIT else None
        amount_fault, limit_fault = (_fault_of(typed) if typed else None for typed in (self.amount, limit))
        return amount_fault, limit_fault


def register(app: Dash, sources: Sources, changes: Changes) -> None:
    """Keep the symbols current, check the form, send it."""

    async def offer(_ticks: int | None, chosen: str | None) -> tuple[Any, Any]:
        symbols = await sources.symbols()
        if isinstance(symbols, SourceUnavailable):
            return no_update, no_update
        names = [summary["symbol"] for summary in symbols["symbols"]]
        return names, no_update if chosen or not names else names[0]

    def check(*form: Any) -> tuple[Any, ...]:
        ticket = Ticket(*form)
        return uuid.uuid4().hex, ticket.type != OrderType.LIMIT, *ticket.field_faults(), None

    def enable(session: Shown, *form: Any) -> tuple[bool, Children]:
        dead = Ticket(*form).fault() is not None or not may(session, Access.TRADE)
        return dead, who_may(session, Access.TRADE, "send orders", "/trading")

    async def show(actor: Actor, _key: str | None, _ticks: int | None, _session: Shown, *form: Any) -> Children:
        return await would_do(actor, Ticket(*form).order())

    async def send(
        actor: Actor, _clicks: int | None, _in_amount: int | None, _in_limit: int | None, key: str, *form: Any
    ) -> tuple[Any, ...]:
        return await place(sources, actor, key, Ticket(*form))

    app.callback(
        Output("ticket-symbol", "data"),
        Output("ticket-symbol", "value"),
        Input("trading-poll", "n_intervals"),
        State("ticket-symbol", "value"),
    )(offer)
    app.callback(
        Output("ticket-key", "data", allow_duplicate=True),
        Output("ticket-limit", "disabled"),
        Output("ticket-amount", "error"),
        Output("ticket-limit", "error"),
        Output("ticket-preview", "children", allow_duplicate=True),
        *(Input(f"ticket-{field}", "value") for field in Ticket._fields),
        prevent_initial_call="initial_duplicate",
    )(check)
    app.callback(
        Output("ticket-send", "disabled"),
        Output("ticket-permission", "children"),
        Input(SESSION, "data"),
        *(Input(f"ticket-{field}", "value") for field in Ticket._fields),
    )(enable)
    changes.callback(
        app,
        Output("ticket-preview", "children"),
        Input("ticket-key", "data"),  # new with each change of the form, after the last preview was taken away
        Input("trading-poll", "n_intervals"),
        State(SESSION, "data"),
        *(State(f"ticket-{field}", "value") for field in Ticket._fields),
        needs=Access.TRADE,
        to="send orders",
        refused=lambda why: why,
        asked=lambda _key, _ticks, session, *form: may(session, Access.TRADE) and not Ticket(*form).fault(),
    )(show)
    changes.callback(
        app,
        Output("ticket-answer", "children"),
        Output("ticket-key", "data", allow_duplicate=True),
        Output("trading-changed", "data", allow_duplicate=True),
        Input("ticket-send", "n_clicks"),
        Input("ticket-amount", "n_submit"),
        Input("ticket-limit", "n_submit"),
        State("ticket-key", "data"),
        *(State(f"ticket-{field}", "value") for field in Ticket._fields),
        needs=Access.TRADE,
        to="send orders",
        refused=lambda why: (why, no_update, no_update),
        prevent_initial_call=True,
        running=[(Output("ticket-send", "loading"), True, False)],
    )(send)


def _positive(typed: object) -> Decimal:
    number = parse_number(typed) if isinstance(typed, str) and typed else Decimal(0)
    if number <= 0:
        raise MalformedNumber("enter a number above zero")
    return number


def _fault_of(typed: object) -> str | None:
    try:
        _positive(typed)
    except MalformedNumber as error:
        return error.message
    return None


async def place(sources: Sources, actor: Actor, key: str, ticket: Ticket) -> tuple[Any, ...]:
    """Send the order: the API's answer, the next key, and a mark that something changed.

    After a doubt (no answer in time) the key stays, so that sending again asks for the same order.
    """
    if fault := ticket.fault():
        return notice("Not sent", [fault], "red"), no_update, no_update
    try:
        submission = await actor.client.submit(**ticket.order(), idempotency_key=key)
    except ClientError as error:
        _log.warning("order_failed", reason=error.reason, error=error.message)
        again = "Sending again cannot place a second order." if error.retryable else None
        return notice("Order not accepted", [error.message, again], "red"), no_update, no_update
    sources.forget_trading()
    return _outcome(submission), uuid.uuid4().hex, submission.order["id"]


def _outcome(submission: Submission) -> Component:
    order = submission.order
    what = f"{title(order['side'])} {asked(order)} of {order['symbol']}, {_kind(order)}"
    taken = f"{fmt.market_time(order['created_at'])} New York. Order {order['id']}"
    again = "Already placed: nothing new was sent." if submission.replayed else None
    if submission.denial is not None:
        return notice("Denied", [f"{what}: {order['message'] or title(submission.denial)}", taken, again], "orange")
    ends_badly = order["status"] in (OrderStatus.REJECTED, OrderStatus.UNKNOWN)
    color = "red" if ends_badly else "teal"
    return notice(title(order["status"]), [f"{what}.", order["message"] or _prospect(order), taken, again], color)


def asked(order: Order) -> str:
    """How much an order is for, in dollars or shares."""
    return fmt.money(order["notional"]) if order["notional"] else f"{fmt.quantity(order['quantity'])} shares"


def _kind(order: Order) -> str:
    return f"limit {fmt.price(order['limit_price'])}" if order["limit_price"] else "at the market"


def _prospect(order: Order) -> str | None:
    """What has become of the order, or what it waits for."""
    if order["average_price"]:
        return f"{fmt.quantity(order['filled_quantity'])} shares filled at {fmt.price(order['average_price'])}."
    if order["status"] == OrderStatus.UNKNOWN:
        return "The broker has not answered. The order is being looked up; it is never sent twice."
    if order["status"] not in OPEN_STATUSES:
        return None
    if not order["limit_price"]:
        return "Fills at the next price."
    beyond = "lower" if order["side"] == Side.BUY else "higher"
    return f"Fills when the price is {fmt.price(order['limit_price'])} or {beyond}, after costs."
