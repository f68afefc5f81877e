"""Can anybody but this user read a file that holds a secret?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from investiq.foundation.config import LoadedConfig, Paths
from investiq.foundation.config.fields import settings
from investiq.foundation.findings import CheckResult, Finding, Place
from investiq.operate.doctor.installation import Installation

__all__ = ["check"]

CHECK = "secrets"

_WHY = "whoever gets at it can trade, send or read in your name"

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check(installation: Installation) -> CheckResult:
    """Look at the mode of each file with a secret: keys, rendered configuration, and what the configuration read."""
    paths = Paths.of(installation.config)
    held = _of_the_installation(paths) | _of_the_configuration(installation.loaded)
    present = {path: what for path, what in held.items() if path.exists()}
    findings = [finding for path, what in present.items() for finding in _faults(path, what)]
    if not present:
        return CheckResult(CHECK, "no file holds a secret yet: the first `investiq up` makes keys")
    return CheckResult(
        CHECK, f"{len(present)} files and folders with secrets, which this user alone can read", tuple(findings)
    )


def _of_the_installation(paths: Paths) -> dict[Path, str]:
    kinds = {"*.key": "an API key", "*.token*": "a token", "*.password*": "a password"}
    keys = {file: what for pattern, what in kinds.items() for file in sorted(paths.keys.glob(pattern))}
    return keys | {
        paths.monitoring / "alertmanager.yml": "the addresses of receivers",
        paths.monitoring / "metrics_token": "the metrics token",
        paths.ledger: "orders and positions",
        paths.data_dir: "all that InvestIQ keeps",
    }


def _of_the_configuration(loaded: LoadedConfig) -> dict[Path, str]:
    """The files that `NAME_FILE` variables name, and investiq.toml itself where it holds a secret."""
    held: dict[Path, str] = {}
    for key, source in loaded.sources.items():
        if settings()[key].secret and source.file is not None:
            held[source.file] = key
    return held


def _faults(path: Path, what: str) -> Iterator[Finding]:
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if mode & _OTHERS:
        can = "read" if mode & (stat.S_IRGRP | stat.S_IROTH) else "change"
        said = f"it holds {what}, and others on this machine can {can} it (mode {mode:04o})"
        private = "700" if path.is_dir() else "600"
        yield Finding(CHECK, Place.file(path), said, f"`chmod {private} {path}`", _WHY)
    if found.st_uid not in (os.geteuid(), 0):
        said = f"it holds {what}, and belongs to another user, who can read it"
        yield Finding(CHECK, Place.file(path), said, f'`sudo chown "$(id -un)" {path}`', _WHY)
