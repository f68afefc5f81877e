"""What the order in the ticket would do, asked of the API before it is sent."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from investiq.clients.session import ClientError
from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import OrderPreview
from investiq.foundation.vocabulary import Side
from investiq.serve.web.changes import Actor
from investiq.serve.web.elements import Children

__all__ = ["preview_list", "would_do"]


async def would_do(actor: Actor, order: dict[str, Any]) -> Children:
    """What the API says of an order; nothing while it does not answer, which the header tells."""
    try:
        return preview_list(await actor.client.preview(**order))
    except ClientError as error:
        refused = error.reason == "refused"
        return html.P(error.message, className="preview-denied") if refused else None


def preview_list(would: OrderPreview) -> Component:
    """Price, cost and what is left; first of all, whether it would be denied."""
    denial = html.P(["Would be denied: ", would["message"]], className="preview-denied") if would["denial"] else None
    rows = [row for row in (_price(would), _cost(would), _power(would), _position(would)) if row]
    return html.Div([denial, html.Dl([part for row in rows for part in row], className="order-preview")])


def _row(label: str, value: str, note: str = "") -> tuple[Component, Component]:
    return html.Dt(label), html.Dd([value, html.Span(note, className="muted small") if note else None])


def _price(would: OrderPreview) -> tuple[Component, Component] | None:
    if would["last_price"] is None:
        return None
    return _row("Last price", fmt.price(would["last_price"]), f" {fmt.market_time(would['last_price_at'])}")


def _cost(would: OrderPreview) -> tuple[Component, Component] | None:
    if would["cost"] is None:
        return None
    label = "Estimated cost" if would["side"] == Side.BUY else "Estimated proceeds"
    commission = f" with {fmt.money(would['commission'])} commission"
    return _row(label, fmt.money(would["cost"].lstrip("-")), commission)


def _power(would: OrderPreview) -> tuple[Component, Component] | None:
    if would["buying_power_after"] is None:
        return None
    return _row("Buying power", f"{fmt.money(would['buying_power'])} → {fmt.money(would['buying_power_after'])}")


def _position(would: OrderPreview) -> tuple[Component, Component] | None:
    if would["position_after"] is None:
        return None
    return _row("Position", f"{fmt.quantity(would['position'])} → {fmt.quantity(would['position_after'])} shares")
