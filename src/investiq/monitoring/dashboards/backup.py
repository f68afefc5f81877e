"""Backups: how old the last one is, whether a restore has proven it, what is in it, and how long it takes."""

from __future__ import annotations

from investiq.foundation.contract.panels import PanelState, PanelUnit, PanelView
from investiq.foundation.telemetry.catalogue import (
    BACKUP_BYTES,
    BACKUP_DURATION,
    BACKUP_FAILED,
    BACKUP_INTERVAL,
    BACKUP_MADE,
    BACKUP_PROVEN,
    RESTORE_DOUBTED,
    VERIFICATION_DURATION,
)
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import latest, of_alert
from investiq.monitoring.rules.backup import BACKUP_OVERDUE, BACKUP_SHRANK

__all__ = ["DASHBOARD"]

_NONE_YET = "no backup was ever tried here: `investiq backup` makes one"

_FAILED = Panel(
    title="Last try",
    description="Whether the last try of a backup made a whole one. `investiq backup` says why it does not.",
    unit=PanelUnit.STATE,
    view=PanelView.STATES,
    queries=(Query(f"max({latest(BACKUP_FAILED)})", "backup"),),
    states={0: ("made", PanelState.GOOD), 1: ("failed", PanelState.BAD)},
    emptiness=_NONE_YET,
)

_AGE = Panel(
    title="Age of the last backup",
    description="Time since the last whole backup. What has happened since is lost if the disk is lost now.",
    unit=PanelUnit.SECONDS,
    view=PanelView.NUMBER,
    queries=(Query(f"time() - max({latest(BACKUP_MADE)} > 0)", "age"),),
    emptiness=_NONE_YET,
    width=6,
)

_PROVEN_AGE = Panel(
    title="Age of the last proven one",
    description=(
        "Time since the newest backup was made of which a restore has answered every question as before. Much older "
        "than the last backup, the later ones may be worthless."
    ),
    unit=PanelUnit.SECONDS,
    view=PanelView.NUMBER,
    queries=(Query(f"time() - max({latest(BACKUP_PROVEN)} > 0)", "age"),),
    emptiness="no restore has proven a backup yet: `investiq restore --verify` tries",
    width=6,
)

_INTERVALS = Panel(
    title="Age of the last backup, in intervals",
    description="As BackupOverdue measures it: above the line, at least two scheduled backups were not made.",
    unit=PanelUnit.COUNT,
    queries=(Query(of_alert(BACKUP_OVERDUE), "intervals"),),
    alerts=(BACKUP_OVERDUE,),
    emptiness="no backup was made yet, or none is scheduled (backup.schedule)",
)

_INTERVAL = Panel(
    title="Time between backups",
    description="As it is set; 0 where none is scheduled (backup.schedule).",
    unit=PanelUnit.SECONDS,
    view=PanelView.NUMBER,
    queries=(Query(f"max({latest(BACKUP_INTERVAL)})", "interval"),),
    width=6,
)

_DIFFERENCES = Panel(
    title="Differences that a restore found",
    description="Questions that the last verification found changed; `investiq restore --verify` names them.",
    unit=PanelUnit.COUNT,
    view=PanelView.NUMBER,
    queries=(Query(f"max({latest(RESTORE_DOUBTED)})", "differences"),),
    emptiness=_NONE_YET,
    width=6,
)

_BYTES = Panel(
    title="Size of each part",
    description="Before it is compressed. A ledger only ever grows; one that shrinks has lost something.",
    unit=PanelUnit.BYTES,
    queries=(Query(f"max by (part) ({latest(BACKUP_BYTES)} > 0)", "{{part}}"),),
    emptiness=_NONE_YET,
)

_SHRUNK = Panel(
    title="Size of the last backup, of the largest in two days",
    description="As BackupShrank measures it: below the line a part is empty, or much smaller than it was.",
    unit=PanelUnit.SHARE,
    queries=(Query(of_alert(BACKUP_SHRANK), "{{part}}"),),
    alerts=(BACKUP_SHRANK,),
    emptiness=_NONE_YET,
)

_DURATION = Panel(
    title="How long it takes",
    description="Time that the last backup took, and the last verification, while everything ran.",
    unit=PanelUnit.SECONDS,
    queries=(
        Query(f"max({latest(BACKUP_DURATION)})", "backup"),
        Query(f"max({latest(VERIFICATION_DURATION)})", "verification"),
    ),
    emptiness=_NONE_YET,
    width=24,
)

DASHBOARD = Dashboard(
    name=Subject.BACKUP.value,
    title="InvestIQ Backup",
    description="Backups: their age, their proof, what is in them.",
    subject=Subject.BACKUP,
    targets=BACKUP_INTERVAL,
    rows=(
        Row("Now", (_AGE, _PROVEN_AGE, _INTERVAL, _DIFFERENCES)),
        Row("Backups", (_FAILED, _INTERVALS, _BYTES, _SHRUNK, _DURATION)),
    ),
)
