"""Prometheus through its API v1: queries, targets, and the rules and configuration that it runs with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from investiq.clients.session import (
    Answer,
    BadResponse,
    ClientError,
    Refused,
    ServerClient,
    TimedOut,
    rows,
    text_map,
    yaml_mapping,
)
from investiq.foundation import topology

__all__ = [
    "LoadedRule",
    "Point",
    "Prometheus",
    "RangeSeries",
    "RawSeries",
    "RuntimeInfo",
    "Sample",
    "ScrapeTarget",
    "TsdbHead",
]

_TOO_SLOW = ("timeout", "canceled")
_FAILED = ("unavailable", "internal")
"""What Prometheus calls errors that are its own, not the expression's."""
_LATER = "ask again when it has less to do"
_HEALTH = ("up", "down", "unknown")


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an instant query.

    Attributes:
        at: when it was evaluated, in Unix seconds of Prometheus' clock.
    """

    labels: Mapping[str, str]
    value: float
    at: float

    @property
    def is_number(self) -> bool:
        return not math.isnan(self.value)


class Point(NamedTuple):
    """A finite value of a series, and its Unix second."""

    at: int
    value: float


@dataclass(frozen=True, slots=True)
class RangeSeries:
    """One series over a span of time; where it had no finite value it has no point."""

    labels: Mapping[str, str]
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class RawSeries:
    """One series as it was scraped: each sample with its own Unix time, to the millisecond."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class TsdbHead:
    """What the head block holds: the newest hours, in memory. Times are Unix seconds.

    Attributes:
        series_by_metric: the largest metrics, by name.
        series_by_label_pair: the largest `name=value`.
    """

    series: int
    min_at: float
    max_at: float
    series_by_metric: Mapping[str, int]
    series_by_label_pair: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """Something that Prometheus scrapes.

    Attributes:
        health: up, down or unknown.
        error: of its last scrape; empty where that went well.
        last_scrape: None where it was never scraped.
        scrape_interval: as Prometheus writes it, such as `15s`.
    """

    job: str
    instance: str
    health: str
    error: str = ""
    last_scrape: datetime | None = None
    scrape_interval: str = ""


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """An alert or a recording rule that Prometheus evaluates.

    Attributes:
        for_seconds: how long an alert's condition has to hold.
        health: ok, err or unknown.
        evaluated_at: Unix time of the last evaluation.
        interval_seconds: between two evaluations of its group.
    """

    name: str
    expression: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    for_seconds: float
    health: str
    error: str
    evaluated_at: float
    interval_seconds: float


@dataclass(frozen=True, slots=True)
class RuntimeInfo:
    """Since when it runs, and with what. Times are Unix seconds.

    Attributes:
        configured_at: when it read its configuration; to the second.
        reload_succeeded: whether the last reload did.
    """

    started_at: float
    configured_at: float
    reload_succeeded: bool


class Prometheus(ServerClient):
    """One Prometheus."""

    name = "Prometheus"
    process = topology.PROMETHEUS

    async def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """The series of an expression that is a vector or a scalar, at a Unix time or now.

        Raises:
            Refused: the expression cannot be answered.
        """
        path = "/api/v1/query"
        data = await self._data(path, {"query": expression} if at is None else {"query": expression, "time": at})
        with self.http.reading(path):
            if data["resultType"] == "scalar":
                return [_sample({}, data["result"])]
            return [_sample(row["metric"], row["value"]) for row in rows(data["result"])]

    async def query_range(self, expression: str, start: int, end: int, step: int) -> list[RangeSeries]:
        """The series of an expression from one Unix second to another, `step` seconds apart; gaps stay gaps.

        Raises:
            Refused: the expression cannot be answered.
        """
        path = "/api/v1/query_range"
        data = await self._data(path, {"query": expression, "start": start, "end": end, "step": step})
        with self.http.reading(path):
            return [RangeSeries(text_map(row["metric"]), _points(row["values"])) for row in rows(data["result"])]

    async def samples(self, selector: str, start: float, end: float) -> list[RawSeries]:
        """The samples of each series that a selector finds, as they were scraped between two Unix times.

        Raises:
            Refused: it is no selector.
        """
        path = "/api/v1/query"
        milliseconds = max(1, round((end - start) * 1000))
        data = await self._data(path, {"query": f"{selector}[{milliseconds}ms]", "time": end})
        with self.http.reading(path):
            return [
                RawSeries(text_map(row["metric"]), [(float(at), float(value)) for at, value in row["values"]])
                for row in rows(data["result"])
            ]

    async def head(self, limit: int) -> TsdbHead:
        """What its head block holds, with as many of the largest as `limit`."""
        path = "/api/v1/status/tsdb"
        data = await self._data(path, {"limit": limit})
        with self.http.reading(path):
            stats = data["headStats"]
            return TsdbHead(
                series=int(stats["numSeries"]),
                min_at=stats["minTime"] / 1000,
                max_at=stats["maxTime"] / 1000,
                series_by_metric=_numbers(data["seriesCountByMetricName"]),
                series_by_label_pair=_numbers(data["seriesCountByLabelValuePair"]),
            )

    async def now(self) -> float:
        """Its clock, in Unix seconds: ages are told by it, not by the clock of who asks."""
        samples = await self.query("time()")
        with self.http.reading("/api/v1/query"):
            return samples[0].value

    async def date(self) -> datetime:
        """Its clock, as every answer tells it: in whole seconds, and while it cannot evaluate anything yet."""
        answer = await self.http.ask("/-/healthy")
        with self.http.reading("/-/healthy"):
            return parsedate_to_datetime(answer.headers["date"])

    async def targets(self) -> list[ScrapeTarget]:
        """The active targets."""
        path = "/api/v1/targets"
        data = await self._data(path, {"state": "active"})
        with self.http.reading(path):
            return [_target(raw) for raw in rows(data["activeTargets"])]

    async def rules(self) -> list[LoadedRule]:
        """Every rule of every group."""
        data = await self._data("/api/v1/rules")
        with self.http.reading("/api/v1/rules"):
            groups = [(group, float(group.get("interval", 0))) for group in rows(data["groups"])]
            return [_rule(raw, interval) for group, interval in groups for raw in rows(group["rules"])]

    async def alertmanagers(self) -> list[str]:
        """The addresses to which its alerts go."""
        data = await self._data("/api/v1/alertmanagers")
        with self.http.reading("/api/v1/alertmanagers"):
            return [str(raw["url"]) for raw in rows(data["activeAlertmanagers"])]

    async def version(self) -> str:
        data = await self._data("/api/v1/status/buildinfo")
        with self.http.reading("/api/v1/status/buildinfo"):
            return str(data["version"])

    async def snapshot(self) -> str:
        """Have it copy its store, and return the name of the folder below `snapshots` in it."""
        path = "/api/v1/admin/tsdb/snapshot"
        answer = await self.http.change("POST", path)
        with self.http.reading(path):
            return str(answer.document["data"]["name"])

    async def newest_sample(self) -> float:
        """The Unix time of the newest sample that it has, whatever its clock says."""
        path = "/api/v1/status/tsdb"
        data = await self._data(path)
        with self.http.reading(path):
            return float(data["headStats"]["maxTime"]) / 1000

    async def runtime_info(self) -> RuntimeInfo:
        """Since when it runs, and with a configuration of when."""
        path = "/api/v1/status/runtimeinfo"
        data = await self._data(path)
        with self.http.reading(path):
            started, configured = (
                datetime.fromisoformat(data[name]).timestamp() for name in ("startTime", "lastConfigTime")
            )
            return RuntimeInfo(started, configured, bool(data["reloadConfigSuccess"]))

    async def flags(self) -> Mapping[str, str]:
        """The options that it was started with, by name without dashes: defaults included."""
        data = await self._data("/api/v1/status/flags")
        with self.http.reading("/api/v1/status/flags"):
            return text_map(data)

    async def config(self) -> Mapping[str, Any]:
        """The configuration that it runs with: defaults included, secrets hidden."""
        data = await self._data("/api/v1/status/config")
        with self.http.reading("/api/v1/status/config"):
            return yaml_mapping(data["yaml"])

    async def _data(self, path: str, params: Mapping[str, str | float] | None = None) -> Any:
        answer = await self.http.ask(path, params)
        document = answer.document if isinstance(answer.document, dict) else {}
        if document.get("status") == "error":
            raise self._failed(answer, str(document.get("errorType")), str(document.get("error")))
        if not answer.is_success:
            raise self.http.bad_status(answer)
        if document.get("status") != "success" or "data" not in document:
            raise self.http.not_its_json(answer)
        return document["data"]

    def _failed(self, answer: Answer, kind: str, error: str) -> ClientError:
        said = f"{kind}: {error}"
        if kind in _TOO_SLOW:
            return TimedOut(f"{answer.url} could not answer ({said})", _LATER)
        if kind in _FAILED:
            return BadResponse(f"{answer.url} could not answer ({said})", _LATER)
        return Refused(f"Prometheus refuses the query: {error}", status=answer.status, said=said)


def _sample(labels: Any, pair: Sequence[Any]) -> Sample:
    at, value = pair
    return Sample(text_map(labels), float(value), float(at))


def _points(pairs: Sequence[tuple[float, str]]) -> list[Point]:
    return [Point(int(at), float(value)) for at, value in pairs if math.isfinite(float(value))]


def _numbers(raw: Any) -> dict[str, int]:
    return {str(one["name"]): int(one["value"]) for one in rows(raw)}


def _target(raw: Mapping[str, Any]) -> ScrapeTarget:
    labels, health, scraped = text_map(raw["labels"]), raw["health"], raw.get("lastScrape")
    if health not in _HEALTH:
        raise ValueError(f"no health of a target: {health!r}")
    return ScrapeTarget(
        job=labels["job"],
        instance=labels.get("instance", ""),
        health=health,
        error=str(raw.get("lastError", "")),
        last_scrape=_go_time(scraped) if scraped else None,
        scrape_interval=str(raw.get("scrapeInterval", "")),
    )


def _go_time(text: str) -> datetime | None:
    """A time as Go writes it, with nanoseconds; year 1 means never."""
    moment = datetime.fromisoformat(text)
    return None if moment.year == 1 else moment


def _rule(raw: Mapping[str, Any], interval: float) -> LoadedRule:
    return LoadedRule(
        name=str(raw["name"]),
        expression=str(raw["query"]),
        labels=text_map(raw.get("labels", {})),
        annotations=text_map(raw.get("annotations", {})),
        for_seconds=float(raw.get("duration", 0)),
        health=str(raw["health"]),
        error=str(raw.get("lastError", "")),
        evaluated_at=datetime.fromisoformat(raw["lastEvaluation"]).timestamp(),
        interval_seconds=interval,
    )
