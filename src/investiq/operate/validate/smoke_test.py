"""Two proofs that a stack works: it is watched, and it analyses. Asked of the running programs, never assumed."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from investiq.clients.api import AsyncInvestIQClient, ClientError
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.vocabulary import EngineStatus, HeartbeatState
from investiq.monitoring.routing.routes import TEST_ALERT
from investiq.monitoring.scraping.jobs import jobs
from investiq.operate.supervise.readiness import http_client

__all__ = ["SmokeTestResult", "check_analysis", "check_monitored", "send_test_alert"]

_ASK_AGAIN_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class SmokeTestResult:
    """What was asked and what came of it; `text` is for people, and names the next step when it is not proven."""

    name: str
    proven: bool
    text: str


async def check_monitored(config: Config, without: Collection[str] = (), seconds: float = 45) -> SmokeTestResult:
    """Every target of Prometheus is up, an alert given to Alertmanager arrives in the inbox, the heartbeat at the API.

    Args:
        without: scrape jobs that this stack does not have.
        seconds: how long all of it may take.
    """
    async with http_client() as client:
        proofs = await asyncio.gather(
            _targets_up(config, without, client, seconds),
            _alert_delivered(config, client, seconds),
            _heartbeat_arrived(config, client, seconds),
        )
    return SmokeTestResult("watched", all(proof.proven for proof in proofs), "; ".join(proof.text for proof in proofs))


async def send_test_alert(config: Config, seconds: float = 20) -> SmokeTestResult:
    """An alert given to Alertmanager arrives in the inbox within `seconds`."""
    async with http_client() as client:
        return await _alert_delivered(config, client, seconds)


async def check_analysis(config: Config, seconds: float = 30) -> SmokeTestResult:
    """The first symbol can be analysed."""
    deadline = time.monotonic() + seconds
    async with AsyncInvestIQClient(topology.API.url(config)) as client:
        while True:
            try:
                return await _first_analysis(client)
            except ClientError as error:
                if time.monotonic() > deadline:
                    return SmokeTestResult("analysed", False, f"the first analysis failed: {error.message}")
            await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _first_analysis(client: AsyncInvestIQClient) -> SmokeTestResult:
    symbols = (await client.symbols())["symbols"]
    if not symbols:
        return SmokeTestResult("analysed", False, "there is no symbol with prices: see `refused` in /api/symbols")
    analysis = await client.analyze(symbols[0]["symbol"])
    overall = analysis["overall"]
    answered = [name for name, engine in analysis["engines"].items() if engine["status"] == EngineStatus.OK]
    if not answered:
        return SmokeTestResult(
            "analysed", False, f"no engine could analyse {analysis['symbol']}: `investiq analyze` says why"
        )
    text = (
        f"{analysis['symbol']} on {analysis['as_of'][:10]}: {str(overall['signal']).replace('_', ' ')}, "
        f"score {overall['score']}, coverage {overall['coverage']} ({', '.join(answered)})"
    )
    return SmokeTestResult("analysed", True, text)


async def _targets_up(
    config: Config, without: Collection[str], client: httpx2.AsyncClient, seconds: float
) -> SmokeTestResult:
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
            return SmokeTestResult(
                "targets", True, _up(targets, [target for target in down if target["health"] == "down"])
            )
        if time.monotonic() > deadline:
            return SmokeTestResult("targets", False, _not_up(missing, ours))
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


async def _alert_delivered(config: Config, client: httpx2.AsyncClient, seconds: float) -> SmokeTestResult:
    nonce = uuid.uuid4().hex
    started = time.monotonic()
    if error := await _send_alert(config, client, nonce):
        return SmokeTestResult("alert", False, f"Alertmanager did not take a test alert: {error}")
    url = f"{topology.INBOX.url(config)}/api/notifications?alertname={TEST_ALERT}&limit=50"
    while True:
        notifications = (await _json(client, url)).get("notifications", [])
        took = time.monotonic() - started
        if any(notification["labels"].get("nonce") == nonce for notification in notifications):
            return SmokeTestResult("alert", True, f"a test alert reached the inbox in {took:.1f} s")
        if took > seconds:
            return SmokeTestResult("alert", False, f"a test alert did not reach the inbox in {seconds:g} s")
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _heartbeat_arrived(config: Config, client: httpx2.AsyncClient, seconds: float) -> SmokeTestResult:
    """The API hears the monitoring; before that, trading is halted."""
    if not config.trading.require_monitoring:
        return SmokeTestResult("heartbeat", True, "trading needs no heartbeat (require_monitoring = false)")
    url = f"{topology.API.url(config)}/api/trading/status"
    deadline = time.monotonic() + seconds
    while True:
        monitoring = (await _json(client, url)).get("monitoring", {})
        if monitoring.get("heartbeat") == HeartbeatState.FRESH:
            return SmokeTestResult("heartbeat", True, "the heartbeat reaches the API")
        if time.monotonic() > deadline:
            told = monitoring.get("note") or "the API does not answer"
            return SmokeTestResult("heartbeat", False, f"no heartbeat reached the API in {seconds:g} s: {told}")
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
