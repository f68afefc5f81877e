"""What is asked of Prometheus, and its answers as values. They are those of 2.42, cut down."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from investiq.clients.prometheus import (
    LoadedRule,
    Point,
    Prometheus,
    RangeSeries,
    RawSeries,
    RuntimeInfo,
    Sample,
    ScrapeTarget,
    TsdbHead,
)
from investiq.clients.session import BadResponse, ClientError, Refused, TimedOut
from investiq.foundation.config import Config
from tests.clients.strict import Reply, StrictServer


@pytest.fixture
async def prometheus(server: StrictServer) -> AsyncIterator[Prometheus]:
    async with Prometheus(server.url) as client:
        yield client


def success(data: Any) -> dict[str, Any]:
    return {"status": "success", "data": data}


def vector(*rows: tuple[dict[str, str], list[Any]]) -> dict[str, Any]:
    return success({"resultType": "vector", "result": [{"metric": m, "value": v} for m, v in rows]})


def test_that_of_this_installation_is_where_the_configuration_says() -> None:
    assert Prometheus.of(Config()).url == "http://127.0.0.1:9090"


# ---- queries ----


async def test_an_instant_query_gives_one_sample_for_each_series(server: StrictServer, prometheus: Prometheus) -> None:
    server.on("GET /api/v1/query", vector(({"job": "api"}, [1000.25, "0.5"]), ({"job": "web"}, [1000.25, "NaN"])))

    first, second = await prometheus.query("up")

    assert first == Sample({"job": "api"}, 0.5, 1000.25)
    assert first.is_number
    assert math.isnan(second.value)
    assert not second.is_number
    assert server.asked[0].params == {"query": ["up"]}


async def test_a_query_of_a_moment_names_it(server: StrictServer, prometheus: Prometheus) -> None:
    server.on("GET /api/v1/query", vector(({}, [990, "+Inf"])))
    assert await prometheus.query("up", 990) == [Sample({}, math.inf, 990)]
    assert server.asked[0].params == {"query": ["up"], "time": ["990"]}


async def test_a_scalar_is_one_sample_without_labels(server: StrictServer, prometheus: Prometheus) -> None:
    server.on("GET /api/v1/query", success({"resultType": "scalar", "result": [1000, "4"]}))
    assert await prometheus.query("4") == [Sample({}, 4, 1000)]
    assert await prometheus.now() == 4


async def test_its_clock_cannot_be_told_from_nothing(server: StrictServer, prometheus: Prometheus) -> None:
    server.on("GET /api/v1/query", vector())
    with pytest.raises(BadResponse, match="not as Prometheus does"):
        await prometheus.now()


async def test_a_query_over_time_has_no_point_where_there_is_no_number(
    server: StrictServer, prometheus: Prometheus
) -> None:
    values = [[1000, "1"], [1010, "NaN"], [1020, "+Inf"], [1030, "2.5"]]
    series = {"metric": {"job": "api"}, "values": values}
    server.on("GET /api/v1/query_range", success({"resultType": "matrix", "result": [series]}))

    (found,) = await prometheus.query_range("up", 1000, 1030, 10)

    assert found == RangeSeries({"job": "api"}, [Point(1000, 1), Point(1030, 2.5)])
    assert server.asked[0].params == {"query": ["up"], "start": ["1000"], "end": ["1030"], "step": ["10"]}


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (400, "bad_data", Refused),
        (422, "execution", Refused),
        (503, "timeout", TimedOut),
        (503, "canceled", TimedOut),
        (500, "internal", BadResponse),
        (503, "unavailable", BadResponse),
    ],
)
async def test_a_query_that_is_at_fault_is_told_from_a_server_that_is(
    server: StrictServer, prometheus: Prometheus, status: int, kind: str, expected: type[ClientError]
) -> None:
    document = {"status": "error", "errorType": kind, "error": "it went so"}
    server.on("GET /api/v1/query", Reply(document, status))

    with pytest.raises(expected) as caught:
        await prometheus.query("up")

    assert type(caught.value) is expected
    if isinstance(caught.value, Refused):
        assert caught.value.message == "Prometheus refuses the query: it went so"
        assert (caught.value.said, caught.value.status) == (f"{kind}: it went so", status)
    else:
        assert f"could not answer ({kind}: it went so)" in caught.value.what
        assert "ask again" in caught.value.fix


@pytest.mark.parametrize(
    "data",
    [
        {"resultType": "vector", "result": [{"metric": "up", "value": [1, "1"]}]},
        {"resultType": "vector", "result": [{"metric": {"job": 1}, "value": [1, "1"]}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": [1]}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": [1, "one"]}]},
        {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "1"]]}]},
        {"resultType": "scalar", "result": []},
        {"resultType": "vector", "result": "none"},
    ],
)
async def test_samples_of_another_shape_are_none(
    server: StrictServer, prometheus: Prometheus, data: dict[str, Any]
) -> None:
    server.on("GET /api/v1/query", success(data))
    with pytest.raises(BadResponse, match="its JSON is not as expected"):
        await prometheus.query("up")


@pytest.mark.parametrize("status", [None, "ok", True])
async def test_what_does_not_say_that_all_went_well_is_not_prometheus(
    server: StrictServer, prometheus: Prometheus, status: object
) -> None:
    server.on("GET /api/v1/query", vector(({}, [1, "1"])) | {"status": status})
    with pytest.raises(BadResponse, match="not as Prometheus does"):
        await prometheus.query("up")


async def test_a_time_beyond_all_time_is_no_point(server: StrictServer, prometheus: Prometheus) -> None:
    body = '{"status": "success", "data": {"result": [{"metric": {}, "values": [[1e999, "1"]]}]}}'
    server.on("GET /api/v1/query_range", Reply(body))
    with pytest.raises(BadResponse, match="OverflowError"):
        await prometheus.query_range("up", 0, 1, 1)


async def test_its_clock_is_known_before_it_can_evaluate(server: StrictServer, prometheus: Prometheus) -> None:
    server.on("GET /-/healthy", Reply("Service Unavailable", 503))
    assert abs(datetime.now(UTC) - await prometheus.date()) < timedelta(minutes=1)


# ---- what it scrapes and evaluates ----


async def test_targets(server: StrictServer, prometheus: Prometheus) -> None:
    scraped = {"lastError": "", "lastScrape": "2026-01-02T10:00:00.123456789+01:00", "scrapeInterval": "5s"}
    labels = {"job": "investiq-api", "instance": "127.0.0.1:3000"}
    never = {"labels": {"job": "node"}, "health": "unknown", "lastScrape": "0001-01-01T00:00:00Z"}
    server.on("GET /api/v1/targets", success({"activeTargets": [{"labels": labels, "health": "up", **scraped}, never]}))

    assert await prometheus.targets() == [
        ScrapeTarget(
            "investiq-api", "127.0.0.1:3000", "up", "", datetime(2026, 1, 2, 9, 0, 0, 123456, tzinfo=UTC), "5s"
        ),
        ScrapeTarget("node", "", "unknown"),
    ]
    assert server.asked[0].params == {"state": ["active"]}


async def test_a_health_that_prometheus_does_not_have_is_none(server: StrictServer, prometheus: Prometheus) -> None:
    target = {"labels": {"job": "node"}, "health": "fine"}
    server.on("GET /api/v1/targets", success({"activeTargets": [target]}))
    with pytest.raises(BadResponse, match="no health of a target: 'fine'"):
        await prometheus.targets()


async def test_rules_of_all_groups_with_the_pace_of_their_group(server: StrictServer, prometheus: Prometheus) -> None:
    at = "1970-01-01T00:16:40.5Z"
    alert = {
        "name": "ServiceDown",
        "query": "up == 0",
        "duration": 30,
        "labels": {"severity": "critical"},
        "annotations": {"summary": "it is down"},
        "health": "ok",
        "lastEvaluation": at,
        "alerts": [],
    }
    recording = {"name": "job:up:sum", "query": "sum(up)", "health": "err", "lastError": "boom", "lastEvaluation": at}
    groups = [{"interval": 10, "rules": [alert]}, {"interval": 60, "rules": [recording]}]
    server.on("GET /api/v1/rules", success({"groups": groups}))

    assert await prometheus.rules() == [
        LoadedRule(
            "ServiceDown", "up == 0", {"severity": "critical"}, {"summary": "it is down"}, 30, "ok", "", 1000.5, 10
        ),
        LoadedRule("job:up:sum", "sum(up)", {}, {}, 0, "err", "boom", 1000.5, 60),
    ]


# ---- itself ----


async def test_where_its_alerts_go(server: StrictServer, prometheus: Prometheus) -> None:
    url = "http://127.0.0.1:9093/api/v2/alerts"
    server.on("GET /api/v1/alertmanagers", success({"activeAlertmanagers": [{"url": url}], "droppedAlertmanagers": []}))
    assert await prometheus.alertmanagers() == [url]


async def test_version_configuration_and_since_when(server: StrictServer, prometheus: Prometheus) -> None:
    times = {"startTime": "1970-01-01T00:16:40Z", "lastConfigTime": "1970-01-01T00:33:20Z"}
    server.on("GET /api/v1/status/runtimeinfo", success({**times, "reloadConfigSuccess": False}))
    server.on("GET /api/v1/status/buildinfo", success({"version": "2.42.0"}))
    server.on("GET /api/v1/status/config", success({"yaml": "global:\n  scrape_interval: 5s\n"}))

    assert await prometheus.runtime_info() == RuntimeInfo(1000, 2000, reload_succeeded=False)
    assert await prometheus.version() == "2.42.0"
    assert await prometheus.config() == {"global": {"scrape_interval": "5s"}}


async def test_what_it_was_started_with(server: StrictServer, prometheus: Prometheus) -> None:
    server.on("GET /api/v1/status/flags", success({"storage.tsdb.retention.time": "30d"}))
    assert await prometheus.flags() == {"storage.tsdb.retention.time": "30d"}
    server.on("GET /api/v1/status/flags", success(["30d"]))
    with pytest.raises(BadResponse):
        await prometheus.flags()


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "!!python/object/apply:os.system [ls]"])
async def test_a_configuration_is_a_mapping_in_plain_yaml(
    server: StrictServer, prometheus: Prometheus, text: str
) -> None:
    server.on("GET /api/v1/status/config", success({"yaml": text}))
    with pytest.raises(BadResponse, match="its JSON is not as expected"):
        await prometheus.config()


# ---- what it holds ----


async def test_samples_come_as_they_were_scraped(server: StrictServer, prometheus: Prometheus) -> None:
    row = {"metric": {"job": "api"}, "values": [[995.123, "1"], [1000.123, "0"]]}
    server.on("GET /api/v1/query", success({"resultType": "matrix", "result": [row]}))
    assert await prometheus.samples("up", 990.5, 1000.5) == [RawSeries({"job": "api"}, [(995.123, 1), (1000.123, 0)])]
    assert server.asked[0].params == {"query": ["up[10000ms]"], "time": ["1000.5"]}


async def test_a_span_of_no_length_is_asked_as_the_shortest(server: StrictServer, prometheus: Prometheus) -> None:
    server.on("GET /api/v1/query", success({"resultType": "matrix", "result": []}))
    assert await prometheus.samples("up", 1000, 1000) == []
    assert server.asked[0].params["query"] == ["up[1ms]"]


async def test_the_head_says_what_it_holds(server: StrictServer, prometheus: Prometheus) -> None:
    document = {
        "headStats": {"numSeries": 508, "numLabelPairs": 1, "chunkCount": 937, "minTime": 591000, "maxTime": 598500},
        "seriesCountByMetricName": [{"name": "x_bucket", "value": 20}],
        "seriesCountByLabelValuePair": [{"name": "job=api", "value": 425}],
    }
    server.on("GET /api/v1/status/tsdb", success(document))
    assert await prometheus.head(5) == TsdbHead(508, 591, 598.5, {"x_bucket": 20}, {"job=api": 425})
    assert server.asked[0].params == {"limit": ["5"]}


async def test_a_head_of_another_shape_is_no_answer(server: StrictServer, prometheus: Prometheus) -> None:
    server.on("GET /api/v1/status/tsdb", success({"headStats": {}}))
    with pytest.raises(BadResponse):
        await prometheus.head(5)
