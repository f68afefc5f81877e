"""The service level objectives: what is kept of them, how much budget is left, and how fast it burns."""

from __future__ import annotations

from investiq.foundation.contract.panels import PanelUnit, PanelView
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import latest
from investiq.monitoring.exporters.blackbox import PROBE_SUCCESS
from investiq.monitoring.rules.slo import BAD, BURN_RATES, ERROR_RATIO, OBJECTIVE, REMAINING, TOTAL
from investiq.monitoring.slo.burn import PAIRS, AlertUrgency, Pair

__all__ = ["DASHBOARD"]

_KEPT = Panel(
    title="SLI over the window",
    description="Share of events, or of time, that was good over the window of each SLO, beside what was promised.",
    unit=PanelUnit.SHARE,
    view=PanelView.TABLE,
    queries=(Query(f"1 - {latest(ERROR_RATIO)}", "{{slo}} kept"), Query(latest(OBJECTIVE), "{{slo}} promised")),
    minimum=None,
)

_LEFT = Panel(
    title="Error budget left",
    description="Share of the error budget left. Below 0, the objective is missed.",
    unit=PanelUnit.SHARE,
    queries=(Query(latest(REMAINING), "{{slo}}"),),
    minimum=None,
    maximum=1,
)


def _earlier(pair: Pair) -> str:
    limit = pair.least_objective
    return f" An objective below {limit:.1%} has a lower limit, which its budget can reach." if limit else ""


def _burn(pair: Pair) -> Panel:
    """Both windows of a pair; somebody is told while both are above its factor."""
    told = "pages" if pair.tells is AlertUrgency.PAGE else "opens a ticket"
    return Panel(
        title=f"Burn rate over {pair.long} and {pair.short}",
        description=(
            f"Error budget burn rate; at 1 the budget lasts exactly the window. Above {pair.limit} over "
            f"{pair.long} and over "
            f"{pair.short} together it {told}: {pair.budget:.0%} of a budget of thirty days is gone by then."
            f"{_earlier(pair)}"
        ),
        unit=PanelUnit.COUNT,
        queries=(
            *(Query(latest(BURN_RATES[window]), f"{{{{slo}}}} {window}") for window in (pair.long, pair.short)),
            Query(f"vector({pair.limit})", f"{told} above"),
        ),
    )


_EVENTS = Panel(
    title="Events",
    description="What each SLO counts, a second; 1 for those that count time. At 0 there is nothing to be good or bad.",
    unit=PanelUnit.PER_SECOND,
    queries=(Query(latest(TOTAL), "{{slo}}"),),
)

_BAD = Panel(
    title="Bad events",
    description="What each SLO counts as bad, a second; of those that count time, the share of each moment.",
    unit=PanelUnit.PER_SECOND,
    queries=(Query(latest(BAD), "{{slo}}"),),
)

DASHBOARD = Dashboard(
    name=Subject.SLO.value,
    title="InvestIQ SLOs",
    description="Objectives, error budgets and burn rates.",
    subject=Subject.SLO,
    targets=PROBE_SUCCESS,
    rows=(
        Row("Objectives", (_KEPT, _LEFT)),
        Row("Burn rates", tuple(map(_burn, PAIRS))),
        Row("Events", (_EVENTS, _BAD)),
    ),
)
