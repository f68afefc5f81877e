"""The one door: every request is identified, counted against its limits, and turned away here or let through.

Reading needs at least read access on every path, also on those that do not exist; routes that change something ask for
more (`needs`). Whoever logs in has nothing to present yet: the route looks at what the body holds. The heartbeat has a
token of its own, and so has nginx at the edge, which asks in the name of others; who may read /metrics,
`serve.http.access` says. A credential that is presented must be right, wherever it comes from: a typing error must not
look like a success because the request came from loopback.

Nobody uses up another's budget: each key that is right has its own, with its sessions, and each address has one for
requests without a key, one for wrong keys and one for logging in. Halting, cancelling and the heartbeat need none once
the key is right.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from investiq.foundation.contract.api import SESSIONS_PATH
from investiq.foundation.contract.edge import DOOR_HEADER, JUDGE_PATH, PASS_HEADER, Door
from investiq.foundation.contract.heartbeat import HEARTBEAT_PATH
from investiq.foundation.store import DatabaseUnavailable
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Access
from investiq.serve.api.access import Caller
from investiq.serve.api.errors import STATUSES
from investiq.serve.api.key_ring import KeyRing
from investiq.serve.api.rate_limit import RateLimit, RateLimitDecision
from investiq.serve.http import MonitoringAccess, problem_response
from investiq.serve.http.access import (
    CHALLENGE,
    HEALTH_PATH,
    METRICS_PATH,
    METRICS_REFUSED,
    MONITORING_PATHS,
    bearer_credential,
    client_bucket,
)
from investiq.serve.http.answers import answer_of
from investiq.serve.http.edge_pass import EdgePass, EdgePasses
from investiq.serve.http.proxied import is_from_edge
from investiq.serve.http.token_ring import TokenRing

__all__ = ["REFUSALS", "AuthMiddleware"]

HALT_PATH = "/api/trading/halt"
ORDERS_PATH = "/api/trades/"
UNKNOWN_KEY = (
    "the API key is wrong, revoked or expired, or the session has ended: `investiq keys list` shows keys, "
    "`investiq login` logs in"
)

_SCRAPER = Caller("scraper", Access.READ, "scraper")

_BRIEFLY = {"Cache-Control": "max-age=2"}
"""How long nginx repeats that somebody is not let in: who guesses passes asks nginx, not us."""

REFUSALS = {
    401: "The key is missing, wrong, revoked or expired.",
    429: "Too many requests within a minute; Retry-After says how long to wait.",
    503: "The key cannot be verified, or what is asked for cannot be read: the database or the broker does not answer.",
}
"""What clients meet here before a route is found."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A request that is turned away."""

    status: int
    reason: str
    message: str
    headers: Mapping[str, str]


class AuthMiddleware:
    """ASGI layer; leaves the caller as `scope["caller"]`.

    Args:
        keys: verify what is presented, keys and sessions alike.
        access: which requests need no key: those of scrapers, and those that read from a trusted network.
        heartbeat_tokens: what Alertmanager presents with the heartbeat; it opens nothing else, and nothing else opens
            that path.
        requests_per_minute: of each budget.
        passes: reads those that nginx at the edge was shown; None where that does not run.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: KeyRing,
        access: MonitoringAccess,
        heartbeat_tokens: TokenRing,
        requests_per_minute: int,
        metrics: Metrics,
        passes: EdgePasses | None = None,
    ) -> None:
        self.app = app
        self._heartbeat_tokens = heartbeat_tokens
        self._keys = keys
        self._passes = passes
        self._access = access
        self._limit = RateLimit("requests", requests_per_minute)
        self._keyless = RateLimit("keyless", requests_per_minute)
        self._wrong = RateLimit("wrong_keys", requests_per_minute)
        self._logins = RateLimit("logins", requests_per_minute)
        self._failures = metrics.counter(catalogue.AUTH_FAILURES)
        self._limited = metrics.counter(catalogue.RATE_LIMITED)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Let one request through, or turn it away.

        1. Identifies the caller, refusing (401) whom it does not know; most requests count against a limit here.
        2. Refuses (429) what is above that limit, known or not.
        3. Adds the state of the limit to the answer, whoever gives it.
        """
        if scope["type"] != "http":
            return self.app(scope, receive, send)
        credential, path = bearer_credential(scope), scope["path"]
        if path == HEARTBEAT_PATH:
            return self._as_monitoring(scope, receive, send, credential)
        if path == JUDGE_PATH:
            return self._with_visitor(scope, receive, send, credential)
        if credential is not None and path != METRICS_PATH:
            return self._with_key(scope, receive, send, credential)
        return self._decide(scope, self._identify(scope))(scope, receive, send)

    async def _with_key(self, scope: Scope, receive: Receive, send: Send, credential: bytes) -> None:
        await self._decide(scope, await self._identify_by_key(scope, credential))(scope, receive, send)

    async def _as_monitoring(self, scope: Scope, receive: Receive, send: Send, credential: bytes | None) -> None:
        await self._decide(scope, await self._identify_monitoring(scope, credential))(scope, receive, send)

    async def _with_visitor(self, scope: Scope, receive: Receive, send: Send, credential: bytes | None) -> None:
        await self._decide(scope, await self._identify_visitor(scope, credential))(scope, receive, send)

    def _decide(self, scope: Scope, refusal: _Refusal | None) -> ASGIApp:
        """Who answers the request."""
        rate: RateLimitDecision | None = scope.get("rate")
        if rate is not None:
            answer_of(scope).headers[:0] = rate.raw_headers()
            if not rate.allowed:
                refusal = self._too_many(rate)
        return self.app if refusal is None else _response(scope, refusal)

    def _identify(self, scope: Scope) -> _Refusal | None:
        """Set the caller, or refuse; counts the request against its limit on the way, as `scope["rate"]`."""
        path = scope["path"]
        if path == METRICS_PATH:
            return self._identify_scraper(scope)
        if path == SESSIONS_PATH and scope["method"] == "POST":
            return self._let_log_in(scope)
        return self._identify_keyless(scope)

    async def _identify_by_key(self, scope: Scope, credential: bytes) -> _Refusal | None:
        if scope["path"] == HEALTH_PATH and self._access.is_metrics_token(credential):
            scope["caller"] = _SCRAPER  # the probes from outside show it, where they come from another machine
            return None
        address = client_bucket(scope)
        try:
            # Who has sent too many wrong ones makes nobody search the database any more.
            key = await self._keys.verify(credential, search=self._wrong.is_open(address))
        except DatabaseUnavailable as error:
            message = "the key cannot be verified: the database does not answer"
            return _Refusal(STATUSES[DatabaseUnavailable], error.reason, message, {})
        if key is None:
            scope["rate"] = self._wrong.take(address)
            return self._unauthorised("unknown_key", UNKNOWN_KEY)
        if not _stops_trading(scope):
            scope["rate"] = self._limit.take(key.caller.bucket)
        scope["caller"] = key.caller
        return None

    async def _identify_visitor(self, scope: Scope, credential: bytes | None) -> _Refusal | None:
        """Who stands at the edge, by a key or by the pass that nginx was shown."""
        if self._passes is None or not is_from_edge(scope):
            scope["rate"] = self._wrong.take(client_bucket(scope))
            return self._unauthorised("edge_token", "only nginx at the edge asks here")
        if credential is not None:
            return await self._identify_by_key(scope, credential)
        held = self._pass_of(scope, self._passes)
        try:
            session = await self._keys.session(held.session_id) if held is not None else None
        except DatabaseUnavailable as error:
            message = "the session cannot be verified: the database does not answer"
            return _Refusal(STATUSES[DatabaseUnavailable], error.reason, message, {})
        if held is None or session is None:
            return replace(self._unauthorised("missing", "nobody is logged in here"), headers=_BRIEFLY)
        scope["caller"], scope["edge_pass_ends"] = session.caller, held.expires_at
        return None

    @staticmethod
    def _pass_of(scope: Scope, passes: EdgePasses) -> EdgePass | None:
        headers = {key: value.decode("latin-1") for key, value in scope["headers"]}
        try:
            door = Door(headers.get(DOOR_HEADER.encode(), ""))
        except ValueError:
            return None
        return passes.read(door, headers.get(PASS_HEADER.encode(), ""), datetime.now(UTC))

    def _identify_keyless(self, scope: Scope) -> _Refusal | None:
        bucket = client_bucket(scope)
        needs_no_key = self._access.reads_from_trusted_network(scope)
        if not (needs_no_key and scope["path"] in MONITORING_PATHS):
            scope["rate"] = self._keyless.take(bucket)
        if needs_no_key:
            scope["caller"] = _trusted(bucket)
            return None
        message = "an API key is needed: send `Authorization: Bearer iq_...`; `investiq keys create` makes one"
        return self._unauthorised("missing", message)

    def _let_log_in(self, scope: Scope) -> _Refusal | None:
        bucket = client_bucket(scope)
        scope["rate"] = self._logins.take(bucket)
        scope["caller"] = Caller("login", Access.READ, bucket)
        return None

    def _identify_scraper(self, scope: Scope) -> _Refusal | None:
        if self._access.allows(scope):
            scope["caller"] = _SCRAPER
            return None
        scope["rate"] = self._wrong.take(client_bucket(scope))
        return self._unauthorised("metrics_token", METRICS_REFUSED)

    async def _identify_monitoring(self, scope: Scope, credential: bytes | None) -> _Refusal | None:
        # Never limited when right: a crowd of other requests must not look like a monitoring that is dead.
        if await self._heartbeat_tokens.accepts(credential or b""):
            scope["caller"] = Caller("monitoring", Access.READ, "monitoring")
            return None
        scope["rate"] = self._wrong.take(client_bucket(scope))
        message = "the heartbeat needs `Authorization: Bearer` with what keys/heartbeat.token in data_dir holds"
        return self._unauthorised("heartbeat_token", message)

    def _unauthorised(self, reason: str, message: str) -> _Refusal:
        self._failures.labels(reason).inc()
        challenge = CHALLENGE if reason == "missing" else f'{CHALLENGE}, error="invalid_token"'
        return _Refusal(401, "unauthorised", message, {"WWW-Authenticate": challenge})

    def _too_many(self, rate: RateLimitDecision) -> _Refusal:
        self._limited.labels(rate.policy).inc()
        message = f"more than {rate.limit} requests within a minute ({rate.policy}): wait {rate.reset_seconds} s"
        return _Refusal(429, "too_many_requests", message, {})


@lru_cache(maxsize=1024)
def _trusted(bucket: str) -> Caller:
    return Caller("trusted network", Access.READ, bucket)


def _stops_trading(scope: Scope) -> bool:
    """Halting, and cancelling an order: no crowd of other requests may be in the way of either."""
    method: str = scope["method"]
    path: str = scope["path"]
    return (method == "POST" and path == HALT_PATH) or (method == "DELETE" and path.startswith(ORDERS_PATH))


def _response(scope: Scope, refusal: _Refusal) -> Response:
    return problem_response(scope, refusal.status, refusal.reason, refusal.message, refusal.headers)
