"""`/metrics` of the API exposed, and tested: a request that is made is counted."""

from __future__ import annotations

from datetime import UTC, datetime

from investiq.clients.session import Answer, HttpCredentials
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.findings import CheckResult, Place, PlaceKind
from investiq.foundation.telemetry.catalogue import REQUEST_DURATION
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.monitoring.scraping.jobs import METRICS_TOKEN_FILE
from investiq.operate.checklist.answers import done, not_done
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.ENDPOINT
_ASKED = "/api/market"


async def check(deployment: Deployment) -> CheckResult:
    """Read it as Prometheus does, ask the API something, and read it again."""
    url = topology.API.url(deployment.config)
    before = await _read(deployment)
    await deployment.api.market()
    after = await _read(deployment)
    place = Place(PlaceKind.ADDRESS, f"{url}/metrics")
    fix = f"`investiq status`, then see {Paths.of(deployment.config).logs / 'api.log'}"
    if not after.is_success or "# TYPE " not in after.text:
        return not_done(POINT, place, f"it answers {after.status}, and not with metrics", fix)
    counts = [_count(answer.text) for answer in (before, after)]
    if counts[1] <= counts[0]:
        return not_done(POINT, place, f"a request to {_ASKED} was not counted: {counts[0]:g} before and after", fix)
    targets = [target for target in await deployment.prometheus.targets() if target.job == topology.API.job]
    if not targets or targets[0].health != "up" or targets[0].last_scrape is None:
        why = (targets[0].error or "it was not scraped yet") if targets else "it is none of its targets"
        return not_done(POINT, place, f"Prometheus does not scrape it: {why}", "`investiq validate --only targets`")
    age = (datetime.now(UTC) - targets[0].last_scrape).total_seconds()
    evidence = f"a request to {_ASKED} was counted ({counts[0]:g}, then {counts[1]:g}); Prometheus scraped it"
    return done(POINT, f"{evidence} {max(age, 0):.0f} s ago")


async def _read(deployment: Deployment) -> Answer:
    url = f"{topology.API.url(deployment.config)}/metrics"
    return await deployment.own.ask(url, credentials=_credentials(deployment.config))


def _credentials(config: Config) -> HttpCredentials:
    """Those of Prometheus."""
    token = Paths.of(config).monitoring / METRICS_TOKEN_FILE
    return HttpCredentials(own_token=token) if config.api.metrics_token is not None else HttpCredentials()


def _count(exposition: str) -> float:
    """Requests of `_ASKED` so far."""
    counted = (line for line in exposition.splitlines() if line.startswith(f"{REQUEST_DURATION.name}_count{{"))
    return sum(float(line.rpartition(" ")[2]) for line in counted if f'endpoint="{_ASKED}"' in line)
