"""Alerts about the services of the user: rendered where there are some.

What else is wrong with one of them is said by alerts that look at all: ProbeFailing, TargetMissing, CertificateExpiring
and those of its objectives.
"""

from __future__ import annotations

from collections.abc import Sequence

from investiq.foundation.config.schema import ServiceConfig
from investiq.foundation.vocabulary import RestartAlert, Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.exporters.scrape import UP
from investiq.monitoring.selectors import series
from investiq.promql.matcher import eq

__all__ = ["alerts"]


def alerts(services: Sequence[ServiceConfig]) -> tuple[Alert, ...]:
    """One ServiceDown for the services of each severity."""
    by_severity = {severity: [s.name for s in services if s.severity == severity] for severity in Severity}
    return tuple(_down(severity, names) for severity, names in by_severity.items() if names)


def _down(severity: Severity, names: Sequence[str]) -> Alert:
    return Alert(
        name=RestartAlert.SERVICE_DOWN.value,
        subject=Subject.SERVICES,
        severity=severity,
        query=series(UP, eq("job", *names)),
        op="==",
        threshold=0,
        for_seconds=60,
        summary="{{ $labels.job }} does not answer at {{ $labels.instance }}",
        description=(
            "Prometheus has had no metrics from your service for a minute: it is down, unreachable, or rejects "
            "the token. Its other alerts cannot be judged until it is back. InvestIQ itself keeps running."
        ),
        no_data=NoData.COVERED,
        covered_by="TargetMissing",
        dashboard="service-{{ $labels.job }}",
    )
