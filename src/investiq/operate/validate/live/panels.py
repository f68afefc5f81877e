"""Whether every panel of every dashboard shows something: the very queries that are drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from investiq.clients.prometheus import Prometheus, Sample
from investiq.clients.session import Refused
from investiq.foundation.contract.panels import expand_variables
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.monitoring.checks.sources import dashboard_source
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query
from investiq.operate.validate.live.context import ValidationContext

__all__ = ["check_panels"]

_BLIND = "who looks there in an outage sees nothing"


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One query of a panel, and what came of it: its series, or why there are none."""

    dashboard: Dashboard
    panel: Panel
    query: Query
    outcome: list[Sample] | Refused

    @property
    def is_empty(self) -> bool:
        """Nothing would be seen: no series, or none with a number."""
        return isinstance(self.outcome, list) and not any(sample.is_number for sample in self.outcome)


async def check_panels(context: ValidationContext) -> CheckResult:
    """Ask every query once, at this moment."""
    dashboards = dashboards_of(context.config)
    wanted = [(board, panel, query) for board in dashboards for panel in board.panels for query in panel.queries]
    expressions = {expand_variables(query.expr) for _, _, query in wanted}
    answers = dict(zip(expressions, await _answers(context.prometheus, expressions), strict=True))
    drawn = [_Drawn(board, panel, query, answers[expand_variables(query.expr)]) for board, panel, query in wanted]
    panels = sum(len(board.panels) for board in dashboards)
    empty = len({(one.dashboard.uid, one.panel.title) for one in drawn if one.is_empty and one.panel.emptiness})
    looked_at = f"{len(drawn)} queries of {panels} panels on {len(dashboards)} dashboards"
    good = f", {empty} panels empty, as they may be" if empty else ""
    return CheckResult("panels", looked_at + good, tuple(finding for one in drawn for finding in _faults(one)))


async def _answers(prometheus: Prometheus, expressions: set[str]) -> list[list[Sample] | Refused]:
    async def answer(expression: str) -> list[Sample] | Refused:
        try:
            return await prometheus.query(expression)
        except Refused as error:
            if error.wants_credentials:
                raise
            return error

    return await asyncio.gather(*map(answer, expressions))


def _faults(drawn: _Drawn) -> Iterator[Finding]:
    source = dashboard_source(drawn.dashboard.name)
    place = Place(PlaceKind.PANEL, drawn.dashboard.title, f"{drawn.panel.title}: {drawn.query.legend}", source=source)
    if isinstance(drawn.outcome, Refused):
        what = f"Prometheus refuses its query: {drawn.outcome.said}"
        yield Finding("panels", place, what, f"correct {source}", _BLIND)
    elif drawn.is_empty and not drawn.panel.emptiness:
        what = "it shows nothing: its values are not numbers" if drawn.outcome else "it shows nothing: there is no data"
        fix = f"see whether what it draws is up; if it is, correct {source}, or say there why empty is good"
        yield Finding("panels", place, what, fix, _BLIND)
