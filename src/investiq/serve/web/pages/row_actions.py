"""The buttons in the rows of positions and orders: one fills in the ticket, one takes an open order back."""

from __future__ import annotations

import structlog
from dash import ALL, Dash, Input, Output, ctx
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from investiq.clients.session import ClientError
from investiq.foundation import figures as fmt
from investiq.foundation.vocabulary import Access, OrderStatus, OrderType, Side
from investiq.serve.web.changes import Actor, Changes
from investiq.serve.web.elements import Children, notice, paragraph
from investiq.serve.web.pages.blotter import CANCEL, SELL
from investiq.serve.web.sources import Sources
from investiq.serve.web.words import title

__all__ = ["cancel", "register"]

_log = structlog.get_logger(__name__)


def register(app: Dash, sources: Sources, changes: Changes) -> None:
    """Connect the buttons."""

    def fill_in(clicks: list[int | None]) -> tuple[str, ...]:
        if not _pressed(clicks):
            raise PreventUpdate
        pressed = ctx.triggered_id
        quantity = fmt.quantity(pressed["quantity"]).replace(",", "")
        return pressed["symbol"], Side.SELL.value, quantity, "quantity", OrderType.MARKET.value

    async def take_back(actor: Actor, _clicks: list[int | None]) -> Children:
        return await cancel(sources, actor, str(ctx.triggered_id["order"]))

    app.callback(
        *(Output(f"ticket-{field}", "value", allow_duplicate=True) for field in _FILLED_IN),
        Input({"kind": SELL, "symbol": ALL, "quantity": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )(fill_in)
    changes.callback(
        app,
        Output("orders-answer", "children"),
        Input({"kind": CANCEL, "order": ALL}, "n_clicks"),
        needs=Access.TRADE,
        to="cancel orders",
        refused=lambda why: why,
        asked=_pressed,
        prevent_initial_call=True,
    )(take_back)


_FILLED_IN = ("symbol", "side", "amount", "unit", "type")


def _pressed(clicks: list[int | None]) -> bool:
    # Buttons that are drawn anew come here too, without a click.
    return any(clicks) and isinstance(ctx.triggered_id, dict) and bool(ctx.triggered[0]["value"])


async def cancel(sources: Sources, actor: Actor, order_id: str) -> Component:
    """Take an open order back: what came of it. The next look at the orders shows it."""
    try:
        order = await actor.client.cancel(order_id)
    except ClientError as error:
        _log.warning("cancel_failed", order=order_id, reason=error.reason, error=error.message)
        return notice("Not cancelled", [paragraph(error.message)], "red")
    finally:
        sources.forget_trading()
    done = order["status"] == OrderStatus.CANCELLED
    words = f"{title(order['side'])} {order['symbol']}, order {order['id']}."
    return notice(title(order["status"]), [words], "teal" if done else "orange")
