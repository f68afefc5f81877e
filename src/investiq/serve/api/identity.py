"""What routes ask about the caller that the middleware let in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request
from fastapi.security import HTTPBearer

from investiq.foundation.contract.access import covers
from investiq.foundation.store.audit import Actor
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Access
from investiq.serve.api.access import Caller
from investiq.serve.api.console_person import person_origin
from investiq.serve.api.keys import AGENT_KEY_NAME
from investiq.serve.api.rate_limit import RateLimit
from investiq.serve.http import Problem
from investiq.serve.http.access import CHALLENGE

__all__ = ["actor_of", "bearer", "limited_by", "needs", "person"]

bearer = HTTPBearer(auto_error=False, description="An API key: `iq_...`. From loopback, reading needs none.")
"""Declares the key in OpenAPI; the middleware has verified it before any route runs."""


def needs(access: Access, metrics: Metrics) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency that gives the caller, and answers 403 to one whose key does not allow this."""
    failures = metrics.counter(catalogue.AUTH_FAILURES).labels("scope")

    async def caller_with_access(request: Request) -> Caller:
        caller: Caller = request.scope["caller"]
        if covers(caller.access, access):
            return caller
        failures.inc()
        await request.app.state.denials.note(actor_of(request), request.scope, access)
        challenge = f'{CHALLENGE}, error="insufficient_scope", scope="{access}"'
        raise Problem(
            403,
            "insufficient_scope",
            f"this needs a key with {access} access, and {caller.name!r} has {caller.access}",
            {"WWW-Authenticate": challenge},
            needed=access,
        )

    return caller_with_access


def actor_of(request: Request) -> Actor:
    """Who asks, as the audit log keeps it."""
    caller: Caller = request.scope["caller"]
    return Actor(caller.name, person_origin(request.scope), caller.access.value)


async def person(request: Request) -> Actor | None:
    """Who asks, unless it is the agent: what that orders is in the ledger, and is no change of anybody's."""
    caller: Caller = request.scope["caller"]
    return None if caller.name == AGENT_KEY_NAME else actor_of(request)


def limited_by(limit: RateLimit, metrics: Metrics) -> Callable[[Request], Awaitable[None]]:
    """A dependency that answers 429 when the caller has used up `limit`."""
    refused = metrics.counter(catalogue.RATE_LIMITED).labels(limit.policy)

    async def within_limit(request: Request) -> None:
        caller: Caller = request.scope["caller"]
        rate = limit.take(caller.bucket)
        if not rate.allowed:
            refused.inc()
            message = f"more than {rate.limit} {limit.policy} within a minute: wait {rate.reset_seconds} s"
            raise Problem(429, "too_many_requests", message, rate.headers())

    return within_limit
