"""Builds the application of a server: common layers, problem documents, /health and /metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from fastapi import Depends, FastAPI, Request
from fastapi.telemetry import TelemetryConfig
from prometheus_client.exposition import choose_encoder, generate_latest
from prometheus_client.openmetrics.exposition import UNDERSCORES
from starlette.middleware import Middleware
from starlette.responses import Response

from investiq import __version__
from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry import tracing
from investiq.foundation.telemetry.exposition import OpenMetricsExposition, TextExposition
from investiq.foundation.telemetry.metrics import Metrics
from investiq.serve.http.access import (
    CHALLENGE,
    HEALTH_PATH,
    METRICS_PATH,
    METRICS_REFUSED,
    MONITORING_PATHS,
    MonitoringAccess,
)
from investiq.serve.http.answers import AnswerHeaders
from investiq.serve.http.bodies import BodyCheck
from investiq.serve.http.hosts import HostPolicy
from investiq.serve.http.loop_lag import LoopLag
from investiq.serve.http.middleware import (
    AccessLog,
    ErrorBoundary,
    HeadAsGet,
    HostCheck,
    OtherPages,
    RequestMetrics,
)
from investiq.serve.http.openapi import describe_problems
from investiq.serve.http.problems import ErrorHandler, Problem, problem_handlers
from investiq.serve.http.tracing import request_spans

__all__ = ["create_server", "set_health_status"]

_TEXT = re.compile(r"\s*(text/plain|text/\*|\*/\*)\s*(;(?!\s*q\s*=\s*0(\.0*)?\s*(;|$)).*)?", re.IGNORECASE)
"""A media range of the header Accept that takes plain text, at a weight above 0."""

_NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False}
"""None of FastAPI's own, which looks for OpenTelemetry with each request: the metrics here are the catalogue's."""

_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


def create_server(
    title: str,
    *,
    metrics: Metrics,
    access: MonitoringAccess,
    hosts: HostPolicy,
    max_body_bytes: int,
    health: Callable[..., Any],
    health_options: Mapping[str, Any] = _NOTHING,
    statuses: Mapping[type[InvestIQError], int] = _NOTHING,
    exception_handlers: Mapping[int | type[Exception], ErrorHandler] = _NOTHING,
    outer_layers: Sequence[Middleware] = (),
    inner_layers: Sequence[Middleware] = (),
    refusals: Mapping[int, str] = _NOTHING,
    quiet: frozenset[str] = MONITORING_PATHS,
    application: type[FastAPI] = FastAPI,
    **options: Any,
) -> FastAPI:
    """An application inside the layers that every server of ours has; the caller adds its own routes.

    1. Builds the application with its layers, the outermost first.
    2. Registers /health and /metrics, before any route that could take their place.

    Args:
        access: who may read /health and /metrics.
        health: the endpoint of /health; its name, docstring and return type stand in OpenAPI.
        health_options: what else FastAPI is told of that route, such as `responses`.
        statuses: HTTP status of each domain error; a base class covers its subclasses.
        exception_handlers: of the server alone, beside those that make problem documents.
        outer_layers: of the server alone, outside the common layers; they see every answer.
        inner_layers: of the server alone, inside the common layers; they see what passed host check and body limit.
        refusals: statuses with which layers of the server's own turn requests away before a route is found, and what
            each means.
        quiet: paths that are logged only when they fail, and begin no trace.
        options: as FastAPI takes them.
    """
    layers = [
        *outer_layers,
        Middleware(AnswerHeaders),
        *request_spans(access, quiet),
        Middleware(LoopLag, metrics=metrics),
        Middleware(AccessLog, quiet=quiet),
        Middleware(RequestMetrics, metrics=metrics),
        Middleware(HeadAsGet),
        Middleware(HostCheck, policy=hosts),
        Middleware(OtherPages),
        Middleware(BodyCheck, limit=max_body_bytes),
        Middleware(ErrorBoundary),
        *inner_layers,
    ]
    app = application(
        title=title,
        version=__version__,
        docs_url=None,  # FastAPI's own pages load their scripts from outside
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
        middleware=layers,
        exception_handlers={**problem_handlers(statuses), **exception_handlers},
        **options,
    )
    _add_monitoring_routes(app, metrics, access, health, health_options)
    describe_problems(app, refusals)
    return app


def set_health_status(response: Response, status: str) -> None:
    """Make `response` say on its first line what the health document says: 503 for `down`."""
    response.status_code = 503 if status == "down" else 200


def _add_monitoring_routes(
    app: FastAPI,
    metrics: Metrics,
    access: MonitoringAccess,
    health: Callable[..., Any],
    health_options: Mapping[str, Any],
) -> None:
    async def allowed(request: Request) -> None:
        if not access.allows(request.scope):
            raise Problem(401, "unauthorised", METRICS_REFUSED, {"WWW-Authenticate": CHALLENGE})

    # Each is kept by the way of escaping names, of which there are four.
    formats = _Formats(cache(TextExposition), cache(OpenMetricsExposition), exemplars=tracing.enabled())

    async def exposition(request: Request) -> Response:
        return _exposition(metrics, formats, request.headers.get("accept"))

    readers = [Depends(allowed)]
    app.add_api_route(HEALTH_PATH, health, methods=["GET"], dependencies=readers, **health_options)
    app.add_api_route(METRICS_PATH, exposition, methods=["GET"], dependencies=readers, include_in_schema=False)


class _Formats(NamedTuple):
    """How samples are written, by the way of escaping names; `exemplars`: whether there are any."""

    text: Callable[[str], TextExposition]
    openmetrics: Callable[[str], TextExposition]
    exemplars: bool


def _exposition(metrics: Metrics, formats: _Formats, accept: str | None) -> Response:
    """All samples of this process as Prometheus text, or as OpenMetrics for who takes nothing else.

    A scraper takes both. Without traces, there is nothing that only OpenMetrics could say, and text is smaller; with
    them, whoever asks for OpenMetrics gets the exemplars.
    """
    ranges = (accept or "").split(",")
    text = [] if formats.exemplars else [each for each in ranges if _TEXT.fullmatch(each)]
    encode, content_type = choose_encoder(",".join(text or ranges))
    if encode is generate_latest:
        encode = formats.text(UNDERSCORES).encode
    elif isinstance(encode, partial):
        kind = formats.text if encode.func is generate_latest else formats.openmetrics
        encode = kind(encode.keywords["escaping"]).encode
    return Response(encode(metrics.registry), media_type=None, headers={"content-type": content_type})
