"""Alerts about the watchers themselves."""

from __future__ import annotations

from investiq.monitoring.alert import Alert, NoData, Severity
from investiq.monitoring.names import ALERTMANAGER, BLACKBOX, INBOX, NODE, PROMETHEUS
from investiq.monitoring.promql import UP, eq, series
from investiq.telemetry.catalogue import Subject

__all__ = ["ALERTS", "WATCHDOG", "WATCHER_DOWN"]

WATCHER_DOWN = Alert(
    name="ServiceDown",
    subject=Subject.MONITORING,
    severity=Severity.WARNING,
    # Not the probes: all of them lose their `up` with the exporter, and one fault is one page.
    query=series(UP, eq("job", PROMETHEUS, ALERTMANAGER, BLACKBOX, NODE, INBOX)),
    op="==",
    threshold=0,
    hold_seconds=60,
    summary="{{ $labels.job }} does not answer at {{ $labels.instance }}",
    description=(
        "A part of the monitoring has been silent for a minute: trading and analyses go on, but with less watching. "
        "Without alertmanager no page reaches anybody; without blackbox-exporter nothing looks from outside; without "
        "node the host is not watched; without inbox pages reach only the receivers outside."
    ),
    no_data=NoData.QUIET,
)

WATCHDOG = Alert(
    name="Watchdog",
    subject=Subject.MONITORING,
    severity=Severity.NONE,
    # Not vector(1): Alertmanager goes on sending the last alert it heard of for minutes after Prometheus died. Whoever
    # receives this judges `evaluated_at`, which only a living Prometheus moves on.
    query="time()",
    service=PROMETHEUS,
    summary="the monitoring is alive",
    description=(
        "Always firing, and for machines only: it proves that rules are evaluated and notifications delivered. When "
        "its evaluated_at stops moving on, nothing else would page either."
    ),
    no_data=NoData.NEVER,
    annotations={"evaluated_at": '{{ $value | printf "%.3f" }}'},
)

ALERTS = (WATCHER_DOWN, WATCHDOG)
