"""Trading: whether it goes on, what it has lost, what became of the orders, and how the agent is."""

from __future__ import annotations

from investiq.foundation.contract.panels import PanelState, PanelUnit, PanelView
from investiq.foundation.telemetry.catalogue import (
    AGENT_CYCLE_DURATION,
    AGENT_CYCLES,
    AGENT_DECISIONS,
    AGENT_INTERVAL,
    AGENT_MARKET_TIME,
    AGENT_ORDERS,
    BREAKER_LIMIT,
    BREAKER_LOSS,
    BREAKER_TRIPS,
    DAILY_LOSS,
    DRAWDOWN,
    EQUITY,
    HEARTBEAT_AWAITED,
    HEARTBEAT_EVALUATED,
    HEARTBEATS,
    MONITORING_REQUIRED,
    ORDER_ACKNOWLEDGEMENT,
    ORDER_DENIALS,
    ORDERS,
    TRADES,
    TRADING_HALTED,
)
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.alert import Alert
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import in_last, latest, of_alert, per_second, quantile
from investiq.monitoring.rules.trading import (
    AGENT_DOWN,
    AGENT_STALLED,
    CIRCUIT_BREAKER_TRIPPED,
    DAILY_LOSS_NEAR_LIMIT,
    DRAWDOWN_NEAR_LIMIT,
    MONITORING_HEARTBEAT_LOST,
    ORDER_REJECTIONS_HIGH,
)

__all__ = ["DASHBOARD", "EQUITY_NOW", "TRADES_24H", "TRADING"]

TRADING = Panel(
    title="Trading",
    description=(
        "Whether the breaker denies entries. Exits stay allowed and open positions keep their risk until "
        "somebody resumes. `investiq status` says why."
    ),
    unit=PanelUnit.STATE,
    view=PanelView.NUMBER,
    queries=(Query(f"max({latest(TRADING_HALTED)})", "trading"),),
    alerts=(CIRCUIT_BREAKER_TRIPPED,),
    states={0: ("trading", PanelState.GOOD), 1: ("halted", PanelState.BAD)},
    width=4,
)

TRADES_24H = Panel(
    title="Trades in 24 hours",
    description="Filled orders. None: a quiet market, a halt, or the agent is down.",
    unit=PanelUnit.COUNT,
    view=PanelView.NUMBER,
    queries=(Query(in_last("24h", TRADES), "trades"),),
    width=4,
)

EQUITY_NOW = Panel(
    title="Equity",
    description="Cash and positions at the latest prices. A step without a trade is a price jump.",
    unit=PanelUnit.DOLLARS,
    queries=(Query(f"max({latest(EQUITY)})", "equity"),),
    minimum=None,
)

_HALTS = Panel(
    title="Halts",
    description="When trading was halted. No entries during the red bars.",
    unit=PanelUnit.STATE,
    view=PanelView.STATES,
    queries=(Query(f"max({latest(TRADING_HALTED)})", "trading"),),
    alerts=(CIRCUIT_BREAKER_TRIPPED,),
    states={0: ("trading", PanelState.GOOD), 1: ("halted", PanelState.BAD)},
)

_TRIPS = Panel(
    title="Trips of the breaker in 24 hours",
    description="Halts by what tripped them. More than one a day for the same reason: the limit is too tight.",
    unit=PanelUnit.COUNT,
    view=PanelView.TABLE,
    queries=(Query(in_last("24h", BREAKER_TRIPS, by=("reason",)), "{{reason}}"),),
    width=8,
)

_LOSSES = Panel(
    title="Losses of the account",
    description=(
        "Drawdown from the all-time high, and loss since the session opened. A resume changes neither; the next "
        "panel shows what the breaker measures, and where it halts."
    ),
    unit=PanelUnit.SHARE,
    queries=(
        Query(f"max({latest(DRAWDOWN)})", "drawdown from the all-time high"),
        Query(f"max({latest(DAILY_LOSS)})", "session loss"),
    ),
    minimum=None,
)


def _loss_of_limit(alert: Alert, title: str) -> Panel:
    return Panel(
        title=title,
        description=(
            f"Loss as the breaker measures it, as a share of the limit at which it halts, as {alert.name} measures it. "
            "At 100 % trading halts; a resume resets it."
        ),
        unit=PanelUnit.SHARE,
        queries=(Query(of_alert(alert), "share of the limit"),),
        alerts=(alert,),
    )


_LIMITS = Panel(
    title="Losses since the last resume, and limits",
    description=(
        "Losses as the breaker measures them since the last resume, and the limits. A gap: its state could not "
        "be read, and entries were denied."
    ),
    unit=PanelUnit.SHARE,
    queries=(
        Query(latest(BREAKER_LOSS), "{{measure}}"),
        Query(latest(BREAKER_LIMIT), "limit of {{measure}}"),
    ),
    minimum=None,
)

_HEARTBEAT_AGE = Panel(
    title="Age of the heartbeat",
    description=(
        "Time since Prometheus evaluated the youngest heartbeat that reached the API. One arrives every ten "
        "seconds; at the line the API denies entries, because trading would be unmonitored."
    ),
    unit=PanelUnit.SECONDS,
    # Before the first heartbeat after a start there is no age: since 1970, it would leave nothing else to be seen.
    queries=(Query(f"{of_alert(MONITORING_HEARTBEAT_LOST)} and {latest(HEARTBEAT_EVALUATED)} > 0", "age"),),
    alerts=(MONITORING_HEARTBEAT_LOST,),
    width=12,
)

_HEARTBEATS = Panel(
    title="Heartbeats",
    description=(
        "Heartbeats a second by what became of them. `future` is a clock that differs, `malformed` another sender than "
        "Alertmanager; `repeated` is Alertmanager that goes on without Prometheus."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(HEARTBEATS, by=("outcome",)), "{{outcome}}"),),
    width=12,
)

_GUARD = Panel(
    title="Monitoring required",
    description=(
        "Whether trading needs the heartbeat (require_monitoring), and whether it is halted for nothing but the first "
        "one since the start of the API, which ends it."
    ),
    unit=PanelUnit.STATE,
    view=PanelView.NUMBER,
    queries=(
        Query(f"max({latest(MONITORING_REQUIRED)})", "needed"),
        Query(f"max({latest(HEARTBEAT_AWAITED)})", "awaited"),
    ),
    states={0: ("no", PanelState.NEUTRAL), 1: ("yes", PanelState.NEUTRAL)},
    width=8,
)

_ORDERS = Panel(
    title="Orders by outcome, in an hour",
    description=(
        "Where the orders of the last hour ended. `denied`: never reached the broker; `rejected`: by the "
        "broker; `unknown`: not known yet."
    ),
    unit=PanelUnit.COUNT,
    queries=(Query(in_last("1h", ORDERS, by=("outcome",)), "{{outcome}}"),),
)

_DENIALS = Panel(
    title="Denials by reason, in an hour",
    description="Orders that a limit or the breaker denied. Each reason has its entry in the documentation of trading.",
    unit=PanelUnit.COUNT,
    queries=(Query(f"{in_last('1h', ORDER_DENIALS, by=('reason',))} > 0", "{{reason}}"),),
    emptiness="no order was denied in this hour",
    empty_is_good=True,
)

_REJECTIONS = Panel(
    title="Orders that the broker rejected",
    description=(
        "Share of the orders that reached the broker in fifteen minutes, as OrderRejectionsHigh measures it. "
        "Above the line, positions are not as intended."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(of_alert(ORDER_REJECTIONS_HIGH), "{{job}}"),),
    alerts=(ORDER_REJECTIONS_HIGH,),
    maximum=1,
    emptiness="no orders reached the broker in this range",
)

_ACKNOWLEDGEMENT = Panel(
    title="Time until the broker acknowledges",
    description="Wall time from recording the order to the broker's acknowledgement. Until then its state is "
    "uncertain.",
    unit=PanelUnit.SECONDS,
    queries=tuple(Query(quantile(q, ORDER_ACKNOWLEDGEMENT), f"p{q * 100:g}") for q in (0.5, 0.95)),
    emptiness="no orders reached the broker in this range",
)

_AGENT = Panel(
    title="Agent lag",
    description=(
        "Open market time since the agent's last finished cycle, in intervals of its own, as AgentStalled measures it. "
        "A healthy agent stays below three; above the line it no longer exits positions."
    ),
    unit=PanelUnit.COUNT,
    queries=(Query(of_alert(AGENT_STALLED), "intervals"),),
    alerts=(AGENT_STALLED,),
)

_AGENT_UP = Panel(
    title="Agent",
    description="Whether the agent is up. Without it there are no automatic entries or exits.",
    unit=PanelUnit.STATE,
    view=PanelView.NUMBER,
    queries=(Query(of_alert(AGENT_DOWN), "agent"),),
    alerts=(AGENT_DOWN,),
    states={1: ("up", PanelState.GOOD), 0: ("down", PanelState.BAD)},
    emptiness="no agent is to run (agent.enabled, or another clock than the replay's)",
    width=4,
)

_AGENT_SEEN = Panel(
    title="Market time that the agent has seen",
    description="When its last finished cycle began, in market time: compare it with the market's own.",
    unit=PanelUnit.MOMENT,
    view=PanelView.NUMBER,
    queries=(Query(f"max({latest(AGENT_MARKET_TIME)}) * 1000", "market time"),),
    minimum=None,
    width=8,
)

_CYCLES = Panel(
    title="Cycles of the agent",
    description=(
        "Cycles a second by outcome. `halted`: no entries; `failed`: did not finish its watchlist; see the agent's log."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(AGENT_CYCLES, by=("outcome",)), "{{outcome}}"),),
)

_CYCLE_TIME = Panel(
    title="Duration of a cycle",
    description="p95 cycle duration, and the planned interval: above it, the agent is late.",
    unit=PanelUnit.SECONDS,
    queries=(
        Query(quantile(0.95, AGENT_CYCLE_DURATION), "p95"),
        Query(f"max({latest(AGENT_INTERVAL)})", "interval"),
    ),
)

_DECISIONS = Panel(
    title="Decisions of the agent",
    description=(
        "Decisions a second. `hold` is normal. `wait` for long: scores say enter, but trading is halted or an "
        "order is still open."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(AGENT_DECISIONS, by=("action",)), "{{action}}"),),
)

_AGENT_ORDERS = Panel(
    title="Orders of the agent, in an hour",
    description="Outcome of its orders. It looks `failed` ones up again; many `denied`: a halt or a limit.",
    unit=PanelUnit.COUNT,
    queries=(Query(in_last("1h", AGENT_ORDERS, by=("outcome",)), "{{outcome}}"),),
)

DASHBOARD = Dashboard(
    name=Subject.TRADING.value,
    title="InvestIQ Trading",
    description="Halts, losses, orders, the heartbeat that trading needs, and the agent.",
    subject=Subject.TRADING,
    targets=TRADING_HALTED,
    rows=(
        Row("Trading", (TRADING, TRADES_24H, _TRIPS, _GUARD, EQUITY_NOW, _HALTS)),
        Row(
            "Losses",
            (
                _LOSSES,
                _LIMITS,
                _loss_of_limit(DAILY_LOSS_NEAR_LIMIT, "Session loss since the last resume, of its limit"),
                _loss_of_limit(DRAWDOWN_NEAR_LIMIT, "Fall since the last resume, of its limit"),
            ),
        ),
        Row("Orders", (_ORDERS, _DENIALS, _REJECTIONS, _ACKNOWLEDGEMENT)),
        Row("Heartbeat", (_HEARTBEAT_AGE, _HEARTBEATS)),
        Row("Agent", (_AGENT_UP, _AGENT_SEEN, _AGENT, _CYCLES, _CYCLE_TIME, _DECISIONS, _AGENT_ORDERS)),
    ),
)
