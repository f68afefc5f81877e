"""The ASGI layers around each server of ours, outermost first: request id and access log, metrics, HEAD, host check,
pages of other sites, error boundary. The headers of the answer, around them all, have a file of their own (`answers`),
and so has the body (`bodies`). Plain ASGI: Starlette's BaseHTTPMiddleware costs a task and two streams per request.
A layer that only lets a request through hands on what the inner one gives, and adds no coroutine of its own.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache, partial
from itertools import product

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from investiq.foundation.telemetry import catalogue, tracing
from investiq.foundation.telemetry.logging import REQUEST_ID, log_request
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.telemetry.tracing import Tracing
from investiq.serve.http.access import MONITORING_PATHS
from investiq.serve.http.answers import answer_of
from investiq.serve.http.header_names import header_names
from investiq.serve.http.hosts import HostPolicy
from investiq.serve.http.pages import is_of_another_page
from investiq.serve.http.problems import problem_response

__all__ = ["AccessLog", "ErrorBoundary", "HeadAsGet", "HostCheck", "OtherPages", "RequestMetrics"]

_log = structlog.get_logger(__name__)

UNMATCHED = "<unmatched>"
OTHER_METHOD = "<other>"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{1,64}")


class AccessLog:
    """Gives each request an id (its own `X-Request-ID` where that is sane), binds it to the logs, logs the outcome."""

    def __init__(self, app: ASGIApp, quiet: frozenset[str] = MONITORING_PATHS) -> None:
        self.app = app
        self.quiet = quiet
        self._made = RandomIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope["request_id"] = _sane_id(scope) or self._made.next()
        answer = answer_of(scope)
        answer.headers.append((b"x-request-id", request_id.encode()))
        started = time.perf_counter()
        bound = REQUEST_ID.set(request_id)
        try:
            await self.app(scope, receive, send)
        finally:
            # Scrapes and probes every few seconds would bury what people do; they are logged only when they fail.
            if answer.status >= 400 or scope["path"] not in self.quiet:
                milliseconds = round((time.perf_counter() - started) * 1000, 2)
                log_request(
                    __name__,
                    request_id,
                    method=scope["method"],
                    path=scope["path"],
                    status=answer.status,
                    milliseconds=milliseconds,
                )
            REQUEST_ID.reset(bound)


def _sane_id(scope: Scope) -> str | None:
    if not header_names(scope).has_request_id:
        return None
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    for key, value in headers:
        if key == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return None


class RandomIds:
    """32 random hexadecimal digits each. The system is asked for 64 of them at once: a call costs more than an id."""

    def __init__(self) -> None:
        self._ids: list[str] = []

    def next(self) -> str:
        """One that was never given before."""
        if not self._ids:
            digits = os.urandom(64 * 16).hex()
            self._ids = [digits[start : start + 32] for start in range(0, len(digits), 32)]
        return self._ids.pop()


class RequestMetrics:
    """Counts and times each request under its route template; a streamed response is timed to its last byte.

    What no route claims is `<unmatched>`, and a method outside the standard ones `<other>`: no client can make series.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._requests = metrics.counter(catalogue.REQUESTS)
        self._errors = metrics.counter(catalogue.ERRORS)
        self._active = 0
        # Asked for when it is scraped: one loop serves all requests, so nothing need be locked to count them.
        metrics.gauge(catalogue.ACTIVE_CONNECTIONS).set_function(lambda: self._active)
        duration = metrics.histogram(catalogue.REQUEST_DURATION)
        # The child of a label set is looked up once: `.labels()` takes a lock and sorts on every call.
        self._timer: Callable[[str, str, int], Histogram] = lru_cache(maxsize=2048)(partial(_child, duration))
        self._primed = False
        self._tracing = tracing.active()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._primed:  # by the first call, the server's start: all routes are declared by then
            self._prime(scope["app"])
            self._primed = True
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        self._active += 1
        try:
            await self.app(scope, receive, send)
        except BaseException:
            self._note(scope, 500, started)
            raise
        else:
            self._note(scope, answer_of(scope).status or 500, started)
        finally:
            self._active -= 1

    def _note(self, scope: Scope, status: int, started: float) -> None:
        self._requests.inc()
        if status >= 500:
            self._errors.inc()
        method = scope["method"] if scope["method"] in _METHODS else OTHER_METHOD
        milliseconds = (time.perf_counter() - started) * 1000
        timer = self._timer(_template(scope), method, status)
        if self._tracing is None:
            timer.observe(milliseconds)
        else:
            timer.observe(milliseconds, _exemplar(self._tracing, milliseconds, failed=status >= 500))

    def _prime(self, app: FastAPI) -> None:
        """Make the series of what each operation answers exist with value 0 before it is first given.

        A series that appears with its first increment hides it from `rate()`. Refusals (4xx) are three times as many,
        and nothing judges them: their series come with the first of them.
        """
        # Not by the OpenAPI document: to make it costs the start most of a second.
        for context in iter_route_contexts(app.routes):
            route = context.original_route
            if isinstance(route, APIRoute) and route.include_in_schema:
                statuses = map(str, (route.status_code or 200, *route.responses))
                for method, status in product(sorted(route.methods or ()), filter(_is_no_refusal, statuses)):
                    self._timer(route.path_format, method, int(status))


def _exemplar(tracing: Tracing, milliseconds: float, *, failed: bool) -> dict[str, str] | None:
    """The trace that is an example of such a request: one that can be looked at."""
    ids = tracing.ids()
    return {"trace_id": ids[0]} if ids and tracing.keeps(milliseconds, failed=failed) else None


def _is_no_refusal(status: str) -> bool:
    return status.isdigit() and not status.startswith("4")


def _child(histogram: Histogram, template: str, method: str, status: int) -> Histogram:
    return histogram.labels(template, method, str(status))


def _template(scope: Scope) -> str:
    # FastAPI leaves the route as its router declared it, without the prefix of `include_router`: our routers therefore
    # declare full paths (tests/serve/api asserts it).
    template: str | None = getattr(scope.get("route"), "path_format", None)
    return template or UNMATCHED


class HeadAsGet:
    """Answers HEAD as GET without the body, as RFC 9110 asks; FastAPI's routes know only what they declare."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return self.app(scope, receive, send)
        return self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        # A copy, since the layers outside and the server itself must still see HEAD; they want the route, though.
        inner = {**scope, "method": "GET"}
        try:
            await self.app(inner, receive, send_without_body)
        finally:
            scope["route"] = inner.get("route")


class HostCheck:
    """Answers 421 to a Host header that does not name this server, for HTTP and WebSocket alike (see `hosts`)."""

    def __init__(self, app: ASGIApp, policy: HostPolicy) -> None:
        self.app = app
        self.policy = policy

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan" or self.policy.allows(scope):
            return self.app(scope, receive, send)
        message = (
            "the Host header does not name this server: add the name to `hostnames` of its section in investiq.toml"
        )
        return _turn_away(scope, receive, send, 421, "foreign_host", message)


class OtherPages:
    """Answers 403 to what a page of another site sends, also when it only reads: see `pages`.

    It stands before anything is counted: no page can use up what the people on this machine may do.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan" or not is_of_another_page(scope):
            return self.app(scope, receive, send)
        message = "a page of another site, or of another port, has no business here: open this server's own page"
        return _turn_away(scope, receive, send, 403, "foreign_origin", message)


async def _turn_away(scope: Scope, receive: Receive, send: Send, status: int, reason: str, message: str) -> None:  # noqa: PLR0917
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await problem_response(scope, status, reason, message)(scope, receive, send)


class ErrorBoundary:
    """Logs what nobody foresaw, with its traceback, and answers 500 without telling the client about our insides."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        except Exception:
            _log.exception("unhandled_error", method=scope["method"], path=scope["path"])
            if answer_of(scope).status:
                raise  # the status line is out: only a broken connection can still tell the client
            message = "an unforeseen error; the log has it under this request id"
            await problem_response(scope, 500, "internal_error", message)(scope, receive, send)
