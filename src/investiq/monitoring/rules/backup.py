"""Alerts about backups, where they are scheduled: by the supervisor, or by a timer of the system."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import BACKUP_BYTES, BACKUP_INTERVAL, BACKUP_MADE, BACKUP_PROVEN
from investiq.foundation.vocabulary import BackupPart, Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.selectors import series
from investiq.promql.matcher import eq

__all__ = ["ALERTS", "BACKUP_NEVER_RAN", "BACKUP_OVERDUE", "BACKUP_SHRANK", "RESTORE_NOT_VERIFIED"]

_SCHEDULED = f"({series(BACKUP_INTERVAL)} > 0)"
_EVER_MADE = f"({series(BACKUP_MADE)} > 0)"

BACKUP_OVERDUE = Alert(
    name="BackupOverdue",
    subject=Subject.BACKUP,
    severity=Severity.WARNING,
    query=f"abs(time() - {_EVER_MADE}) / on () group_left () max{_SCHEDULED}",
    op=">",
    # One may fail, and be made up for a quarter of an hour later. One that lies as far ahead says that a clock was
    # set back: it tells nothing of the backups since.
    threshold=2.2,
    # After a night in which the machine was off, the first is made within minutes.
    for_seconds=1200,
    summary='the last backup is {{ $value | printf "%.1f" }} intervals old',
    description=(
        "Twice in a row no whole backup was made. If the disk is lost now, orders, metrics and silences since the last "
        "one are lost with it."
    ),
    no_data=NoData.COVERED,
    covered_by="ExporterDown",
)

BACKUP_NEVER_RAN = Alert(
    name="BackupNeverRan",
    subject=Subject.BACKUP,
    severity=Severity.WARNING,
    query=f"{series(BACKUP_INTERVAL)}",
    op=">",
    threshold=0,
    extra_condition=f"unless on () {_EVER_MADE}",
    for_seconds=3600,
    summary="backups are scheduled, and none was ever made",
    description=(
        "For an hour backups have been scheduled, and there is none: if the disk is lost, everything is lost. Or the "
        "node exporter does not tell of them."
    ),
    no_data=NoData.QUIET,
)

RESTORE_NOT_VERIFIED = Alert(
    name="RestoreNotVerified",
    subject=Subject.BACKUP,
    severity=Severity.WARNING,
    query=f"{_EVER_MADE} - {series(BACKUP_PROVEN)}",
    op=">",
    threshold=0,
    extra_condition=f"and on () {_SCHEDULED}",
    # The proof of one is under way while the next is made.
    for_seconds=3600,
    summary="the last backup is not proven: no restore has answered as before",
    description=(
        "For an hour no restore of the last backups has answered every question as it was answered when they were "
        "made. They may be worthless, which nobody should find out on the day that they are needed."
    ),
    no_data=NoData.COVERED,
    covered_by="ExporterDown",
)

# The ledger and the store of metrics; all else may well become smaller.
_LASTING = series(BACKUP_BYTES, eq("part", BackupPart.LEDGER.value, BackupPart.PROMETHEUS.value))

BACKUP_SHRANK = Alert(
    name="BackupShrank",
    subject=Subject.BACKUP,
    severity=Severity.WARNING,
    query=f"{_LASTING} / (max_over_time({_LASTING}[2d]) > 0)",
    op="<",
    threshold=0.5,
    summary="the {{ $labels.part }} in the last backup is {{ $value | humanizePercentage }} of what it was",
    description=(
        "A part of the last backup is empty, or less than half as large as in the last two days: either its data is "
        "gone, or not all of it was copied. Earlier backups have it still, until they are forgotten."
    ),
    no_data=NoData.COVERED,
    covered_by="ExporterDown",
)

ALERTS = (BACKUP_OVERDUE, BACKUP_NEVER_RAN, RESTORE_NOT_VERIFIED, BACKUP_SHRANK)
