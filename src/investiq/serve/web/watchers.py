"""What the console shows of the targets and the alerts, which is not all, and not always what their servers say."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from investiq.clients.alertmanager.alerts import FiringAlert
from investiq.clients.alertmanager.client import AlertmanagerReader
from investiq.clients.prometheus import Prometheus, ScrapeTarget
from investiq.foundation.contract.heartbeat import WATCHDOG_NAME
from investiq.foundation.errors import InvestIQError
from investiq.promql.matcher import Matcher

__all__ = ["FAILED_PROBES", "NothingEvaluated", "alerts_shown", "targets_shown"]

FOR_MACHINES = "none"
"""The severity of alerts that page nobody: the heartbeat, and the test alert of `investiq up`."""

_HEARTBEAT = Matcher("alertname", "=", WATCHDOG_NAME)

FAILED_PROBES = "probe_success == 0"
"""What the blackbox exporter could not reach."""


class NothingEvaluated(InvestIQError):
    """Alertmanager answers, and has nothing from Prometheus, whose heartbeat always fires."""

    reason = "nothing_evaluated"
    retryable = True


async def targets_shown(prometheus: Prometheus) -> list[ScrapeTarget]:
    """All targets, by job. One that is probed from outside is up when its probe succeeds.

    Raises:
        ClientError: Prometheus does not answer, or not as it should.
    """
    targets, probes = await asyncio.gather(prometheus.targets(), prometheus.query(FAILED_PROBES))
    failed = {(probe.labels.get("job"), probe.labels.get("instance")) for probe in probes}
    # The exporter answers also when what it asked does not: to Prometheus that target is up.
    shown = [
        replace(target, health="down", error="the probe failed")
        if target.health == "up" and (target.job, target.instance) in failed
        else target
        for target in targets
    ]
    return sorted(shown, key=lambda target: (target.job, target.instance))


async def alerts_shown(alertmanager: AlertmanagerReader, *matchers: Matcher) -> list[FiringAlert]:
    """Firing alerts that all of `matchers` match, worst first, without those for machines.

    Raises:
        NothingEvaluated: there are none, and could be none: what fired is forgotten soon after Prometheus died.
        ClientError: Alertmanager does not answer, or not as it should.
    """
    alerts = await alertmanager.alerts(*matchers)
    if not alerts and not await alertmanager.alerts(_HEARTBEAT):
        raise NothingEvaluated(
            "Alertmanager receives nothing from Prometheus, not even the heartbeat, so no alert can fire"
        )
    return sorted((alert for alert in alerts if alert.severity != FOR_MACHINES), key=_rank)


def _rank(alert: FiringAlert) -> tuple[bool, int, float]:
    """Worst first: what pages before what is suppressed, critical before warning, oldest first."""
    return (alert.state != "active", {"critical": 0, "warning": 1}.get(alert.severity, 2), alert.since.timestamp())
