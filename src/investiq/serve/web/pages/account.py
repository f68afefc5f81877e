"""The figures of the account."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import Account
from investiq.serve.web.elements import figure

__all__ = ["account_figures"]


def account_figures(account: Account) -> Component:
    """Money at a glance; what depends on a missing price is a dash, and the symbols without a price are named."""
    unpriced = account["unpriced"]
    hint = f"no price: {', '.join(unpriced)}" if unpriced else None
    exposure = _share(account["exposure"], account["equity"])
    return html.Dl(
        [
            figure(
                "Equity", fmt.money(account["equity"]), note=hint or f"highest {fmt.money(account['high_water_mark'])}"
            ),
            figure("Cash", fmt.money(account["cash"]), note=f"buying power {fmt.money(account['buying_power'])}"),
            figure("In positions", fmt.money(account["exposure"]), note=exposure),
            figure(
                "This session",
                fmt.signed_money(account["day_pnl"]),
                tone=fmt.tone(account["day_pnl"]),
                note="P&L",
            ),
            figure(
                "Unrealised",
                fmt.signed_money(account["unrealised_pnl"]),
                tone=fmt.tone(account["unrealised_pnl"]),
                note="on open positions",
            ),
            figure(
                "Realised",
                fmt.signed_money(account["net_realised_pnl"]),
                tone=fmt.tone(account["net_realised_pnl"]),
                note=f"after {fmt.money(account['commission_paid'])} commission",
            ),
            figure("Drawdown", fmt.percent(account["drawdown"], 2), note="below the all-time high"),
            _total_return(account),
        ],
        className="figures",
    )


def _total_return(account: Account) -> Component:
    share = fmt.total_return(account["equity"], account["initial_cash"])
    note = f"of {fmt.money(account['initial_cash'])} at the start"
    return figure("Total return", fmt.percent(share, 2, plus=True), tone=fmt.tone(share, 4), note=note)


def _share(part: str | None, whole: str | None) -> str | None:
    if part is None or whole is None or float(whole) <= 0:
        return None
    return f"{fmt.percent(float(part) / float(whole))} of equity"
