"""Alertmanager configured with notification channels: each has taken a page, by Alertmanager's own counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from investiq.clients.prometheus import Prometheus
from investiq.foundation import topology
from investiq.foundation.config import Paths
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint, Severity
from investiq.monitoring.exporters.alertmanager import REQUESTS, REQUESTS_FAILED
from investiq.monitoring.exporters.process import START_TIME
from investiq.monitoring.selectors import series
from investiq.operate.checklist.answers import lacking, not_checked, not_done
from investiq.operate.checklist.deployment import Deployment
from investiq.promql.matcher import eq

__all__ = ["check"]

POINT = ChecklistPoint.CHANNELS

_OUTSIDE = (Severity.CRITICAL.value, Severity.WARNING.value)
"""The receivers of Alertmanager that reach people elsewhere."""

_KINDS = {"discord_configs": "discord", "pagerduty_configs": "pagerduty", "webhook_configs": "webhook"}
"""How Alertmanager's configuration calls a channel -> how its counters do."""

_WEBHOOK = "webhook"
_ON_ITS_WAY = timedelta(minutes=5)
"""A warning waits for half a minute, and a webhook is tried again for minutes."""

_CONFIGURE = "set DISCORD_WEBHOOK_URL, PAGERDUTY_KEY or notify.webhook_url, then `investiq down`, `investiq up`"
_TRY = "let a page reach it: `investiq down {part}`, wait for three minutes, `investiq up {part}`"
_PARTS = {"pagerduty": "api"}
"""Whose death reaches it: only what is critical wakes by PagerDuty. Elsewhere, that of the signal models will do."""


@dataclass(frozen=True, slots=True)
class _Requests:
    """What Alertmanager has sent through one kind of channel, since the metrics of this Prometheus begin."""

    delivered: float
    failed: float


async def check(deployment: Deployment) -> CheckResult:
    """Which channels the running Alertmanager has, and whether something came through each."""
    channels = _channels(await deployment.alertmanager.config())
    if not channels:
        place = Place(PlaceKind.PART, topology.ALERTMANAGER.name)
        what = "it has no receiver outside this machine: a page ends in the inbox here, where nobody may look"
        return not_done(POINT, place, what, _CONFIGURE)
    counted = await _counted(deployment.prometheus, deployment.config.monitoring.retention_days)
    seen, findings = [], list[Finding]()
    for channel in channels:
        proof = await _proof(deployment, channel, counted.get(channel, _Requests(0, 0)))
        if isinstance(proof, Finding):
            findings.append(proof)
        else:
            seen.append(proof)
    return CheckResult(POINT, f"by Alertmanager's own counters, {'; '.join(seen)}", tuple(findings))


def _channels(running: Mapping[str, Any]) -> list[str]:
    """The kinds of channels through which people elsewhere are told."""
    outside = [receiver for receiver in running.get("receivers", ()) if receiver.get("name") in _OUTSIDE]
    return [kind for key, kind in _KINDS.items() if any(receiver.get(key) for receiver in outside)]


async def _counted(prometheus: Prometheus, days: int) -> Mapping[str, _Requests]:
    """Through each kind: the most that any life of Alertmanager delivered, and what failed in this one."""
    all_sent = f"sum by (integration) ({series(REQUESTS)})"
    all_failed = f"sum by (integration) ({series(REQUESTS_FAILED)})"
    through = f"{all_sent} - ({all_failed} or {all_sent} * 0)"
    now, ever, failed = [
        {sample.labels.get("integration", ""): sample.value for sample in await prometheus.query(expression)}
        for expression in (through, f"max_over_time(({through})[{days}d:15m])", all_failed)
    ]
    return {
        kind: _Requests(max(now.get(kind, 0), ever.get(kind, 0)), failed.get(kind, 0)) for kind in now.keys() | ever
    }


async def _proof(deployment: Deployment, channel: str, requests: _Requests) -> str | Finding:
    """How it is known that a page came through, or what is wrong."""
    place = Place(PlaceKind.ROUTE, channel)
    if channel == _WEBHOOK:
        return await _webhook_proof(deployment, place, requests)
    if requests.delivered > 0:
        return f"{channel} took {requests.delivered:.0f} notifications"
    if requests.failed > 0:
        what = f"{requests.failed:.0f} notifications were tried, and none came through"
        fix = f"see why in {_log(deployment)}, then correct its address or key"
        return lacking(POINT, place, what, fix)
    return lacking(POINT, place, "it is configured, and nothing was ever delivered through it", _fix(channel))


async def _webhook_proof(deployment: Deployment, place: Place, requests: _Requests) -> str | Finding:
    """Alertmanager counts all webhooks as one kind, and the inbox is one: a page that the inbox has went to the other
    too, and where no webhook has failed since Alertmanager started, both have it.
    """
    if requests.failed > 0:
        what = f"{requests.failed:.0f} webhooks failed, and Alertmanager does not tell the inbox's from yours"
        return not_checked(POINT, place, what, f"see which in {_log(deployment)}")
    started = await deployment.prometheus.query(series(START_TIME, eq("job", topology.ALERTMANAGER.job)))
    since = datetime.fromtimestamp(started[0].value, UTC) if started else datetime.now(UTC)
    pages = await deployment.inbox.notifications(200, since=since.isoformat())
    settled = datetime.now(UTC) - _ON_ITS_WAY
    told = [page for page in pages if page.severity in _OUTSIDE and page.received_at < settled]
    if not told:
        return lacking(
            POINT, place, "it is configured, and no page has gone out since Alertmanager started", _fix(_WEBHOOK)
        )
    return f"no webhook failed since {since:%Y-%m-%d %H:%M} UTC, in which {len(told)} pages went out"


def _fix(channel: str) -> str:
    return _TRY.format(part=_PARTS.get(channel, "signals"))


def _log(deployment: Deployment) -> Path:
    return Paths.of(deployment.config).logs / f"{topology.ALERTMANAGER.name}.log"
