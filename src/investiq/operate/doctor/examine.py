"""Which checks the doctor makes, and how one is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from investiq.foundation.findings import CheckResult
from investiq.operate.doctor import broker, clock, data, disk, model, ports, secret_files, watch
from investiq.operate.doctor.installation import Installation
from investiq.operate.validate.runner import THIS_MACHINE, run_check

__all__ = ["CHECKS", "examine"]

CHECKS: Mapping[str, Callable[[Installation], CheckResult]] = {
    "clock": clock.check,
    "disk": disk.check,
    "secrets": secret_files.check,
    "data": data.check,
    "ports": ports.check,
    "model": model.check,
    "broker": broker.check,
    "rules": watch.check_rules,
    "alert": watch.check_alert,
}
"""Every check, those that need nothing to run first."""


def examine(installation: Installation, check: str) -> CheckResult:
    """What the check of that name finds; a question that nobody can answer is a finding, too."""
    return run_check(check, THIS_MACHINE, partial(CHECKS[check], installation))
