"""Meta-monitoring set up: who watches the watchers."""

from __future__ import annotations

from collections.abc import Iterator

from investiq.foundation.config import Config
from investiq.foundation.findings import CheckResult
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import taken_over
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.META_MONITORING


async def check(deployment: Deployment) -> CheckResult:
    """Prometheus scrapes every program of the monitoring, the probes succeed, and the heartbeat arrives."""
    checked = await deployment.validated(["targets", "probes", "alertmanager-known", "heartbeat"])
    seen = {one.check: one.looked_at for one in checked}
    evidence = (
        f"Prometheus scrapes {seen['targets']}, all up; {seen['probes']} answer; "
        f"the heartbeat arrives ({seen['heartbeat']})"
    )
    return CheckResult(POINT, evidence, tuple(taken_over(POINT, checked)), tuple(_notes(deployment.config)))


def _notes(config: Config) -> Iterator[str]:
    if config.notify.deadmans_switch_url is None:
        yield "nobody is told when this whole machine dies: set notify.deadmans_switch_url"
    if not config.trading.require_monitoring:
        yield "trading goes on unwatched: trading.require_monitoring is false"
