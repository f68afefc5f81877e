"""A span for each request that a server of ours answers, by OpenTelemetry's semantic conventions.

The layer is there only where the process traces. Probes, scrapes and heartbeats begin no trace.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from investiq.foundation.telemetry import attributes, tracing
from investiq.foundation.telemetry.logging import without_keys
from investiq.foundation.telemetry.tracing import Span, Tracing, Value
from investiq.serve.http.access import MonitoringAccess
from investiq.serve.http.answers import answer_of
from investiq.serve.http.header_names import header_names, only_host
from investiq.serve.http.hosts import host_name

__all__ = ["RequestSpans", "request_spans"]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})
_OTHER: Final = "_OTHER"
_CONTEXT: Final = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
_LONGEST: Final = 200


def request_spans(access: MonitoringAccess, quiet: frozenset[str]) -> list[Middleware]:
    """The layer, where this process traces."""
    active = tracing.active()
    return [] if active is None else [Middleware(RequestSpans, tracing=active, access=access, quiet=quiet)]


class RequestSpans:
    """ASGI layer.

    Args:
        access: who is near: whose trace a request continues, and whose sampling decision holds.
        quiet: paths that begin no trace.
    """

    def __init__(self, app: ASGIApp, *, tracing: Tracing, access: MonitoringAccess, quiet: frozenset[str]) -> None:
        self.app = app
        self._tracing = tracing
        self._access = access
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._quiet:
            await self.app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        headers = _context_headers(scope)
        near = bool(headers) and self._access.comes_from_trusted_network(scope)
        with self._tracing.answering(method, _request(scope, method), headers, near=near) as span:
            try:
                await self.app(scope, receive, send)
            finally:
                _complete(span, scope, method)


def _context_headers(scope: Scope) -> dict[str, str]:
    """What the caller says of its trace. Twice the same header is none: nobody knows which one is meant."""
    if not header_names(scope).has_traceparent:
        return {}
    found = [(_CONTEXT[key], value.decode("latin-1")) for key, value in scope["headers"] if key in _CONTEXT]
    named = [name for name, _ in found]
    return dict(found) if named.count("traceparent") == 1 and named.count("tracestate") <= 1 else {}


def _request(scope: Scope, method: str) -> dict[str, Value]:
    values: dict[str, Value] = {
        attributes.HTTP_REQUEST_METHOD: method,
        attributes.URL_PATH: without_keys(scope["path"]),
        attributes.URL_SCHEME: scope["scheme"],
        attributes.NETWORK_PROTOCOL_VERSION: scope["http_version"],
    }
    if method == _OTHER:
        values[attributes.HTTP_REQUEST_METHOD_ORIGINAL] = scope["method"][:_LONGEST]
    if scope.get("client"):
        values[attributes.CLIENT_ADDRESS] = scope["client"][0]
    server: Any = scope.get("server")
    if server:
        values[attributes.SERVER_ADDRESS], values[attributes.SERVER_PORT] = _named(scope) or server[0], server[1] or 0
    agent = next((value for key, value in scope["headers"] if key == b"user-agent"), b"")
    if agent:
        values[attributes.USER_AGENT_ORIGINAL] = without_keys(agent.decode("latin-1"))[:_LONGEST]
    return values


def _named(scope: Scope) -> str:
    host = only_host(scope)
    return (host_name(host.decode("latin-1")) or "")[:_LONGEST] if host else ""


def _complete(span: Span, scope: Scope, method: str) -> None:
    """What is known at the end: the route, the status, the id under which the log has it."""
    status = answer_of(scope).status or 500
    route: str | None = getattr(scope.get("route"), "path_format", None)
    if route:
        span.rename(f"{'HTTP' if method == _OTHER else method} {route}")
        span.set(attributes.HTTP_ROUTE, route)
    span.set(attributes.HTTP_RESPONSE_STATUS_CODE, status)
    span.set(attributes.REQUEST_ID, scope.get("request_id", ""))
    if status >= 500:
        span.fail(str(status))
