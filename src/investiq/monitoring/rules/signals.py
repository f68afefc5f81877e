"""Alerts about the signal models."""

from __future__ import annotations

from investiq.monitoring.alert import Alert, NoData, Severity
from investiq.monitoring.foreign.scrape import UP
from investiq.monitoring.names import SIGNALS
from investiq.monitoring.promql import eq, series
from investiq.telemetry.catalogue import Subject

__all__ = ["ALERTS", "ML_SERVICE_DOWN"]

ML_SERVICE_DOWN = Alert(
    name="MLServiceDown",
    subject=Subject.SIGNALS,
    # Not critical: analyses go on without this engine and say so, and nothing trades on it alone.
    severity=Severity.WARNING,
    query=series(UP, eq("job", SIGNALS)),
    op="==",
    threshold=0,
    hold_seconds=60,
    summary="the signal models do not answer at {{ $labels.instance }}",
    description=(
        "Prometheus has had no metrics from the signal models for a minute. Analyses go on without the signal engine: "
        "its share of the weights is missing from their coverage, and the agent decides on less evidence."
    ),
    no_data=NoData.QUIET,
)

ALERTS = (ML_SERVICE_DOWN,)
