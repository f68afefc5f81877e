"""Tracing of this process, into a receiver of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, cast

from investiq.foundation.telemetry import tracing
from investiq.foundation.telemetry.tracing import TracingSettings
from investiq.foundation.telemetry.tracing_sdk import SdkTracing

__all__ = ["flush", "traced", "tracing_settings"]


def tracing_settings(folder: Path, **changes: Any) -> TracingSettings:
    """Everything is sampled, and nothing is slow."""
    usual = {"service": "investiq-api", "max_bytes": 10_000_000, "sample_ratio": 1.0, "slow_milliseconds": 60_000.0}
    return TracingSettings(folder=folder, **{**usual, **changes})


@contextmanager
def traced(folder: Path, **changes: Any) -> Iterator[None]:
    """Inside, this process traces."""
    tracing.activate(SdkTracing(tracing_settings(folder, **changes), tracing.count))
    try:
        yield
    finally:
        tracing.shutdown()


def flush() -> None:
    """Hand over every span that has ended; in a thread, since what sends them has an event loop of its own."""
    flushing = Thread(target=cast(SdkTracing, tracing.active()).flush)
    flushing.start()
    flushing.join()
