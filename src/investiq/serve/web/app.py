"""Builds the console and runs it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from dash import Dash
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from investiq import __version__
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.contract.edge import Door
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import HealthStatus, Part
from investiq.serve.http import HostPolicy, MonitoringAccess, create_server, problem_response, serve
from investiq.serve.http.access import MONITORING_PATHS
from investiq.serve.http.hosts import at_edge
from investiq.serve.http.proxied import proxied_client
from investiq.serve.web import layout, login, runbooks
from investiq.serve.web.browser_session import BrowserSession, SessionCookie
from investiq.serve.web.changes import Changes
from investiq.serve.web.edge import Edge
from investiq.serve.web.not_found import not_found_page
from investiq.serve.web.pages import operations, silence
from investiq.serve.web.security import SameOrigin, SecurityHeaders, content_security_policy
from investiq.serve.web.server import ConsoleApplication, ConsoleServer, add_pages, callback_failed
from investiq.serve.web.sources import Sources, Transports

__all__ = ["create_app", "run"]

MAX_BODY_BYTES = 1024 * 1024


def run(config: Config, descriptors: Sequence[int] = ()) -> None:
    """Serve the console until SIGTERM."""
    serve(create_app(config), config.web.host, config.web.port, descriptors)


def create_app(config: Config, transports: Transports | None = None) -> FastAPI:
    """The console as an application.

    1. Registers all callbacks with Dash: the content security policy names the hashes of their scripts.
    2. Builds the application inside its layers.
    3. Adds the routes of Dash, the pages and the runbooks.

    Args:
        transports: replaces the network, in tests.
    """
    sources = Sources(config, transports or Transports())
    changes = Changes(config, transports or Transports())
    dash = _dash(sources, changes)
    server = _server(config, sources, changes, content_security_policy(dash.csp_hashes()))
    server.state.changing = changes.declared
    dash.init_app(server)
    add_pages(dash, partial(operations.knows, sources), partial(silence.knows, sources))
    runbooks.add_routes(server, config)
    edge = Edge(config)
    login.add_routes(server, changes.logins, SessionCookie(config.web.port), edge)
    edge.add_routes(server)
    return server


def _dash(sources: Sources, changes: Changes) -> Dash:
    app = Dash(
        "investiq.serve.web",
        server=False,  # ours comes with `init_app`: its layers are known only when all callbacks are
        backend=ConsoleServer,
        title="InvestIQ",
        update_title="",
        index_string=layout.INDEX,
        assets_ignore="again.js|scheme.js|login.js",  # stand in the head, before anything is drawn
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        serve_locally=True,
        compress=True,
        enable_mcp=False,
        add_log_handler=False,
        suppress_callback_exceptions=True,  # the parts of a page exist only while it is shown
        on_error=callback_failed,
    )
    app.layout = layout.frame
    layout.register(app, sources, changes)
    return app


def _server(config: Config, sources: Sources, changes: Changes, policy: str) -> FastAPI:
    started = time.monotonic()

    async def health() -> dict[str, Any]:
        """Well as long as it can serve itself: what it shows has health checks of its own."""
        return {
            "status": HealthStatus.OK,
            "part": "frontend",
            "version": __version__,
            "uptime_seconds": round(time.monotonic() - started, 1),
        }

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.gather(sources.aclose(), changes.aclose())

    public = urlsplit(topology.console_url(config)).hostname or ""
    # Passes to the other hosts of the edge are given under their names.
    of_edge = (name for door in Door for name in at_edge(config, door))
    hosts = HostPolicy(config.web.host, (*config.web.hostnames, public, *topology.WEB.network_names(config), *of_edge))
    return create_server(
        "InvestIQ console",
        application=ConsoleApplication,
        metrics=Metrics(Part.WEB),
        access=MonitoringAccess(Part.WEB, config.api, Paths.of(config).metrics_token),
        hosts=hosts,
        max_body_bytes=MAX_BODY_BYTES,
        health=health,
        exception_handlers={404: _not_found},
        outer_layers=[*proxied_client(config), Middleware(SecurityHeaders, policy=policy)],
        inner_layers=[
            Middleware(SameOrigin),
            Middleware(BrowserSession, cookie=SessionCookie(config.web.port)),
        ],
        quiet=MONITORING_PATHS | {"/_dash-update-component"},
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )


async def _not_found(request: Request, error: Exception) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return Response(not_found_page(request.url.path), 404, media_type="text/html")
    detail = error.detail if isinstance(error, HTTPException) else "page not found"
    return problem_response(request.scope, 404, "not_found", detail)
