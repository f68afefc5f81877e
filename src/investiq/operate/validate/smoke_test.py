"""Two proofs that a stack works: it is watched, and it analyses. Asked of the running programs, never assumed.

A proof is a check: what is proven stands in `looked_at`, what is not is a finding.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Collection
from datetime import timedelta
from typing import TypeVar

from investiq.clients.alertmanager.client import Alertmanager
from investiq.clients.api import AsyncInvestIQClient
from investiq.clients.inbox import InboxClient
from investiq.clients.prometheus import Prometheus, ScrapeTarget
from investiq.clients.session import ClientError, HttpCredentials, HttpSettings, TimedOut, Unreachable
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.vocabulary import EngineStatus, HeartbeatState
from investiq.monitoring.routing.routes import TEST_ALERT
from investiq.monitoring.scraping.jobs import jobs
from investiq.operate.validate.runner import THIS_MACHINE, run_check_within

__all__ = ["ANALYSED", "WATCHED", "check_analysis", "check_monitored", "send_test_alert"]

WATCHED = "watched"
ANALYSED = "analysed"

Answer = TypeVar("Answer")

_ASK_AGAIN_SECONDS = 0.25
_SETTINGS = HttpSettings(timeout_seconds=2.0)
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
        proofs = await asyncio.gather(
            _targets_up(config, without, seconds),
            send_test_alert(config, seconds),
            _heartbeat_arrived(config, seconds),
        )
        proven = "; ".join(proof.looked_at for proof in proofs if not proof.findings)
        return CheckResult(WATCHED, proven or "nothing", tuple(one for proof in proofs for one in proof.findings))

    return await run_check_within(seconds + _SPARE_SECONDS, WATCHED, THIS_MACHINE, ask())


async def send_test_alert(config: Config, seconds: float = 20) -> CheckResult:
    """An alert given to Alertmanager arrives in the inbox within `seconds`."""
    async with Alertmanager.of(config, _SETTINGS) as alertmanager, InboxClient.of(config, _SETTINGS) as inbox:
        return await _alert_delivered(config, alertmanager, inbox, seconds)


async def check_analysis(config: Config, seconds: float = 30) -> CheckResult:
    """The first symbol can be analysed."""
    return await run_check_within(seconds + _SPARE_SECONDS, ANALYSED, THIS_MACHINE, _analysed(config, seconds))


async def _analysed(config: Config, seconds: float) -> CheckResult:
    deadline = time.monotonic() + seconds
    key = HttpCredentials.of(topology.API, config).own_token
    async with AsyncInvestIQClient(topology.API.url(config), key) as client:
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


async def _targets_up(config: Config, without: Collection[str], seconds: float) -> CheckResult:
    expected = {job.name for job in jobs(config)} - set(without)
    theirs = {service.name for service in config.services}
    deadline = time.monotonic() + seconds
    async with Prometheus.of(config, _SETTINGS) as prometheus:
        while True:
            targets = await _answer(prometheus.targets(), deadline) or []
            missing = expected - {target.job for target in targets}
            down = [target for target in targets if target.health != "up"]
            # InvestIQ starts beside a service of the user that is down: to tell of that is what it is there for.
            ours = [target for target in down if target.job not in theirs]
            if not missing and not ours:
                return CheckResult("targets", _up(targets, [target for target in down if target.health == "down"]))
            if time.monotonic() > deadline:
                return _unproven("targets", "prometheus", _not_up(missing, ours))
            await asyncio.sleep(_ASK_AGAIN_SECONDS)


def _up(targets: Collection[ScrapeTarget], down: Collection[ScrapeTarget]) -> str:
    if not down:
        return f"all {len(targets)} targets of Prometheus are up"
    reasons = "; ".join(f"{target.job}: {target.error}" for target in down)
    return f"{len(targets) - len(down)} targets of Prometheus are up, but not every service of yours ({reasons})"


def _not_up(missing: Collection[str], down: Collection[ScrapeTarget]) -> str:
    reasons = [f"{job}: not scraped" for job in sorted(missing)]
    reasons += [f"{target.job}: {target.error or target.health}" for target in down]
    return f"Prometheus does not see every target up ({'; '.join(reasons)})"


async def _alert_delivered(
    config: Config, alertmanager: Alertmanager, inbox: InboxClient, seconds: float
) -> CheckResult:
    nonce = uuid.uuid4().hex
    started = time.monotonic()
    fix = f"see {Paths.of(config).logs / 'alertmanager.log'}; `investiq validate` names the broken link"
    why = "a page would not arrive either"
    labels = {"alertname": TEST_ALERT, "severity": "none", "nonce": nonce}
    try:
        await alertmanager.put_alert(labels, {"summary": "A test: alerts reach the inbox."}, timedelta(seconds=20))
    except ClientError as error:
        what = f"Alertmanager did not take a test alert: {error.what}"
        return _unproven("alert", "alertmanager", what, fix, why)
    while True:
        messages = await _answer(inbox.notifications(50, alertname=TEST_ALERT), started + seconds) or []
        took = time.monotonic() - started
        if any(message.labels.get("nonce") == nonce for message in messages):
            return CheckResult("alert", f"a test alert reached the inbox in {took:.1f} s")
        if took > seconds:
            what = f"a test alert did not reach the inbox in {seconds:g} s"
            return _unproven("alert", "alertmanager", what, fix, why)
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _heartbeat_arrived(config: Config, seconds: float) -> CheckResult:
    """The API hears the monitoring; before that, trading is halted."""
    if not config.trading.require_monitoring:
        return CheckResult("heartbeat", "trading needs no heartbeat (require_monitoring = false)")
    deadline = time.monotonic() + seconds
    key = HttpCredentials.of(topology.API, config).own_token
    async with AsyncInvestIQClient(topology.API.url(config), key, timeout=_SETTINGS.timeout_seconds) as client:
        while True:
            status = await _answer(client.trading_status(), deadline)
            if status is not None and status["monitoring"]["heartbeat"] == HeartbeatState.FRESH:
                return CheckResult("heartbeat", "the heartbeat reaches the API")
            if time.monotonic() > deadline:
                told = "the API does not answer" if status is None else status["monitoring"]["note"]
                what = f"no heartbeat reached the API in {seconds:g} s: {told}"
                return _unproven("heartbeat", "api", what, why="trading stays halted without it")
            await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _answer(question: Awaitable[Answer], deadline: float) -> Answer | None:
    """What is answered; None while nobody answers, or not well yet, since the question is asked again.

    Raises:
        Refused, BadResponse: at the deadline, of an answer that proves nothing.
    """
    try:
        return await question
    except (Unreachable, TimedOut):
        return None
    except ClientError:
        if time.monotonic() > deadline:
            raise
        return None
