"""Two proofs that a stack works: it is watched, and it analyses. Asked of the running programs, never assumed.

A proof is a check: what is proven stands in `looked_at`, what is not is a finding.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from investiq.clients.api import AsyncInvestIQClient, ClientError
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.vocabulary import EngineStatus, HeartbeatState
from investiq.monitoring.routing.routes import TEST_ALERT
from investiq.monitoring.scraping.jobs import jobs
from investiq.operate.supervise.readiness import http_client
from investiq.operate.validate.runner import THIS_MACHINE, run_check_within

__all__ = ["ANALYSED", "WATCHED", "check_analysis", "check_monitored", "send_test_alert"]

WATCHED = "watched"
ANALYSED = "analysed"

_ASK_AGAIN_SECONDS = 0.25
_SPARE_SECONDS = 15.0
"""For the last answer of a proof that has used up its time."""

_LOGS = "see the logs of the parts that it names"


async def check_monitored(config: Config, without: Collection[str] = (), seconds: float = 45) -> CheckResult:
    """Every target of Prometheus is up, an alert given to Alertmanager arrives in the inbox, the heartbeat at the API.

    Args:
        without: scrape jobs that this stack does not have.
        seconds: how long all of it may take.
    """

    async def ask() -> CheckResult:
        async with http_client() as client:
            proofs = await asyncio.gather(
                _targets_up(config, without, client, seconds),
                _alert_delivered(config, client, seconds),
                _heartbeat_arrived(config, client, seconds),
            )
        proven = "; ".join(proof.looked_at for proof in proofs if not proof.findings)
        return CheckResult(WATCHED, proven or "nothing", tuple(one for proof in proofs for one in proof.findings))

    return await run_check_within(seconds + _SPARE_SECONDS, WATCHED, THIS_MACHINE, ask())


async def send_test_alert(config: Config, seconds: float = 20) -> CheckResult:
    """An alert given to Alertmanager arrives in the inbox within `seconds`."""
    async with http_client() as client:
        return await _alert_delivered(config, client, seconds)


async def check_analysis(config: Config, seconds: float = 30) -> CheckResult:
    """The first symbol can be analysed."""
    return await run_check_within(seconds + _SPARE_SECONDS, ANALYSED, THIS_MACHINE, _analysed(config, seconds))


async def _analysed(config: Config, seconds: float) -> CheckResult:
    deadline = time.monotonic() + seconds
    async with AsyncInvestIQClient(topology.API.url(config)) as client:
        while True:
            try:
                return await _first_analysis(client)
            except ClientError as error:
                if time.monotonic() > deadline:
                    return _unproven(ANALYSED, "api", f"the first analysis failed: {error.message}")
            await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _first_analysis(client: AsyncInvestIQClient) -> CheckResult:
    symbols = (await client.symbols())["symbols"]
    if not symbols:
        fix = "see `refused` in /api/symbols, and `investiq doctor data`"
        return _unproven(ANALYSED, "api", "there is no symbol with prices", fix)
    analysis = await client.analyze(symbols[0]["symbol"])
    overall = analysis["overall"]
    answered = [name for name, engine in analysis["engines"].items() if engine["status"] == EngineStatus.OK]
    if not answered:
        fix = f"`investiq analyze {analysis['symbol']}` says why"
        return _unproven(ANALYSED, "api", f"no engine could analyse {analysis['symbol']}", fix)
    return CheckResult(
        ANALYSED,
        f"{analysis['symbol']} on {analysis['as_of'][:10]}: {str(overall['signal']).replace('_', ' ')}, "
        f"score {overall['score']}, coverage {overall['coverage']} ({', '.join(answered)})",
    )


def _unproven(check: str, part: str, what: str, fix: str = _LOGS, why: str = "") -> CheckResult:
    return CheckResult(check, findings=(Finding(check, Place(PlaceKind.PART, part), what, fix, why),))


async def _targets_up(
    config: Config, without: Collection[str], client: httpx2.AsyncClient, seconds: float
) -> CheckResult:
    expected = {job.name for job in jobs(config)} - set(without)
    theirs = {service.name for service in config.services}
    url = f"{topology.PROMETHEUS.url(config)}/api/v1/targets?state=active"
    deadline = time.monotonic() + seconds
    while True:
        targets = (await _json(client, url)).get("data", {}).get("activeTargets", [])
        missing = expected - {target["labels"]["job"] for target in targets}
        down = [target for target in targets if target["health"] != "up"]
        # InvestIQ starts beside a service of the user that is down: to tell of that is what it is there for.
        ours = [target for target in down if target["labels"]["job"] not in theirs]
        if not missing and not ours:
            return CheckResult("targets", _up(targets, [target for target in down if target["health"] == "down"]))
        if time.monotonic() > deadline:
            return _unproven("targets", "prometheus", _not_up(missing, ours))
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


def _up(targets: Collection[dict[str, Any]], down: Collection[dict[str, Any]]) -> str:
    if not down:
        return f"all {len(targets)} targets of Prometheus are up"
    reasons = "; ".join(f"{target['labels']['job']}: {target['lastError']}" for target in down)
    return f"{len(targets) - len(down)} targets of Prometheus are up, but not every service of yours ({reasons})"


def _not_up(missing: Collection[str], down: Collection[dict[str, Any]]) -> str:
    reasons = [f"{job}: not scraped" for job in sorted(missing)]
    reasons += [f"{target['labels']['job']}: {target['lastError'] or target['health']}" for target in down]
    return f"Prometheus does not see every target up ({'; '.join(reasons)})"


async def _alert_delivered(config: Config, client: httpx2.AsyncClient, seconds: float) -> CheckResult:
    nonce = uuid.uuid4().hex
    started = time.monotonic()
    fix = f"see {Paths.of(config).logs / 'alertmanager.log'}; `investiq validate` names the broken link"
    why = "a page would not arrive either"
    if error := await _send_alert(config, client, nonce):
        what = f"Alertmanager did not take a test alert: {error}"
        return _unproven("alert", "alertmanager", what, fix, why)
    url = f"{topology.INBOX.url(config)}/api/notifications?alertname={TEST_ALERT}&limit=50"
    while True:
        notifications = (await _json(client, url)).get("notifications", [])
        took = time.monotonic() - started
        if any(notification["labels"].get("nonce") == nonce for notification in notifications):
            return CheckResult("alert", f"a test alert reached the inbox in {took:.1f} s")
        if took > seconds:
            what = f"a test alert did not reach the inbox in {seconds:g} s"
            return _unproven("alert", "alertmanager", what, fix, why)
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _heartbeat_arrived(config: Config, client: httpx2.AsyncClient, seconds: float) -> CheckResult:
    """The API hears the monitoring; before that, trading is halted."""
    if not config.trading.require_monitoring:
        return CheckResult("heartbeat", "trading needs no heartbeat (require_monitoring = false)")
    url = f"{topology.API.url(config)}/api/trading/status"
    deadline = time.monotonic() + seconds
    while True:
        monitoring = (await _json(client, url)).get("monitoring", {})
        if monitoring.get("heartbeat") == HeartbeatState.FRESH:
            return CheckResult("heartbeat", "the heartbeat reaches the API")
        if time.monotonic() > deadline:
            told = monitoring.get("note") or "the API does not answer"
            what = f"no heartbeat reached the API in {seconds:g} s: {told}"
            return _unproven("heartbeat", "api", what, why="trading stays halted without it")
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _send_alert(config: Config, client: httpx2.AsyncClient, nonce: str) -> str:
    now = datetime.now(UTC)
    alert = {
        "labels": {"alertname": TEST_ALERT, "severity": "none", "nonce": nonce},
        "annotations": {"summary": "A test: alerts reach the inbox."},
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(seconds=20)).isoformat(),
    }
    try:
        url = f"{topology.ALERTMANAGER.url(config)}/api/v2/alerts"
        response = await client.post(url, json=[alert])
    except httpx2.HTTPError as error:
        return str(error) or type(error).__name__
    return "" if response.is_success else f"{response.status_code} {response.text[:200]}"


async def _json(client: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    """The document at `url`; nothing while nobody answers, since the question is asked again."""
    try:
        response = await client.get(url)
        document = response.json() if response.is_success else {}
    except (httpx2.HTTPError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
