"""Reads Prometheus, Alertmanager and the inbox over HTTP, as typed values."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2

from investiq.clients.alertmanager.silence import Silence, silence_of
from investiq.foundation.contract.heartbeat import WATCHDOG_NAME
from investiq.foundation.errors import InvestIQError
from investiq.promql.matcher import Matcher

__all__ = [
    "AlertmanagerReader",
    "FiringAlert",
    "InboxMessage",
    "InboxReader",
    "PrometheusReader",
    "RangeSeries",
    "Sample",
    "ScrapeTarget",
]

TIMEOUT_SECONDS = 3.0
FOR_MACHINES = "none"
"""The severity of alerts that page nobody: the heartbeat, and the test alert of `investiq up`."""

_HEARTBEAT = Matcher("alertname", "=", WATCHDOG_NAME)

FAILED_PROBES = "probe_success == 0"
"""What the blackbox exporter could not reach."""

Sample = tuple[int, float]
"""Unix second and value."""


class NoAnswer(InvestIQError):
    """A watcher does not answer, or not as expected."""

    reason = "unreachable"
    retryable = True


class NothingEvaluated(InvestIQError):
    """Alertmanager answers, and has nothing from Prometheus, whose heartbeat always fires."""

    reason = "nothing_evaluated"
    retryable = True


class QueryRefused(InvestIQError):
    """Prometheus answers, and says no to a query: it does not parse, or its sides do not match."""

    reason = "refused"


@dataclass(frozen=True, slots=True)
class RangeSeries:
    """One time series of an answer; where it had no finite value it has no sample."""

    labels: Mapping[str, str]
    samples: Sequence[Sample]


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """Something that Prometheus scrapes."""

    job: str
    instance: str
    health: str
    error: str
    last_scrape: datetime | None


@dataclass(frozen=True, slots=True)
class FiringAlert:
    """A firing alert as Alertmanager has it.

    Attributes:
        state: active, silenced or inhibited.
        service: the part that it is about: of its label `service`, or of its job.
        labels: all that it has, which silences match.
    """

    name: str
    severity: str
    since: datetime
    state: str
    service: str
    summary: str
    description: str
    runbook: str
    subject: str = ""
    silences: tuple[Silence, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def rank(self) -> tuple[bool, int, float]:
        """Worst first: what pages before what is suppressed, critical before warning, oldest first."""
        return (self.state != "active", {"critical": 0, "warning": 1}.get(self.severity, 2), self.since.timestamp())


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A notification that reached the inbox."""

    received_at: datetime
    status: str
    name: str
    severity: str
    service: str
    summary: str


class _Reader:
    """GET of JSON documents from one server, with a time limit."""

    def __init__(self, name: str, base_url: str, transport: httpx2.AsyncBaseTransport | None) -> None:
        self._name = name
        self._base_url = base_url
        self._http = httpx2.AsyncClient(
            base_url=base_url, timeout=TIMEOUT_SECONDS, trust_env=False, transport=transport
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _get(self, path: str, params: Mapping[str, str | int | Sequence[str]] | None = None) -> Any:
        try:
            response = await self._http.get(path, params=dict(params or {}))
            response.raise_for_status()
            return response.json()
        except httpx2.TimeoutException as error:
            raise NoAnswer(f"{self._name} at {self._base_url} did not answer within {TIMEOUT_SECONDS:.0f} s") from error
        except httpx2.HTTPStatusError as error:
            refused = self._refused(error.response)
            raise refused or NoAnswer(
                f"{self._name} at {self._base_url} answered {error.response.status_code}"
            ) from error
        except httpx2.HTTPError as error:
            raise NoAnswer(f"{self._name} does not answer at {self._base_url}") from error
        except ValueError as error:
            raise self._foreign() from error

    def _refused(self, _response: httpx2.Response) -> InvestIQError | None:
        """A failure that is an answer; None where the status tells all."""
        return None

    def _foreign(self) -> NoAnswer:
        return NoAnswer(f"what answers at {self._base_url} does not speak as {self._name} does: who has the port?")


class PrometheusReader(_Reader):
    """What is scraped, and the history of an expression."""

    async def targets(self) -> list[ScrapeTarget]:
        """All targets, by job. One that is probed from outside is up when its probe succeeds."""
        document, probes = await asyncio.gather(
            self._get("/api/v1/targets", {"state": "active"}), self._get("/api/v1/query", {"query": FAILED_PROBES})
        )
        try:
            failed = {(raw["metric"]["job"], raw["metric"]["instance"]) for raw in probes["data"]["result"]}
            targets = [_target(raw, failed) for raw in document["data"]["activeTargets"]]
            return sorted(targets, key=lambda target: (target.job, target.instance))
        except (KeyError, TypeError, ValueError) as error:
            raise self._foreign() from error

    async def history(self, query: str, start: int, end: int, step: int) -> list[RangeSeries]:
        """The samples of each series from `start` to `end`, `step` seconds apart; gaps stay gaps."""
        parameters: dict[str, str | int] = {"query": query, "start": start, "end": end, "step": step}
        return await self._series("/api/v1/query_range", parameters)

    async def latest(self, query: str, at: int) -> list[RangeSeries]:
        """Each series with its one sample of the Unix second `at`."""
        return await self._series("/api/v1/query", {"query": query, "time": at})

    async def _series(self, path: str, parameters: Mapping[str, str | int]) -> list[RangeSeries]:
        document = await self._get(path, parameters)
        try:
            data = document["data"]
            if data.get("resultType") == "scalar":
                return [RangeSeries({}, _samples([data["result"]]))]
            return [
                RangeSeries(raw["metric"], _samples(raw["values"] if "values" in raw else [raw["value"]]))
                for raw in data["result"]
            ]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._foreign() from error

    def _refused(self, response: httpx2.Response) -> InvestIQError | None:
        """What it says of a query that it does not take; None where it is something else that is wrong."""
        if response.status_code not in (400, 422):
            return None
        try:
            return QueryRefused(f"{self._name} refuses the query: {response.json()['error']}")
        except (KeyError, TypeError, ValueError):
            return None


class AlertmanagerReader(_Reader):
    """What fires."""

    async def alerts(self) -> list[FiringAlert]:
        """Firing alerts, worst first, without those for machines."""
        return await self.matched()

    async def matched(self, *matchers: Matcher) -> list[FiringAlert]:
        """Those of them that all of `matchers` match, as Alertmanager says.

        Raises:
            NothingEvaluated: there are none, and could be none: what fired is forgotten soon after Prometheus died.
        """
        document = await self._alerts(matchers)
        if not document and not await self._alerts([_HEARTBEAT]):
            raise NothingEvaluated(
                "Alertmanager hears nothing from Prometheus, not even its heartbeat, so no alert can fire"
            )
        try:
            named = any(raw["status"]["silencedBy"] for raw in document)
            silences = await self._silences() if named else {}
            alerts = [_alert(raw, silences) for raw in document if raw["labels"].get("severity") != FOR_MACHINES]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._foreign() from error
        return sorted(alerts, key=lambda alert: alert.rank)

    async def _alerts(self, matchers: Sequence[Matcher]) -> Any:
        return await self._get("/api/v2/alerts", {"filter": [str(matcher) for matcher in matchers]})

    async def _silences(self) -> Mapping[str, Silence]:
        return {raw["id"]: silence_of(raw) for raw in await self._get("/api/v2/silences")}


class InboxReader(_Reader):
    """What was paged."""

    async def pages(self, limit: int = 50) -> list[InboxMessage]:
        """The latest notifications, newest first."""
        document = await self._get("/api/notifications", {"limit": limit})
        try:
            return [_page(raw) for raw in document["notifications"]]
        except (KeyError, TypeError, ValueError) as error:
            raise self._foreign() from error


def _target(raw: Mapping[str, Any], failed_probes: Container[tuple[str, str]]) -> ScrapeTarget:
    scraped = _go_time(raw["lastScrape"])
    job, instance = raw["labels"]["job"], raw["labels"].get("instance", "")
    # The exporter answers also when what it asked does not: to Prometheus that target is up.
    if raw["health"] == "up" and (job, instance) in failed_probes:
        return ScrapeTarget(job, instance, "down", "the probe failed", scraped)
    return ScrapeTarget(job, instance, raw["health"], raw["lastError"], scraped)


def _go_time(text: str) -> datetime | None:
    """A time as Go writes it, with nanoseconds; year 1 means never."""
    moment = datetime.fromisoformat(text)
    return None if moment.year == 1 else moment


def _samples(values: list[tuple[float, str]]) -> list[Sample]:
    return [(int(at), float(value)) for at, value in values if math.isfinite(float(value))]


def _alert(raw: Mapping[str, Any], silences: Mapping[str, Silence]) -> FiringAlert:
    labels, notes, status = raw["labels"], raw["annotations"], raw["status"]
    suppressed = "silenced" if status["silencedBy"] else "inhibited"
    return FiringAlert(
        name=labels["alertname"],
        severity=labels.get("severity", ""),
        since=datetime.fromisoformat(raw["startsAt"]),
        state=suppressed if status["state"] == "suppressed" else "active",
        service=labels.get("service") or labels.get("job", ""),
        summary=notes.get("summary", ""),
        description=notes.get("description", ""),
        runbook=notes.get("runbook", ""),
        subject=labels.get("subject", ""),
        silences=tuple(silences[id_] for id_ in status["silencedBy"] if id_ in silences),
        labels=labels,
    )


def _page(raw: Mapping[str, Any]) -> InboxMessage:
    return InboxMessage(
        received_at=datetime.fromisoformat(raw["received_at"]),
        status=raw["status"],
        name=raw["alertname"],
        severity=raw["severity"],
        service=raw["labels"].get("service", ""),
        summary=raw["annotations"].get("summary", ""),
    )
