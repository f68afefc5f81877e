"""Builds the console and runs it."""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

from dash import Dash
from fastapi import FastAPI, Header, Request, Response
from starlette.exceptions import HTTPException

from investiq import __version__
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import HealthStatus, Part
from investiq.serve.http import HostPolicy, Problem, equip, metrics_response, problem_response, serve
from investiq.serve.web import layout, runbooks
from investiq.serve.web.not_found import not_found_page
from investiq.serve.web.pages import operations, silence
from investiq.serve.web.security import SameOrigin, SecurityHeaders, content_security_policy, may_scrape
from investiq.serve.web.server import ConsoleServer, callback_failed
from investiq.serve.web.sources import Sources, Transports

__all__ = ["create_app", "run"]

MAX_BODY_BYTES = 1024 * 1024


def run(config: Config) -> None:
    """Serve the console until SIGTERM."""
    serve(create_app(config), config.web.host, config.web.port)


def create_app(config: Config, transports: Transports | None = None) -> FastAPI:
    """The console as an application.

    Args:
        transports: replaces the network, in tests.
    """
    sources = Sources(config, transports or Transports())
    dash = _dash(sources)
    server: FastAPI = dash.server
    server.state.at_end.append(sources.aclose)
    server.state.knows_dashboard = partial(operations.knows, sources)
    server.state.knows_alert = partial(silence.knows, sources)
    metrics = Metrics(Part.WEB)
    _add_own_routes(server, config, metrics)
    runbooks.add_routes(server, config)
    public = urlsplit(topology.console_url(config)).hostname or ""
    hosts = HostPolicy(config.web.host, (*config.web.hostnames, public))
    server.add_middleware(SameOrigin, hosts=hosts)
    equip(
        server,
        metrics=metrics,
        hosts=hosts,
        max_body_bytes=MAX_BODY_BYTES,
        statuses={},
        quiet=frozenset({"/health", "/metrics", "/_dash-update-component"}),
    )
    server.add_exception_handler(404, _not_found)
    server.add_middleware(SecurityHeaders, policy=content_security_policy(dash.csp_hashes()))
    return server


def _dash(sources: Sources) -> Dash:
    app = Dash(
        "investiq.serve.web",
        backend=ConsoleServer,
        title="InvestIQ",
        update_title="",
        index_string=layout.INDEX,
        assets_ignore="again.js|scheme.js",  # stand in the head, before anything is drawn
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        serve_locally=True,
        compress=True,
        enable_mcp=False,
        add_log_handler=False,
        suppress_callback_exceptions=True,  # the parts of a page exist only while it is shown
        on_error=callback_failed,
    )
    app.layout = layout.frame
    layout.register(app, sources)
    return app


def _add_own_routes(server: FastAPI, config: Config, metrics: Metrics) -> None:
    started = time.monotonic()

    @server.get("/health")
    async def health() -> dict[str, Any]:
        """Well as long as it can serve itself: what it shows has health checks of its own."""
        return {
            "status": HealthStatus.OK,
            "part": "frontend",
            "version": __version__,
            "uptime_seconds": round(time.monotonic() - started, 1),
        }

    @server.get("/metrics", include_in_schema=False)
    async def expose(request: Request, accept: Annotated[str | None, Header()] = None) -> Response:
        if not may_scrape(request, config.api):
            message = "/metrics needs `Authorization: Bearer` with the metrics token (METRICS_TOKEN), or loopback"
            raise Problem(401, "unauthorised", message, {"WWW-Authenticate": 'Bearer realm="investiq"'})
        return metrics_response(metrics, accept)


async def _not_found(request: Request, error: Exception) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return Response(not_found_page(request.url.path), 404, media_type="text/html")
    detail = error.detail if isinstance(error, HTTPException) else "there is no such page"
    return problem_response(request.scope, 404, "not_found", detail)
