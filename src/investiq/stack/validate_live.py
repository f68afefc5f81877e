"""`investiq validate`: asks the running monitoring whether it watches.

Each question is a function of its own that answers with a `Checked`; a program that does not answer is a finding of the
first question that needs it, and the questions behind it are named as not asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import httpx2

from investiq.config import Config, addresses
from investiq.monitoring.alert import Alert
from investiq.monitoring.checks import Checked, Finding
from investiq.monitoring.jobs import jobs
from investiq.monitoring.routing import receiver_names
from investiq.monitoring.rules import alerts_of
from investiq.telemetry import catalogue
from investiq.telemetry.catalogue import Kind, Metric

__all__ = ["HEARTBEAT_SECONDS", "RULE_STALE_SECONDS", "validate_live"]

HEARTBEAT_SECONDS = 30.0
"""Age from which the heartbeat counts as lost; one arrives every 10 s."""

RULE_STALE_SECONDS = 60.0
"""A rule is evaluated every 10 s; one that was not for six rounds is stuck."""

_START = "`investiq status` names what is down; `investiq up PART` starts it"
_RELOAD = "it runs with the files of another start: `investiq down`, then `investiq up`"


class _NoAnswer(Exception):
    """A program did not answer as it should; the text says how."""


def validate_live(config: Config, client: httpx2.Client, without: Collection[str] = ()) -> list[Checked]:
    """Every check of the running stack.

    Args:
        without: scrape jobs whose program this machine does not have.
    """
    prometheus = addresses.base_url(addresses.prometheus(config))
    alertmanager = addresses.base_url(addresses.alertmanager(config))
    inbox = addresses.base_url(addresses.inbox(config))
    expected_jobs = {job.name for job in jobs(config)} - set(without)
    expected_alerts = [alert for alerts in alerts_of(config, without).values() for alert in alerts]
    return [
        _asked("targets", prometheus, lambda: _targets(client, prometheus, expected_jobs)),
        _asked("rules", prometheus, lambda: _rules(client, prometheus, expected_alerts)),
        _asked("metrics", prometheus, lambda: _metrics(client, prometheus, expected_jobs)),
        _asked("alertmanager-known", prometheus, lambda: _alertmanager_known(client, prometheus)),
        _asked("receivers", alertmanager, lambda: _receivers(client, alertmanager, receiver_names(config))),
        _asked("inbox", inbox, lambda: _inbox(client, inbox)),
    ]


def _asked(check: str, where: str, question: Callable[[], Checked]) -> Checked:
    try:
        return question()
    except _NoAnswer as error:
        return Checked(check, "nothing", (Finding(check, where, str(error), _START),))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"it answers, but not as expected ({type(error).__name__}: {error})"
        fix = "see which program has the port: `investiq doctor`"
        return Checked(check, "nothing", (Finding(check, where, what, fix, unchecked=True),))


def _targets(client: httpx2.Client, prometheus: str, expected: Collection[str]) -> Checked:
    targets = _data(client, f"{prometheus}/api/v1/targets?state=active")["activeTargets"]
    seen = {target["labels"]["job"] for target in targets}
    findings = [
        Finding("targets", job, "Prometheus does not scrape it", _RELOAD) for job in sorted(set(expected) - seen)
    ]
    for target in targets:
        if target["health"] != "up":
            where = f"{target['labels']['job']} {target['labels']['instance']}"
            findings.append(Finding("targets", where, target["lastError"] or target["health"], _START))
    return Checked("targets", f"{len(targets)} targets of {len(seen)} jobs", tuple(findings))


def _rules(client: httpx2.Client, prometheus: str, alerts: Collection[Alert]) -> Checked:
    groups = _data(client, f"{prometheus}/api/v1/rules")["groups"]
    loaded = {
        (rule["name"], rule.get("labels", {}).get("severity", "")): rule for group in groups for rule in group["rules"]
    }
    findings: list[Finding] = []
    for alert in alerts:
        where = f"{alert.name} ({alert.severity})"
        rule = loaded.get(alert.key)
        if rule is None:
            findings.append(Finding("rules", where, "Prometheus has not loaded it", _RELOAD))
        elif rule["health"] != "ok":
            findings.append(Finding("rules", where, f"it does not evaluate: {rule.get('lastError')}", _RELOAD))
        elif (age := _age_seconds(rule["lastEvaluation"])) > RULE_STALE_SECONDS:
            findings.append(Finding("rules", where, f"it was last evaluated {age:.0f} s ago", _RELOAD))
    return Checked("rules", f"{len(alerts)} alerts", tuple(findings))


def _metrics(client: httpx2.Client, prometheus: str, expected_jobs: Collection[str]) -> Checked:
    """Every metric of the catalogue has a sample from each part that emits it."""
    result = _data(client, f"{prometheus}/api/v1/query", query='count by (__name__, job) ({__name__=~"investiq_.+"})')
    present = {(row["metric"]["__name__"], row["metric"].get("job")) for row in result["result"]}
    wanted = {(_sample_name(m), part.value) for m in catalogue.ALL for part in m.parts if part.value in expected_jobs}
    fix = "see whether the part is up; if it is, it does not emit what the catalogue promises"
    findings = [
        Finding("metrics", name, f"Prometheus has no fresh sample of it from {job}", fix)
        for name, job in sorted(wanted - present)
    ]
    return Checked("metrics", f"{len(catalogue.ALL)} metrics", tuple(findings))


def _sample_name(metric: Metric) -> str:
    return f"{metric.name}_count" if metric.kind is Kind.HISTOGRAM else metric.name


def _alertmanager_known(client: httpx2.Client, prometheus: str) -> Checked:
    active = _data(client, f"{prometheus}/api/v1/alertmanagers")["activeAlertmanagers"]
    none = Finding("alertmanager-known", prometheus, "Prometheus knows no Alertmanager: no alert leaves it", _START)
    return Checked("alertmanager-known", f"{len(active)} Alertmanagers", () if active else (none,))


def _receivers(client: httpx2.Client, alertmanager: str, expected: Collection[str]) -> Checked:
    present = {receiver["name"] for receiver in _get(client, f"{alertmanager}/api/v2/receivers")}
    findings = [
        Finding("receivers", name, "Alertmanager has no such receiver", _RELOAD)
        for name in expected
        if name not in present
    ]
    return Checked("receivers", f"{len(present)} receivers", tuple(findings))


def _inbox(client: httpx2.Client, inbox: str) -> Checked:
    """The inbox works, and the heartbeat of Prometheus reaches it: the whole way of a page, proven."""
    health = _get(client, f"{inbox}/health", accept=(200, 503))
    findings = []
    if health["status"] != "ok":
        findings.append(
            Finding("inbox", inbox, str(health["dependencies"]["database"]["error"]), "see `df -h .` and inbox.log")
        )
    age = health["heartbeat"]["age_seconds"]
    if age is None or age > HEARTBEAT_SECONDS:
        what = "no heartbeat has arrived" if age is None else f"the latest heartbeat is {age:.0f} s old"
        findings.append(Finding("inbox", "Watchdog", what, "docs/runbooks/monitoring.md#watchdog"))
    return Checked("inbox", "health and heartbeat", tuple(findings))


def _data(client: httpx2.Client, url: str, query: str | None = None) -> Mapping[str, Any]:
    document: Mapping[str, Any] = _get(client, url, query)["data"]
    return document


def _get(client: httpx2.Client, url: str, query: str | None = None, accept: Collection[int] = (200,)) -> Any:
    try:
        response = client.get(url, params={"query": query} if query else None)
    except httpx2.HTTPError as error:
        raise _NoAnswer(f"it does not answer ({error or type(error).__name__})") from error
    if response.status_code not in accept:
        raise _NoAnswer(f"it answers {response.status_code} to {response.request.url.path}")
    return response.json()


def _age_seconds(moment: str) -> float:
    return time.time() - datetime.fromisoformat(moment).timestamp()
