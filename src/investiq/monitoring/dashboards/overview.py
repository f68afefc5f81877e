"""InvestIQ Overview: the panels of the first page, each taken from the dashboard of its subject where it is at home."""

from __future__ import annotations

from dataclasses import replace

from investiq.foundation.contract.panels import PanelUnit, PanelView
from investiq.foundation.telemetry.catalogue import ACTIVE_CONNECTIONS
from investiq.monitoring.dashboards.alerts import FIRING_NOW
from investiq.monitoring.dashboards.analysis import ANALYSES_24H
from investiq.monitoring.dashboards.api import CONNECTIONS, DEPENDENCIES, ERROR_RATE, LATENCY, REQUESTS_ANSWERED
from investiq.monitoring.dashboards.market import PHASE
from investiq.monitoring.dashboards.monitoring import TARGETS
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import summed
from investiq.monitoring.dashboards.trading import EQUITY_NOW, TRADES_24H, TRADING
from investiq.monitoring.exporters.scrape import UP

__all__ = ["DASHBOARD"]

_CONNECTIONS_NOW = Panel(
    title="Connections now",
    description="Requests being served now by all servers. Many that stay wait for something: see the API.",
    unit=PanelUnit.COUNT,
    view=PanelView.NUMBER,
    queries=(Query(summed(ACTIVE_CONNECTIONS), "connections"),),
    width=4,
)

_DEPENDENCIES_NOW = replace(DEPENDENCIES, title="Status of each dependency", view=PanelView.NUMBER, width=12)

DASHBOARD = Dashboard(
    name="overview",
    title="InvestIQ Overview",
    description="Whether everything is well, on one page.",
    targets=UP,
    rows=(
        Row(
            "Now",
            (
                replace(TRADING, width=8),
                FIRING_NOW,
                TRADES_24H,
                ANALYSES_24H,
                _CONNECTIONS_NOW,
                _DEPENDENCIES_NOW,
                PHASE,
            ),
        ),
        Row("Requests", (REQUESTS_ANSWERED, ERROR_RATE, replace(LATENCY, width=12), CONNECTIONS)),
        Row("Trading and targets", (replace(EQUITY_NOW, width=24), TARGETS)),
    ),
)
