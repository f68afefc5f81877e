"""The servers as their users meet them: requests, errors, waiting, and what the API depends on."""

from __future__ import annotations

from investiq.monitoring.names import API
from investiq.monitoring.panel import RATE_INTERVAL, TARGET, Dashboard, Panel, Query, Row, State, Unit, View
from investiq.monitoring.promql import eq, series
from investiq.monitoring.rules.api import DEPENDENCY_DOWN
from investiq.telemetry.catalogue import DEPENDENCY_HEALTH, REQUESTS, Subject

__all__ = ["DASHBOARD", "DEPENDENCIES", "REQUEST_RATE"]

REQUEST_RATE = Panel(
    title="Requests",
    description="Requests answered a second by each server, those of probes and scrapes included.",
    unit=Unit.REQUESTS_PER_SECOND,
    queries=(Query(f"sum by (job) (rate({series(REQUESTS, *TARGET)}[{RATE_INTERVAL}]))", "{{job}}"),),
)

DEPENDENCIES = Panel(
    title="Dependencies",
    description="What the API needs, as its own checks see it. Without one that is critical it answers 503 on /health.",
    unit=Unit.STATE,
    view=View.STATES,
    queries=(Query(series(DEPENDENCY_HEALTH, *TARGET, eq("job", API)), "{{name}}"),),
    alerts=(DEPENDENCY_DOWN,),
    states={1: ("up", State.GOOD), 0: ("down", State.BAD)},
)

DASHBOARD = Dashboard(
    name=Subject.API.value,
    title="InvestIQ API",
    description="Requests, errors, waiting and dependencies of the servers.",
    subject=Subject.API,
    targets=REQUESTS,
    rows=(Row("Requests", (REQUEST_RATE, DEPENDENCIES)),),
)
