"""Is there room on the disk, and may this user write where InvestIQ keeps its data?"""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

from investiq.foundation.config import Paths
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place
from investiq.operate.doctor.installation import Installation

__all__ = ["FREE_BYTES", "check"]

CHECK = "disk"

FREE_BYTES = 2 * 1024**3
"""Metrics, logs and the ledger of some weeks; Prometheus stops writing when the disk is full."""

_GIB = 1024**3


def check(installation: Installation) -> CheckResult:
    """Look at the file system of data_dir, and at the owner of what is there. Writes nothing."""
    paths = Paths.of(installation.config)
    place = _nearest_existing(paths.data_dir)
    free = shutil.disk_usage(place).free
    findings = (*_low(paths.data_dir, free), *_unwritable(paths, place))
    return CheckResult(CHECK, f"{free / _GIB:.0f} GiB free at {paths.data_dir}, and it can be written to", findings)


def _nearest_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _low(data_dir: Path, free: int) -> Iterator[Finding]:
    if free < FREE_BYTES:
        what = f"only {free / _GIB:.1f} GiB are free there, less than {FREE_BYTES / _GIB:g}"
        fix = "free some space, set data_dir to a larger disk, or keep less with monitoring.retention_size"
        why = "on a full disk Prometheus, the ledger and the logs stop"
        yield Finding(CHECK, Place.file(data_dir), what, fix, why, FindingSeverity.WARNING)


def _unwritable(paths: Paths, place: Path) -> Iterator[Finding]:
    if place != paths.data_dir:
        kept = [place]  # it will be made here
    else:
        folders = (paths.data_dir, paths.logs, paths.run, paths.keys, paths.monitoring, paths.prometheus)
        files = (paths.ledger, paths.inbox, paths.replay_state)
        kept = [path for path in (*folders, paths.alertmanager, paths.models, *files) if path.exists()]
    for path in kept:
        needed = os.W_OK | (os.X_OK if path.is_dir() else 0)
        if not os.access(path, needed):
            what = f"this user may not write to it; its owner is {_owner(path)}"
            yield Finding(CHECK, Place.file(path), what, _fix(paths), "what keeps its data there cannot start")


def _owner(path: Path) -> str:
    number = path.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _fix(paths: Paths) -> str:
    return (
        f'`sudo chown -R "$(id -un)" {paths.data_dir}` and `chmod -R u+rwX {paths.data_dir}`, or set data_dir to a '
        "folder of your own"
    )
