"""Builds the API server from its parts, and runs it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import structlog
from fastapi import FastAPI, Security
from fastapi.routing import APIRoute
from starlette.middleware import Middleware

from investiq.foundation.config.paths import Paths
from investiq.foundation.config.schema import Config
from investiq.foundation.contract.edge import JUDGE_PATH, Door
from investiq.foundation.contract.heartbeat import HEARTBEAT_PATH
from investiq.foundation.files import provide_token
from investiq.foundation.vocabulary import Part
from investiq.invest.wiring import ApiParts, build_api_parts
from investiq.serve.api.auth import REFUSALS, AuthMiddleware
from investiq.serve.api.background_tasks import BackgroundTasks
from investiq.serve.api.console_person import ConsolePerson
from investiq.serve.api.denials import DenialLog
from investiq.serve.api.errors import STATUSES
from investiq.serve.api.identity import bearer
from investiq.serve.api.key_ring import KeyRing
from investiq.serve.api.keys import KeyStore, provide_key_files
from investiq.serve.api.repeated_analyses import RepeatedAnalyses
from investiq.serve.api.routes.account import account_routes
from investiq.serve.api.routes.analysis import analysis_routes
from investiq.serve.api.routes.audit import audit_routes
from investiq.serve.api.routes.checklist import checklist_routes
from investiq.serve.api.routes.docs import docs_routes
from investiq.serve.api.routes.edge import edge_routes
from investiq.serve.api.routes.health import HEALTH_OPTIONS, health_endpoint
from investiq.serve.api.routes.heartbeat import heartbeat_routes
from investiq.serve.api.routes.market import market_routes
from investiq.serve.api.routes.sessions import session_routes
from investiq.serve.api.routes.trades import trade_routes
from investiq.serve.api.routes.trading import trading_routes
from investiq.serve.api.sessions import Credentials, SessionStore
from investiq.serve.api.sign_offs import SignOffStore
from investiq.serve.http import HostPolicy, MonitoringAccess, create_server, serve
from investiq.serve.http.access import MONITORING_PATHS
from investiq.serve.http.edge_pass import EdgePasses
from investiq.serve.http.hosts import at_edge
from investiq.serve.http.proxied import proxied_client
from investiq.serve.http.token_ring import TokenRing

__all__ = ["create_app", "run"]

_SWITCH_SECONDS = 0.001
"""How long a thread that computes keeps the event loop waiting: with Python's 5 ms and eight engines at work, 40 ms."""

_log = structlog.get_logger(__name__)


def run(config: Config, descriptors: Sequence[int] = ()) -> None:
    """Serve until SIGTERM or SIGINT. Logging is configured by the caller."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    parts = build_api_parts(config)
    serve(create_app(parts), config.api.host, config.api.port, descriptors)


def create_app(parts: ApiParts) -> FastAPI:
    """The API server as an application.

    1. Makes this installation's own keys and the heartbeat's token where they are missing.
    2. Builds the application; its background tasks run between start-up and shutdown.

    Raises:
        UnusableKeyFile, UnusableTokenFile: a file of keys cannot be read or written, or holds none.
    """
    api, metrics = parts.config.api, parts.metrics
    paths = Paths.of(parts.config)
    keys = KeyStore(parts.store)
    provide_key_files(keys, paths)
    sessions = SessionStore(parts.store)
    key_ring = KeyRing(Credentials(keys, sessions))
    background_tasks = BackgroundTasks(parts)
    hosts = HostPolicy(api.host, (*api.hostnames, *at_edge(parts.config, Door.API)))
    access = MonitoringAccess(Part.API, api, paths.metrics_token)
    passes = EdgePasses(provide_token(paths.edge_token)) if parts.config.edge.enabled else None
    authentication = Middleware(
        AuthMiddleware,
        keys=key_ring,
        access=access,
        heartbeat_tokens=TokenRing(paths.heartbeat_token),
        requests_per_minute=api.requests_per_minute,
        metrics=metrics,
        passes=passes,
    )
    person = Middleware(ConsolePerson, tokens=TokenRing(paths.console_token))
    analyses = analysis_routes(parts.market, parts.orchestrator)
    route = next(each for each in analyses.routes if isinstance(each, APIRoute) and each.name == "analyze")
    repeated = Middleware(RepeatedAnalyses, orchestrator=parts.orchestrator, route=route)
    app = create_server(
        "InvestIQ API",
        description="Analyses stocks, trades them on paper, and is watched by construction.",
        metrics=metrics,
        access=access,
        hosts=hosts,
        max_body_bytes=api.max_body_bytes,
        health=health_endpoint(background_tasks.monitor, parts.desk),
        health_options=HEALTH_OPTIONS,
        statuses=STATUSES,
        outer_layers=proxied_client(parts.config),
        inner_layers=[authentication, person, repeated],
        refusals=REFUSALS,
        quiet=MONITORING_PATHS | {HEARTBEAT_PATH, JUDGE_PATH},
        dependencies=[Security(bearer)],
        lifespan=_lifespan(parts, background_tasks),
    )
    app.state.denials = DenialLog(parts.store)
    for router in (
        heartbeat_routes(parts.desk, metrics),
        market_routes(parts.market),
        analyses,
        trade_routes(parts.desk, metrics, api.trades_per_minute),
        account_routes(parts.desk),
        trading_routes(parts.desk, metrics),
        session_routes(sessions, key_ring, metrics),
        audit_routes(parts.store, metrics),
        checklist_routes(_sign_offs(parts), Paths.of(parts.config).checklist, metrics),
        docs_routes(),
        edge_routes(),
    ):
        app.include_router(router)
    return app


def _sign_offs(parts: ApiParts) -> SignOffStore:
    return SignOffStore(parts.store, timedelta(days=parts.config.checklist.sign_off_days))


def _lifespan(
    parts: ApiParts, background_tasks: BackgroundTasks
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await background_tasks.run_all_once()
        background_tasks.start()
        try:
            yield
        finally:
            await background_tasks.stop()
            await parts.aclose()
            _log.info("stopped")

    return lifespan
