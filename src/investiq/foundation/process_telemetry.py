"""What a process of ours does before anything else: its logs and its traces begin, as the configuration has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.telemetry import logging, tracing
from investiq.foundation.telemetry.tracing import COMMAND_LINE, TracingSettings

__all__ = ["server_telemetry", "start_tracing", "traced_command"]


@contextmanager
def server_telemetry(part: str, config: Config, stream: TextIO) -> Iterator[None]:
    """Around the life of a server of ours.

    Args:
        part: its name, such as `api`.
        stream: where its log goes.
    """
    logging.configure(part, config.logging.level, stream)
    start_tracing(_service(part), config)
    try:
        yield
    finally:
        tracing.shutdown()


@contextmanager
def traced_command(name: str, config: Config) -> Iterator[str]:
    """Around what a command does: a trace of its own, which is always kept. Who types it may want to look at it.

    Args:
        name: such as `investiq trade buy`.

    Yields the id of the trace; empty where there is none.
    """
    start_tracing(COMMAND_LINE, config, sample_ratio=1.0)
    try:
        with tracing.root(name):
            ids = tracing.ids()
            yield ids[0] if ids else ""
    finally:
        tracing.shutdown()


def start_tracing(service: str, config: Config, *, sample_ratio: float | None = None) -> None:
    """Trace from now on, where `[tracing]` says so."""
    chosen = config.tracing
    if not chosen.enabled:
        return
    settings = TracingSettings(
        service=service,
        folder=Paths.of(config).traces,
        max_bytes=chosen.max_bytes,
        sample_ratio=chosen.sample_ratio if sample_ratio is None else sample_ratio,
        slow_milliseconds=chosen.slow_milliseconds,
        endpoint=chosen.endpoint,
        token=chosen.token.get_secret_value() if chosen.token else None,
    )
    # What a process without tracing does not pay.
    from investiq.foundation.telemetry.tracing_sdk import SdkTracing  # noqa: PLC0415

    tracing.activate(SdkTracing(settings, tracing.count))


def _service(part: str) -> str:
    """As its scrape job is called: whoever goes from a metric to a trace finds the same word."""
    return next(process.job for process in topology.OURS if process.name == part)
