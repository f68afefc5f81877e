"""Whether Prometheus scrapes what it should, the probes succeed, and its alerts have somewhere to go."""

from __future__ import annotations

from collections.abc import Sequence

from investiq.foundation import topology
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.monitoring.exporters.blackbox import PROBE_SUCCESS, PROBED
from investiq.monitoring.scraping.probes import probes
from investiq.monitoring.selectors import series
from investiq.operate.validate.live.context import RESTART, START, ValidationContext
from investiq.promql.matcher import eq

__all__ = ["check_alertmanager_known", "check_probes", "check_targets"]

_UNHEARD = "alerts on its metrics cannot fire"


async def check_targets(context: ValidationContext) -> CheckResult:
    """Every scrape job is there, and every target answers."""
    targets = await context.prometheus.targets()
    seen = {target.job for target in targets}
    findings = [
        Finding("targets", Place(PlaceKind.TARGET, job), "Prometheus does not scrape it", RESTART, _UNHEARD)
        for job in sorted(context.jobs - seen)
    ]
    for target in targets:
        if target.health != "up":
            place = Place(PlaceKind.TARGET, f"{target.job} {target.instance}")
            findings.append(Finding("targets", place, target.error or target.health, START, _UNHEARD))
    return CheckResult("targets", f"{len(targets)} targets of {len(seen)} jobs", tuple(findings))


async def check_probes(context: ValidationContext) -> CheckResult:
    """Each service that is probed from outside answers its probe as it should."""
    if topology.PROBES in context.without:
        return CheckResult("probes", "none: the blackbox exporter is not installed")
    samples = await context.prometheus.query(series(PROBE_SUCCESS, eq("job", topology.PROBES)))
    verdicts = {sample.labels.get(PROBED): sample.value for sample in samples}
    wanted = probes(context.config)
    findings = [_probe(probe.url, verdicts.get(probe.service)) for probe in wanted if verdicts.get(probe.service) != 1]
    return CheckResult("probes", f"{len(wanted)} services from outside", tuple(findings))


def _probe(url: str, verdict: float | None) -> Finding:
    place = Place(PlaceKind.ADDRESS, url)
    if verdict is None:
        why = "nobody is told when it cannot be reached"
        return Finding("probes", place, "Prometheus has no result of its probe", RESTART, why)
    return Finding("probes", place, "its probe fails", f"ask it: `curl -i {url}`", "its users may not reach it either")


async def check_alertmanager_known(context: ValidationContext) -> CheckResult:
    """Prometheus has an Alertmanager for its alerts; on this machine, the one that is configured."""
    active = await context.prometheus.alertmanagers()
    return CheckResult("alertmanager-known", f"{len(active)} Alertmanagers", tuple(_unknown(context, active)))


def _unknown(context: ValidationContext, active: Sequence[str]) -> list[Finding]:
    place = Place(PlaceKind.ADDRESS, context.prometheus.url)
    if not active:
        what = "Prometheus knows no Alertmanager: no alert leaves it"
        return [Finding("alertmanager-known", place, what, START)]
    ours = topology.ALERTMANAGER.url(context.config)
    if context.here and not any(url.startswith(f"{ours}/") for url in active):
        what = f"its alerts go to {', '.join(active)}, not to {ours}"
        why = "the receivers that are configured here hear nothing"
        return [Finding("alertmanager-known", place, what, RESTART, why)]
    return []
