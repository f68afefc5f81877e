"""The points of the checklist: the guide's sixteen in its order and words, and two of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from investiq.foundation.findings import CheckResult
from investiq.foundation.vocabulary import SIGNED_POINTS, ChecklistPoint
from investiq.operate.checklist import (
    audit,
    backup,
    backup_password,
    channels,
    dashboard,
    drills,
    endpoint,
    endpoint_secured,
    load,
    meta_monitoring,
    metrics,
    passwords,
    proxy,
    retention,
    rules,
    services,
    training,
    validation,
)
from investiq.operate.checklist.deployment import Deployment

__all__ = ["POINTS", "Point"]


@dataclass(frozen=True, slots=True)
class Point:
    """One point.

    Attributes:
        title: the guide's words.
        check: what a program can see of it.
        for_paper: trading on paper needs it too, not only trading with money.
    """

    name: ChecklistPoint
    title: str
    check: Callable[[Deployment], Awaitable[CheckResult]]
    for_paper: bool = False

    @property
    def is_signed(self) -> bool:
        """Whether a person has to sign for it besides."""
        return self.name in SIGNED_POINTS


POINTS = (
    Point(metrics.POINT, "Prometheus metrics implemented in the API server", metrics.check, for_paper=True),
    Point(endpoint.POINT, "/metrics endpoint exposed and tested", endpoint.check, for_paper=True),
    Point(services.POINT, "Monitoring services started", services.check, for_paper=True),
    Point(dashboard.POINT, "Dashboard accessible and showing data", dashboard.check, for_paper=True),
    Point(passwords.POINT, "Default passwords changed", passwords.check, for_paper=True),
    Point(rules.POINT, "Alert rules reviewed and customised", rules.check),
    Point(channels.POINT, "Alertmanager configured with notification channels", channels.check),
    Point(proxy.POINT, "Reverse proxy configured with TLS", proxy.check),
    Point(endpoint_secured.POINT, "Metrics endpoint secured", endpoint_secured.check, for_paper=True),
    Point(backup.POINT, "Backup strategy implemented", backup.check),
    Point(retention.POINT, "Retention policies configured", retention.check, for_paper=True),
    Point(meta_monitoring.POINT, "Meta-monitoring set up", meta_monitoring.check, for_paper=True),
    Point(validation.POINT, "Validation script passes", validation.check, for_paper=True),
    Point(load.POINT, "Load testing performed", load.check),
    Point(drills.POINT, "Alerts tested and verified", drills.check),
    Point(training.POINT, "Team trained on dashboard usage", training.check),
    Point(backup_password.POINT, "Password of the backups kept elsewhere", backup_password.check),
    Point(audit.POINT, "Log of changes whole", audit.check),
)
