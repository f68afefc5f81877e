"""Does Prometheus judge by our rules, and does an alert reach the inbox?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

from investiq.clients.prometheus import Prometheus
from investiq.foundation.config import Paths
from investiq.foundation.findings import CheckResult, Finding
from investiq.operate.doctor.installation import Installation
from investiq.operate.render.files import render_runtime
from investiq.operate.supervise.launch import missing_jobs
from investiq.operate.validate.live.machine import edited_files
from investiq.operate.validate.live.run import validate_live
from investiq.operate.validate.smoke_test import send_test_alert

__all__ = ["check_alert", "check_rules"]

_ALERT_WAY = ("alertmanager-known", "receivers", "silences", "heartbeat")
_FIRST_ROUND_SECONDS = 30.0
"""A Prometheus that has just started has judged no rule, and its first heartbeat is on the way: no fault yet."""

_DELIVERY_SECONDS = 20.0
"""A test alert takes less than a second; a machine that is busy starting gets more."""


def check_rules(installation: Installation) -> CheckResult:
    """Prometheus has loaded the rules that this version renders, each as it is written, and evaluates them."""
    if open_questions := installation.unanswered("rules", ["prometheus"]):
        return CheckResult("rules", findings=open_questions)
    rendered = render_runtime(installation.config, missing_jobs(installation.table))
    edited = edited_files("rules", Paths.of(installation.config).monitoring, rendered)
    findings = (*edited, *_asked(installation, ("rules",)))
    return CheckResult("rules", "Prometheus evaluates the rules, each as it is rendered", findings)


def check_alert(installation: Installation) -> CheckResult:
    """The whole way of a page: Prometheus knows Alertmanager, its heartbeat arrives, and so does a test alert."""
    if open_questions := installation.unanswered("alert", ["prometheus", "alertmanager", "inbox"]):
        return CheckResult("alert", findings=open_questions)
    way = _asked(installation, _ALERT_WAY)
    proof = asyncio.run(send_test_alert(installation.config, _DELIVERY_SECONDS))
    findings = (*way, *proof.findings)
    whole = f"{proof.looked_at}, and so does the heartbeat of Prometheus"
    return CheckResult("alert", "the way from Prometheus to the inbox" if findings else whole, findings)


def _asked(installation: Installation, checks: Collection[str]) -> list[Finding]:
    """What `investiq validate` finds, asked again while Prometheus is on its first round."""
    patience = max(0.0, _started(installation) + _FIRST_ROUND_SECONDS - time.time())
    checked = asyncio.run(validate_live(installation.config, only=checks, wait_seconds=patience))
    return [finding for one in checked for finding in one.findings]


def _started(installation: Installation) -> float:
    """When Prometheus started, in Unix time."""

    async def started_at() -> float:
        async with Prometheus.of(installation.config) as prometheus:
            return (await prometheus.runtime_info()).started_at

    return asyncio.run(started_at())
