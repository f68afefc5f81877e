"""What is written is what the client library writes, to the byte."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import pytest
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Metric,
    Summary,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeHistogramMetricFamily, UntypedMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.exposition import ALLOWUTF8, DOTS, UNDERSCORES, VALUES
from prometheus_client.registry import Collector

from investiq.foundation.telemetry import exposition
from investiq.foundation.telemetry.exposition import OpenMetricsExposition, TextExposition
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part

VALUES_OF_NUMBERS = [0, 0.0, -0.0, 1, True, 1.5, -1.5, 1e-9, 123456.5, 1234567.0, 1e22, math.inf, -math.inf, math.nan]
TEXTS = ["plain", "", 'with "quotes"', "back\\slash", "line\nbreak", "\u00e4\U0001f600", "a=b,c}"]


class Unusual(Collector):
    """Families of kinds that no metric of ours has."""

    def collect(self) -> Iterable[Metric]:
        created = CounterMetricFamily("created", 'help with \\ and\nbreak and "', labels=["a"])
        created.add_metric(["x"], 3, created=1234.5)
        yield created
        stamped = UntypedMetricFamily("stamped", "help", labels=["a"])
        stamped.add_metric(["x"], 1, timestamp=1234.5)
        stamped.add_metric(["y"], 2)
        yield stamped
        sizes = GaugeHistogramMetricFamily("sizes", "help")
        sizes.add_metric([], buckets=[("1.0", 4), ("+Inf", 5)], gsum_value=7)
        yield sizes
        yield UntypedMetricFamily("of.dots", "a name of Prometheus 3", value=1)
        yield UntypedMetricFamily("nothing", "no sample")


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Unusual())
    for number, value in enumerate(VALUES_OF_NUMBERS):
        Gauge(f"number_{number}", "help", registry=registry).set(value)
    texts = Counter("texts", "help", ["one", "another"], registry=registry)
    for text in TEXTS:
        texts.labels(text, text[::-1]).inc()
    Info("info", "help", registry=registry).info({"version": "1"})
    Enum("state", "help", states=["on", "off"], registry=registry).state("off")
    Summary("summary", "help", ["a"], registry=registry).labels("x").observe(2.5)
    Histogram("histogram", "help", ["a"], registry=registry).labels("x").observe(0.3)
    return registry


@pytest.mark.parametrize("escaping", [UNDERSCORES, ALLOWUTF8, DOTS, VALUES])
def test_every_kind_is_written_as_the_library_does(registry: CollectorRegistry, escaping: str) -> None:
    text = TextExposition(escaping)
    for _ in range(2):
        assert text.encode(registry) == generate_latest(registry, escaping)


def test_what_changes_between_two_scrapes_is_written(registry: CollectorRegistry) -> None:
    text = TextExposition()
    text.encode(registry)
    changing = Counter("changing", "help", ["a"], registry=registry)
    changes: list[Callable[[], object]] = [
        lambda: changing.labels("x").inc(),
        lambda: changing.labels("y").inc(1e9),
        lambda: changing.remove("x"),
        changing.clear,
    ]
    for change in changes:
        change()
        assert text.encode(registry) == generate_latest(registry)


@pytest.mark.parametrize("part", [Part.API, Part.WEB])
def test_the_metrics_of_a_process_are_written_as_the_library_does(part: Part) -> None:
    metrics, text = Metrics(part), TextExposition()
    for _ in range(2):
        # What the kernel says of this process changes from one reading to the next.
        ours, theirs = text.encode(metrics.registry), generate_latest(metrics.registry)
        assert without_process(ours) == without_process(theirs)


@pytest.mark.parametrize("escaping", [UNDERSCORES, ALLOWUTF8, DOTS, VALUES])
def test_openmetrics_is_written_as_the_library_does(registry: CollectorRegistry, escaping: str) -> None:
    told = Histogram("told", "help", ["a"], registry=registry)
    told.labels("x").observe(0.3, {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"})
    told.labels("x").observe(7, {"trace_id": "00000000000000000000000000000001"})
    text = OpenMetricsExposition(escaping)
    for _ in range(2):
        assert text.encode(registry) == openmetrics.generate_latest(registry, escaping)  # type: ignore[no-untyped-call]
    told.labels("x").observe(0.31, {"trace_id": "00000000000000000000000000000002"})
    assert text.encode(registry) == openmetrics.generate_latest(registry, escaping)  # type: ignore[no-untyped-call]
    assert TextExposition(escaping).encode(registry) == generate_latest(registry, escaping)
    assert b"trace_id" not in TextExposition(escaping).encode(registry)


def without_process(text: bytes) -> list[bytes]:
    return [line for line in text.splitlines() if not line.startswith((b"process_", b"python_"))]


def test_series_that_come_and_go_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposition, "_MOST_KEPT", 10)
    registry, text = CollectorRegistry(), TextExposition()
    coming = Gauge("coming", "help", ["a"], registry=registry)
    for number in range(100):
        coming.clear()
        coming.labels(str(number)).set(number)
        assert text.encode(registry) == generate_latest(registry)
    assert len(text._starts) <= 10
