"""The local inbox: receives every notification from Alertmanager, keeps it, and shows it.

A process of its own, since it must hear of the API's death. It imports neither the ledger nor trading.

Alertmanager repeats itself: one row is kept per alert and change of status (fired, resolved), and a repeat only counts
up `repeats`. The Watchdog comes to `/heartbeat` every ten seconds; only its latest is remembered, and `/health` tells
how long ago Prometheus evaluated it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import FastAPI, Response
from pydantic import Field
from starlette.middleware import Middleware

from investiq import __version__
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.contract.heartbeat import FUTURE_SECONDS, evaluations
from investiq.foundation.contract.text import Line
from investiq.foundation.contract.webhook import NEVER, Moment, WebhookAlert, WebhookMessage
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import AlertStatus, Dependency, HealthStatus, Part
from investiq.serve.http import HostPolicy, MonitoringAccess, create_server, serve
from investiq.serve.http.queries import digits
from investiq.serve.http.token_ring import TokenRing
from investiq.serve.inbox.access import TokenAccess
from investiq.serve.inbox.store import InboxUnavailable, NotificationStore, Received

__all__ = ["create_app", "run"]

MAX_BODY_BYTES = 4 * 1024 * 1024  # a group of thousands of alerts; 413 would make Alertmanager drop the page
MAX_LIMIT = 1000


class _Heartbeat:
    """The latest Watchdog, judged by the time at which Prometheus evaluated it, never by its arrival."""

    def __init__(self) -> None:
        self._evaluated_at: float | None = None

    def record(self, alerts: list[WebhookAlert], now: float) -> None:
        """Keep the newest evaluation of now and of before; one from the future counts as none."""
        moments = [moment for moment in evaluations(alerts) if moment <= now + FUTURE_SECONDS]
        self._evaluated_at = max((m for m in (self._evaluated_at, *moments) if m is not None), default=None)

    def state(self, now: float) -> dict[str, float | None]:
        """Unix time of the latest evaluation and its age in seconds; None before the first heartbeat."""
        age = None if self._evaluated_at is None else round(now - self._evaluated_at, 3)
        return {"evaluated_at": self._evaluated_at, "age_seconds": age}


def run(config: Config, descriptors: Sequence[int] = ()) -> None:
    """Serve the inbox until SIGTERM."""
    serve(create_app(config, Metrics(Part.INBOX)), config.inbox.host, config.inbox.port, descriptors)


def create_app(config: Config, metrics: Metrics) -> FastAPI:
    """The inbox as an application; its file is opened here and closed when the application ends."""
    store = NotificationStore(Paths.of(config).inbox, config.inbox.keep)
    tokens = TokenRing(Paths.of(config).inbox_token)
    heartbeat = _Heartbeat()
    started = time.monotonic()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    # A plain `def`, here and below, runs in a worker thread: the event loop must not wait for the disk.
    def health(response: Response) -> dict[str, Any]:
        began = time.perf_counter()
        error = _error_of(store)
        response.status_code = 200 if error is None else 503
        state = {
            "status": "down" if error else "up",
            "critical": True,
            "latency_ms": round((time.perf_counter() - began) * 1000, 2),
            "error": error,
        }
        return {
            "status": HealthStatus.DOWN if error else HealthStatus.OK,
            "version": __version__,
            "uptime_seconds": round(time.monotonic() - started, 1),
            "dependencies": {Dependency.DATABASE: state},
            "heartbeat": heartbeat.state(time.time()),
        }

    app = create_server(
        "InvestIQ inbox",
        metrics=metrics,
        access=MonitoringAccess(Part.INBOX, config.api, Paths.of(config).metrics_token),
        hosts=HostPolicy(config.inbox.host, (*config.inbox.hostnames, *topology.INBOX.network_names(config))),
        max_body_bytes=MAX_BODY_BYTES,
        health=health,
        statuses={InboxUnavailable: 503},
        inner_layers=[Middleware(TokenAccess, tokens=tokens)],
        refusals={401: "The token of the inbox is missing or wrong."},
        lifespan=lifespan,
    )
    _add_receivers(app, store, heartbeat, metrics)
    _add_reader(app, store)
    return app


def _add_receivers(app: FastAPI, store: NotificationStore, heartbeat: _Heartbeat, metrics: Metrics) -> None:
    counter = metrics.counter(catalogue.INBOX_NOTIFICATIONS)

    @app.post("/webhook")
    def webhook(message: WebhookMessage) -> dict[str, int]:
        store.add([_received(message, alert) for alert in message.alerts], datetime.now(UTC))
        for alert in message.alerts:
            counter.labels(alert.status).inc()
        return {"kept": len(message.alerts)}

    @app.post("/heartbeat")
    def take_heartbeat(message: WebhookMessage) -> dict[str, float | None]:
        heartbeat.record(message.alerts, time.time())
        return heartbeat.state(time.time())


def _add_reader(app: FastAPI, store: NotificationStore) -> None:
    @app.get("/api/notifications")
    def notifications(
        limit: Annotated[int, Field(ge=1, le=MAX_LIMIT), digits] = 100,
        status: AlertStatus | None = None,
        alertname: Line | None = None,
        since: Moment | None = None,
    ) -> dict[str, list[dict[str, Any]]]:
        rows = store.latest(limit, status=status, alertname=alertname, since=since)
        return {"notifications": [asdict(row) for row in rows]}


def _received(message: WebhookMessage, alert: WebhookAlert) -> Received:
    return Received(
        status=alert.status,
        receiver=message.receiver,
        group_key=message.group_key,
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=alert.starts_at,
        # A firing alert carries the time at which it would expire, not one at which it ended.
        ends_at=alert.ends_at if alert.status is AlertStatus.RESOLVED and alert.ends_at != NEVER else None,
        fingerprint=alert.fingerprint,
        generator_url=alert.generator_url,
    )


def _error_of(store: NotificationStore) -> str | None:
    try:
        store.ping()
    except InboxUnavailable as error:
        return error.message
    return None
