"""The analyses: how many, which engines answer, and how long they take."""

from __future__ import annotations

from dataclasses import replace

from investiq.foundation.contract.panels import PanelUnit, PanelView
from investiq.foundation.telemetry.catalogue import ANALYSES, ENGINE_DURATION, ENGINE_RESULTS
from investiq.foundation.vocabulary import EngineStatus, Subject
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import in_last, of_alert, per_second, quantile, share
from investiq.monitoring.rules.analysis import ENGINE_FAILURES_HIGH
from investiq.promql.matcher import eq

__all__ = ["ANALYSES_24H", "DASHBOARD"]

_NOBODY_ASKED = "no analyses requested in this range"

ANALYSES_24H = Panel(
    title="Analyses in 24 hours",
    description="Analyses performed. None: the agent and users get no analyses, or requested none.",
    unit=PanelUnit.COUNT,
    view=PanelView.NUMBER,
    queries=(Query(in_last("24h", ANALYSES), "analyses"),),
    width=4,
)

_RATE = Panel(
    title="Analyses",
    description="Analyses a second. The agent asks for one of each symbol in each of its cycles.",
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(ANALYSES, by=("job",)), "{{job}}"),),
)

_COVERAGE = Panel(
    title="Results by engine",
    description=(
        "Share of analyses in which an engine had a result. Without news and fundamentals, sentiment and "
        "fundamental stay at 0; if another engine drops, it has lost its data or its service."
    ),
    unit=PanelUnit.SHARE,
    queries=(
        Query(
            share(
                per_second(ENGINE_RESULTS, eq("status", EngineStatus.OK), by=("engine",)),
                per_second(ENGINE_RESULTS, by=("engine",)),
            ),
            "{{engine}}",
        ),
    ),
    maximum=1,
    emptiness=_NOBODY_ASKED,
)

_STATUSES = Panel(
    title="Results by status",
    description=("Engine results per second. `unavailable`: no data, with the reason; `failed`: crashed or timed out."),
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(ENGINE_RESULTS, by=("status",)), "{{status}}"),),
)

_FAILURES = Panel(
    title="Engines that fail",
    description=(
        "Share of the analyses of five minutes in which an engine crashed or timed out, as EngineFailuresHigh "
        "measures it. Analyses continue without it, on less evidence."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(of_alert(ENGINE_FAILURES_HIGH), "{{engine}}"),),
    alerts=(ENGINE_FAILURES_HIGH,),
    emptiness=_NOBODY_ASKED,
    maximum=1,
)

_DURATION = Panel(
    title="Duration by engine",
    description="Time within which 95 % of an engine's results came. An analysis waits for the slowest engine.",
    unit=PanelUnit.SECONDS,
    queries=(Query(quantile(0.95, ENGINE_DURATION, by=("engine",)), "{{engine}}"),),
    emptiness=_NOBODY_ASKED,
)

DASHBOARD = Dashboard(
    name=Subject.ANALYSIS.value,
    title="InvestIQ Analysis",
    description="Analyses, and the engines behind them.",
    subject=Subject.ANALYSIS,
    targets=ANALYSES,
    rows=(
        Row("Analyses", (replace(ANALYSES_24H, width=12), _RATE)),
        Row("Engines", (_COVERAGE, _STATUSES, _FAILURES, _DURATION)),
    ),
)
