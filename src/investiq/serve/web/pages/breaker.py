"""The breaker: its state and limits, and halting and resuming, each with a reason and a preview of what it will do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import structlog
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from investiq.clients.session import ClientError
from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import Monitoring, Order, TradingStatus
from investiq.foundation.vocabulary import Access, HeartbeatState
from investiq.serve.web.changes import Actor, Changes
from investiq.serve.web.elements import Children, card, chip, notice, with_code, without_code
from investiq.serve.web.mantine import dmc
from investiq.serve.web.pages.order_ticket import asked
from investiq.serve.web.permission import SESSION, Shown, may, who_may
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources
from investiq.serve.web.words import HEARTBEATS, why_halted

__all__ = ["breaker_card", "buttons", "enabled", "modal", "preview", "register"]

_log = structlog.get_logger(__name__)

Change = Literal["halt", "resume"]
_LEAST_REASON = 3


def buttons() -> Component:
    """The two buttons; only the one that would change something can be pressed."""
    both = [
        dmc.Button("Halt trading…", id="halt", color="red.8", variant="filled", size="sm", disabled=True),
        dmc.Button("Resume trading…", id="resume", variant="filled", size="sm", disabled=True),
    ]
    return html.Div(
        [html.Div(both, className="buttons"), html.Div(id="breaker-permission")], className="breaker-buttons"
    )


def modal() -> Component:
    """Asks for the reason and says what will happen."""
    return html.Div(
        [
            dcc.Store(id="change"),
            dcc.Store(id="trading-changed"),
            dmc.Modal(
                [
                    html.Div(id="change-preview"),
                    dmc.Textarea(
                        id="change-reason",
                        label="Reason",
                        description="Recorded in the ledger.",
                        required=True,
                        autosize=True,
                        minRows=2,
                    ),
                    html.Div(id="change-failure"),
                    html.Div(
                        [
                            dmc.Button("Cancel", id="change-cancel", variant="default"),
                            dmc.Button("Confirm", id="change-confirm", disabled=True),
                        ],
                        className="buttons modal-buttons",
                    ),
                ],
                id="change-modal",
                title="Change",
                closeButtonProps={"aria-label": "Close without changes"},
                centered=True,
                size="md",
            ),
        ]
    )


def breaker_card(status: TradingStatus) -> Component:
    """Whether trading is halted, why, since when and by whom, and how far the limits are."""
    state = chip("Halted", "bad") if status["halted"] else chip("Not halted", "good")
    body = [
        _halt(status) if status["halted"] else html.P("Entries and exits allowed.", className="muted"),
        _limit("Session loss", status["day_loss"], status["daily_loss_limit"], status["day_loss_from"]),
        _limit("Loss from peak", status["drawdown"], status["drawdown_limit"], status["drawdown_from"]),
        _monitoring(status["monitoring"]),
        html.P(
            "Trading halts when a limit is reached or the heartbeat is lost, until somebody resumes it; exits "
            "stay allowed. A resume resets both measures to current equity; the account's own figures do not change.",
            className="muted small",
        ),
    ]
    return card("Breaker", body, aside=state, id="breaker-card")


def _halt(status: TradingStatus) -> Component:
    rows: list[tuple[str, Children]] = [
        ("Why", why_halted(status["reason"], status["monitoring"]["heartbeat"])),
        ("Note", with_code(status["note"] or fmt.MISSING)),
        ("By", status["by"] or "the breaker"),
        ("Since", f"{fmt.market_time(status['since'])} New York (market time)"),
        ("", f"{fmt.clock_time(status['since_wall'])} (real time)"),
    ]
    return html.Dl([html.Div([html.Dt(n), html.Dd(v)], className="metric") for n, v in rows], className="metrics")


def _limit(label: str, now: str | None, limit: str, start: str | None) -> Component:
    used = None if now is None else max(0.0, float(now)) / float(limit)
    width = 0.0 if used is None else min(1.0, used) * 100
    tone = "bar-bad" if (used or 0) >= 1 else "bar-warn" if (used or 0) >= 0.6 else ""
    words: list[Component | str] = [
        html.Strong(fmt.percent(fmt.cut(now, 4), 2)),
        f" of {fmt.percent(limit, 2)} allowed",
    ]
    return html.Div(
        [
            html.Div([html.Span(label), html.Span(words)], className="meter-head"),
            html.Div(html.I(style={"width": f"{width:.1f}%"}, className=tone), className="meter-track"),
            html.Div(f"counted from {fmt.money(start)}" if start else "", className="meter-note"),
        ],
        className="meter",
    )


def _monitoring(monitoring: Monitoring) -> Component:
    tone, word = HEARTBEATS[monitoring["heartbeat"]]
    age = f", {fmt.age(monitoring['age_seconds'])} old" if monitoring["age_seconds"] is not None else ""
    return html.Div(
        [html.Span("Monitoring heartbeat"), html.Span([chip(word, tone), age])],
        className="meter-head",
        title=without_code(monitoring["note"]),
        id="monitoring-heartbeat",
    )


def register(app: Dash, sources: Sources, changes: Changes) -> None:
    """Open the dialogue, and send what is confirmed."""

    async def enable(_ticks: int | None, _changed: str | None, session: Shown) -> tuple[bool, bool, Children]:
        return enabled(await sources.status(), session)

    async def ask(_halt: int | None, _resume: int | None) -> tuple[Any, ...]:
        change: Change = "resume" if ctx.triggered_id == "resume" else "halt"
        label, color = ("Resume trading", "indigo") if change == "resume" else ("Halt trading", "red.8")
        return True, label, await preview(sources, change), change, label, color, "", None

    async def confirm(actor: Actor, _clicks: int | None, change: Change, reason: str) -> tuple[Any, ...]:
        return await decide(sources, actor, change, reason or "")

    def allow(reason: str | None) -> bool:
        return len((reason or "").strip()) < _LEAST_REASON

    app.callback(
        Output("halt", "disabled"),
        Output("resume", "disabled"),
        Output("breaker-permission", "children"),
        Input("trading-poll", "n_intervals"),
        Input("trading-changed", "data"),
        Input(SESSION, "data"),
    )(enable)
    app.callback(
        Output("change-modal", "opened", allow_duplicate=True),
        Output("change-modal", "title"),
        Output("change-preview", "children"),
        Output("change", "data"),
        Output("change-confirm", "children"),
        Output("change-confirm", "color"),
        Output("change-reason", "value"),
        Output("change-failure", "children", allow_duplicate=True),
        Input("halt", "n_clicks"),
        Input("resume", "n_clicks"),
        prevent_initial_call=True,
    )(ask)
    app.callback(Output("change-confirm", "disabled"), Input("change-reason", "value"))(allow)
    changes.callback(
        app,
        Output("change-modal", "opened", allow_duplicate=True),
        Output("change-failure", "children", allow_duplicate=True),
        Output("trading-changed", "data", allow_duplicate=True),
        Input("change-confirm", "n_clicks"),
        State("change", "data"),
        State("change-reason", "value"),
        needs=Access.TRADE,
        to="halt or resume trading",
        refused=lambda why: (True, why, no_update),
        prevent_initial_call=True,
        running=[(Output("change-confirm", "loading"), True, False)],
    )(confirm)
    app.callback(
        Output("change-modal", "opened", allow_duplicate=True),
        Input("change-cancel", "n_clicks"),
        prevent_initial_call=True,
    )(lambda _clicks: False)


def enabled(status: TradingStatus | SourceUnavailable, session: Shown) -> tuple[bool, bool, Children]:
    """Whether halt and resume are dead, and why for want of a login."""
    if isinstance(status, SourceUnavailable):
        return True, True, None
    halted = status["halted"]
    needed, to = (Access.ADMIN, "resume trading") if halted else (Access.TRADE, "halt trading")
    dead = not may(session, needed)
    return dead or halted, dead or not halted, who_may(session, needed, to, "/trading")


async def preview(sources: Sources, change: Change) -> Children:
    """What the change will do, with the numbers of this moment."""
    lines = await (_halt_lines(sources) if change == "halt" else _resume_lines(sources))
    told = [with_code(line) if isinstance(line, str) else line for line in lines if line]
    return html.Ul([html.Li(line) for line in told], className="preview")


async def _halt_lines(sources: Sources) -> list[Children]:
    would = await sources.halt_preview()
    denied = "All new entries are denied, yours and the agent's, until somebody resumes."
    if isinstance(would, SourceUnavailable):
        unknown = "Open buy orders are cancelled; open sell orders and positions stay. Their number is unknown."
        return [denied, unknown]
    return [denied, _cancelled(would["cancels"]), _kept(would["keeps"]), _held(would["positions"])]


async def _resume_lines(sources: Sources) -> list[Children]:
    status = await sources.status()
    if isinstance(status, SourceUnavailable):
        return ["Trading is halted now.", *_RESUMED]
    why = f"Trading is halted now: {why_halted(status['reason'], status['monitoring']['heartbeat'])}."
    if status["monitoring"]["heartbeat"] in _UNHEARD:
        refused = "This will be refused: trading cannot resume without monitoring."
        return [why, refused, f"Now {status['monitoring']['note']}."]
    return [why, *_RESUMED]


_UNHEARD = (HeartbeatState.AWAITED, HeartbeatState.LOST)
_RESUMED = (
    "New entries are allowed immediately; the agent resumes trading.",
    "You accept the losses so far: both limits restart from current equity.",
)


def _cancelled(orders: Sequence[Order]) -> Children:
    if not orders:
        return "No open buy orders."
    return [html.Strong(f"{_open(orders, 'buy')} cancelled"), f": {_named(orders)}."]


def _kept(orders: Sequence[Order]) -> Children:
    return f"{_open(orders, 'sell')} kept and may fill: {_named(orders)}." if orders else None


def _open(orders: Sequence[Order], side: str) -> str:
    verb = "is" if len(orders) == 1 else "are"
    return f"{fmt.count(len(orders), f'open {side} order')} {verb}"


def _named(orders: Sequence[Order]) -> str:
    few = [f"{asked(order)} of {order['symbol']}" for order in orders[:_FEW]]
    return ", ".join([*few, *([f"and {len(orders) - _FEW} more"] if len(orders) > _FEW else [])])


def _held(positions: int) -> str:
    verb = "stays" if positions == 1 else "stay"
    return f"{fmt.count(positions, 'open position')} {verb} and can be sold." if positions else "No open positions."


_FEW = 5


async def decide(sources: Sources, actor: Actor, change: Change, reason: str) -> tuple[Any, ...]:
    """Send the change: the dialogue closes, or says why it did not happen."""
    if len(reason.strip()) < _LEAST_REASON:
        return True, notice("Not sent", ["Say why in a few words."], "red"), no_update
    send = actor.client.resume if change == "resume" else actor.client.halt
    try:
        await send(reason.strip())
    except ClientError as error:
        _log.warning("change_failed", change=change, error=error.message)
        return True, notice("Failed", [error.message], "red"), no_update
    _log.info("change_made", change=change, by=actor.who.name)
    sources.forget_trading()
    return False, None, f"{change}: {reason}"
