"""The order ticket. Pressing twice sends one order: the key that makes it one is made when the form changes."""

from __future__ import annotations

import uuid
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

import dash_mantine_components as dmc
import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from investiq.client import ClientError, Submission
from investiq.web import format as fmt
from investiq.web.elements import Children, card
from investiq.web.reading import Missing
from investiq.web.sources import Sources
from investiq.web.words import title

__all__ = ["place", "register", "ticket_card"]

_log = structlog.get_logger(__name__)


def ticket_card() -> Component:
    """The form."""
    form = [
        dcc.Store(id="ticket-key"),
        html.Div(
            [
                dmc.Select(id="ticket-symbol", label="Symbol", data=[], searchable=True, allowDeselect=False),
                _choice("ticket-side", "Side", [("buy", "Buy"), ("sell", "Sell")]),
                dmc.NumberInput(id="ticket-amount", label="Amount", min=0, thousandSeparator=",", hideControls=True),
                _choice("ticket-unit", "In", [("quantity", "Shares"), ("notional", "Dollars")]),
                _choice("ticket-type", "Type", [("market", "Market"), ("limit", "Limit")]),
                dmc.NumberInput(
                    id="ticket-limit", label="Limit price", min=0, decimalScale=4, hideControls=True, disabled=True
                ),
            ],
            className="ticket",
        ),
        dmc.Button("Send order", id="ticket-send", fullWidth=True, disabled=True),
        html.Div(id="ticket-answer", className="ticket-answer", **{"aria-live": "polite"}),
    ]
    return card("New order", form)


def _choice(identifier: str, label: str, options: list[tuple[str, str]]) -> Component:
    data = [{"value": value, "label": text} for value, text in options]
    control = dmc.SegmentedControl(id=identifier, data=data, value=options[0][0], fullWidth=True, size="sm")
    return dmc.InputWrapper(control, label=label)


def register(app: Dash, sources: Sources) -> None:
    """Keep the symbols current, check the form, send it."""
    fields = ("symbol", "side", "amount", "unit", "type", "limit")

    async def offer(_ticks: int | None, chosen: str | None) -> tuple[Any, Any]:
        symbols = await sources.symbols()
        if isinstance(symbols, Missing):
            return no_update, no_update
        names = [summary["symbol"] for summary in symbols["symbols"]]
        return names, no_update if chosen or not names else names[0]

    def check(*form: Any) -> tuple[str, bool, bool]:
        return uuid.uuid4().hex, form[4] != "limit", _fault(*form) is not None

    async def send(_clicks: int | None, key: str, *form: Any) -> tuple[Any, ...]:
        return await place(sources, key, *form)

    app.callback(
        Output("ticket-symbol", "data"),
        Output("ticket-symbol", "value"),
        Input("trading-poll", "n_intervals"),
        State("ticket-symbol", "value"),
    )(offer)
    app.callback(
        Output("ticket-key", "data", allow_duplicate=True),
        Output("ticket-limit", "disabled"),
        Output("ticket-send", "disabled"),
        *(Input(f"ticket-{field}", "value") for field in fields),
        prevent_initial_call="initial_duplicate",
    )(check)
    app.callback(
        Output("ticket-answer", "children"),
        Output("ticket-key", "data", allow_duplicate=True),
        Output("trading-changed", "data", allow_duplicate=True),
        Input("ticket-send", "n_clicks"),
        State("ticket-key", "data"),
        *(State(f"ticket-{field}", "value") for field in fields),
        prevent_initial_call=True,
        running=[(Output("ticket-send", "loading"), True, False)],
    )(send)


def _positive(value: object) -> bool:
    try:
        return Decimal(str(value)) > 0
    except InvalidOperation:
        return False


def _fault(symbol: str | None, side: str, amount: object, unit: str, kind: str, limit: object) -> str | None:
    """What the form lacks, or None. Whether the order is allowed is for the API to say."""
    if not symbol:
        return "Choose a symbol."
    if side not in ("buy", "sell") or unit not in ("quantity", "notional") or kind not in ("market", "limit"):
        return "Choose side, unit and type."
    if not _positive(amount):
        return "Enter an amount above zero."
    return "Enter a limit price above zero." if kind == "limit" and not _positive(limit) else None


async def place(
    sources: Sources, key: str, symbol: str, side: str, amount: object, unit: str, kind: str, limit: object
) -> tuple[Any, ...]:
    """Send the order: the API's answer, the next key, and a mark that something changed.

    After a doubt (no answer in time) the key stays, so that sending again asks for the same order.
    """
    if fault := _fault(symbol, side, amount, unit, kind, limit):
        return dmc.Alert(fault, color="red"), no_update, no_update
    quantity, notional = (str(amount), None) if unit == "quantity" else (None, str(amount))
    try:
        submission = await sources.client.submit(
            symbol,
            cast(Literal["buy", "sell"], side),
            idempotency_key=key,
            quantity=quantity,
            notional=notional,
            order_type=cast(Literal["market", "limit"], kind),
            limit_price=str(limit) if kind == "limit" else None,
        )
    except ClientError as error:
        _log.warning("order_failed", reason=error.reason, error=error.message)
        again = "Sending again asks for the same order, not for a second one." if error.retryable else None
        return _answer("The order was not taken", [error.message, again], "red"), no_update, no_update
    sources.forget_trading()
    return _outcome(submission), uuid.uuid4().hex, submission.order["id"]


def _outcome(submission: Submission) -> Component:
    order = submission.order
    asked = f"{fmt.quantity(order['quantity'])} shares" if order["quantity"] else fmt.money(order["notional"])
    what = f"{title(order['side'])} {asked} of {order['symbol']}"
    if submission.denial is not None:
        return _answer("Denied", [f"{what}: {order['message'] or title(submission.denial)}"], "orange")
    ends_badly = order["status"] in ("rejected", "unknown")
    news = order["message"] or "Filled at the next real price; the table below follows it."
    return _answer(title(order["status"]), [what, news], "red" if ends_badly else "teal")


def _answer(heading: str, lines: list[str | None], color: str) -> Component:
    paragraphs: list[Children] = [html.P(line) for line in lines if line]
    return dmc.Alert(paragraphs, title=heading, color=color, variant="light", role="status")
