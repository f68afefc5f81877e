"""Alerts about analyses."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import ENGINE_RESULTS
from investiq.foundation.vocabulary import EngineName, EngineStatus, Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.selectors import series
from investiq.promql.matcher import Matcher, eq, ne
from investiq.promql.number import number_text

__all__ = ["ALERTS", "ENGINE_FAILURES_HIGH"]

_RESULTS_FLOOR = 0.02  # a second, 6 in five minutes: below that a single failure would be a high ratio


def _results(*matchers: Matcher) -> str:
    # The signal engine asks another service: SignalEngineFallback is about that one.
    selector = series(ENGINE_RESULTS, ne("engine", EngineName.SIGNAL), *matchers)
    return f"sum by (job, engine) (rate({selector}[5m]))"


ENGINE_FAILURES_HIGH = Alert(
    name="EngineFailuresHigh",
    subject=Subject.ANALYSIS,
    severity=Severity.WARNING,
    query=f"{_results(eq('status', EngineStatus.FAILED))} / {_results()}",
    op=">",
    threshold=0.2,
    extra_condition=f"and {_results()} > {number_text(_RESULTS_FLOOR)}",
    for_seconds=120,
    summary="the {{ $labels.engine }} engine failed in {{ $value | humanizePercentage }} of analyses",
    description=(
        "It crashed or timed out in more than 20 % of analyses over the last five minutes. Analyses continue "
        "without it, with lower coverage; the agent decides on less evidence. An engine without data is "
        "unavailable, which is not a failure."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

ALERTS = (ENGINE_FAILURES_HIGH,)
