"""Puts the common layers around a FastAPI application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fastapi import FastAPI
from starlette.middleware import Middleware

from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry.metrics import Metrics
from investiq.serve.http import problems
from investiq.serve.http.hosts import HostPolicy
from investiq.serve.http.loop_lag import LoopLag
from investiq.serve.http.middleware import (
    QUIET,
    AccessLog,
    BodyLimit,
    ErrorBoundary,
    HeadAsGet,
    HostCheck,
    RequestMetrics,
)

__all__ = ["equip"]


def equip(
    app: FastAPI,
    *,
    metrics: Metrics,
    hosts: HostPolicy,
    max_body_bytes: int,
    statuses: Mapping[type[InvestIQError], int],
    refusals: Iterable[int] = (),
    quiet: frozenset[str] = QUIET,
) -> FastAPI:
    """Add request ids, metrics, host check, body limit and problem documents to `app`, after its routes are declared.

    Args:
        statuses: HTTP status of each domain error; a base class covers its subclasses.
        refusals: statuses with which layers of the application's own turn requests away before a route is found.
        quiet: paths that are logged only when they fail.
    """
    problems.install(app, statuses)
    layers = [
        Middleware(LoopLag, metrics=metrics),
        Middleware(AccessLog, quiet=quiet),
        Middleware(RequestMetrics, metrics=metrics, routes_of=app, refusals=refusals),
        Middleware(HeadAsGet),
        Middleware(HostCheck, policy=hosts),
        Middleware(BodyLimit, limit=max_body_bytes),
        Middleware(ErrorBoundary),
    ]
    app.user_middleware[:0] = layers
    return app
