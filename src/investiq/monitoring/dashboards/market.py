"""The market data: how old it is, what time it is there, and how the price provider answers."""

from __future__ import annotations

from investiq.foundation.contract.panels import PanelState, PanelUnit, PanelView
from investiq.foundation.telemetry.catalogue import (
    MARKET_DATA_AGE,
    MARKET_DATA_AGE_LIMIT,
    MARKET_OPEN_TIME,
    MARKET_PHASE,
    MARKET_SPEED,
    MARKET_TIME,
    PROVIDER_CALL_DURATION,
    PROVIDER_CALLS,
)
from investiq.foundation.vocabulary import MarketPhase, Subject
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import in_last, latest, of_alert, per_second, quantile
from investiq.monitoring.rules.market import MARKET_DATA_STALE
from investiq.promql.matcher import eq

__all__ = ["DASHBOARD", "PHASE"]

PHASE = Panel(
    title="Market phase",
    description=(
        "Whether the market is open. After `ended` a replay has no more prices: analyses stay at the last "
        "session, and entries are denied."
    ),
    unit=PanelUnit.STATE,
    view=PanelView.STATES,
    # One line: three of which one says `now` tell it three times.
    queries=(
        Query(
            f"max({latest(MARKET_PHASE, eq('phase', MarketPhase.OPEN))}) "
            f"+ 2 * max({latest(MARKET_PHASE, eq('phase', MarketPhase.ENDED))})",
            "market",
        ),
    ),
    states={
        0: ("closed", PanelState.NEUTRAL),
        1: ("open", PanelState.GOOD),
        2: ("ended", PanelState.WARNING),
    },
)

_NOW = Panel(
    title="Market time",
    description="Market time; in a replay, not wall time. While it is stopped, so are prices.",
    unit=PanelUnit.MOMENT,
    view=PanelView.NUMBER,
    queries=(Query(f"max({latest(MARKET_TIME)}) * 1000", "market time"),),
    width=8,
    minimum=None,
)

_SPEED = Panel(
    title="Market speed",
    description="Seconds of open market per second of wall time: 1 without a replay.",
    unit=PanelUnit.COUNT,
    view=PanelView.NUMBER,
    queries=(Query(f"max({latest(MARKET_SPEED)})", "speed"),),
    width=4,
)

_AGE_OF_LIMIT = Panel(
    title="Age of the newest price, of its limit",
    description=(
        "Open-market time since the newest price, as a share of the maximum age, as "
        "MarketDataStale measures it. Above the line, positions and losses are measured at old prices."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(of_alert(MARKET_DATA_STALE), "share of the limit"),),
    alerts=(MARKET_DATA_STALE,),
)

_AGE = Panel(
    title="Age of the newest price",
    description=(
        "Open-market seconds since the newest price, and the limit (trading.max_price_age_seconds) from which entries "
        "are denied. A closed market does not age; a sound replay stays below 7,800 s."
    ),
    unit=PanelUnit.SECONDS,
    queries=(
        Query(f"max({latest(MARKET_DATA_AGE)})", "age"),
        Query(f"max({latest(MARKET_DATA_AGE_LIMIT)})", "limit"),
    ),
)

_OPEN_TIME = Panel(
    title="Open market time elapsed",
    description=(
        "Seconds of open market for each second of wall time over ten minutes. At 0 the market is closed or has ended; "
        "in between a replay goes through its nights."
    ),
    unit=PanelUnit.COUNT,
    queries=(Query(f"max(deriv({latest(MARKET_OPEN_TIME)}[10m]))", "open market seconds a second"),),
    width=24,
)

_CALLS = Panel(
    title="Calls to the price provider",
    description="Calls a second by what was asked. None at all while analyses run: their prices come from memory.",
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(PROVIDER_CALLS, by=("operation",)), "{{operation}}"),),
)

_FAILED_CALLS = Panel(
    title="Failed calls in an hour",
    description="Calls to the price provider that failed. The API's log says why; prices get old meanwhile.",
    unit=PanelUnit.COUNT,
    queries=(Query(in_last("1h", PROVIDER_CALLS, eq("outcome", "failed"), by=("operation",)), "{{operation}}"),),
)

_CALL_DURATION = Panel(
    title="Duration of provider calls",
    description="Time within which 95 % of the calls were answered: analyses wait as long.",
    unit=PanelUnit.SECONDS,
    queries=(Query(quantile(0.95, PROVIDER_CALL_DURATION, by=("operation",)), "{{operation}}"),),
    emptiness="no provider calls in this range",
    width=24,
)

DASHBOARD = Dashboard(
    name=Subject.MARKET.value,
    title="InvestIQ Market",
    description="Market time, age of the prices, and the price provider.",
    subject=Subject.MARKET,
    targets=MARKET_DATA_AGE,
    rows=(
        Row("Market", (_NOW, _SPEED, PHASE, _OPEN_TIME)),
        Row("Age of prices", (_AGE_OF_LIMIT, _AGE)),
        Row("Price provider", (_CALLS, _FAILED_CALLS, _CALL_DURATION)),
    ),
)
