"""POST /api/sessions, and what a session is asked about itself: logging in and out."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import APIRouter, Depends, Request

from investiq.foundation.contract import api
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.serve.api.access import Caller
from investiq.serve.api.console_person import person_origin
from investiq.serve.api.documents import document
from investiq.serve.api.identity import actor_of
from investiq.serve.api.key_ring import KeyRing
from investiq.serve.api.sessions import LoginRefused, Session, SessionStore
from investiq.serve.http import Problem
from investiq.serve.http.access import CHALLENGE

__all__ = ["session_routes"]

_log = structlog.get_logger(__name__)

_REFUSED: dict[int | str, dict[str, Any]] = {
    401: {"model": api.Problem, "description": "A wrong key, or a link that is used up or too old."},
    422: {"model": api.Problem, "description": "Not exactly one of `key` and `link`."},
}
_NO_KEY: dict[int | str, dict[str, Any]] = {
    403: {"model": api.Problem, "description": "Sent without a key of its own."},
}
_NO_SESSION: dict[int | str, dict[str, Any]] = {
    404: {"model": api.Problem, "description": "Asked by somebody who is not logged in, as with a key."},
}


def session_routes(store: SessionStore, keys: KeyRing, metrics: Metrics) -> APIRouter:
    """Endpoints on sessions; plain functions, which FastAPI runs in worker threads."""
    router = APIRouter(tags=["sessions"])
    failures = metrics.counter(catalogue.AUTH_FAILURES).labels("unknown_key")
    asking = _session(store)

    # Nobody needs to be known to log in.
    @router.post(api.SESSIONS_PATH, status_code=201, responses=_REFUSED, openapi_extra={"security": [{}]})
    def log_in(what: api.LogIn, request: Request) -> api.NewSession:
        """Log in with an API key, or with a link of `investiq login`. The session allows what the key allows."""
        try:
            session, secret = _begun(store, what, person_origin(request.scope))
        except LoginRefused as error:
            failures.inc()
            headers = {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'}
            raise Problem(401, error.reason, error.message, headers) from error
        keys.forget()
        _log.info("logged_in", session=session.id, name=session.key.name, by="link" if what.link else "key")
        return document(api.NewSession, session, **_told(session), secret=secret)

    @router.post(f"{api.SESSIONS_PATH}/links", status_code=201, responses=_NO_KEY)
    def make_link(caller: Caller = Depends(_with_key)) -> api.LoginLink:
        """Make a link that logs in once, as the key that asks, within five minutes."""
        return document(api.LoginLink, store.make_link(caller.key_id), name=caller.name)

    @router.get(f"{api.SESSIONS_PATH}/current", responses=_NO_SESSION)
    def current(session: Session = Depends(asking)) -> api.Session:
        """Who is logged in with the session that asks."""
        return document(api.Session, session, **_told(session))

    @router.delete(f"{api.SESSIONS_PATH}/current", responses=_NO_SESSION)
    def log_out(request: Request, session: Session = Depends(asking)) -> api.Session:
        """End the session that asks."""
        ended = store.end(session.id, actor_of(request))
        keys.forget()
        _log.info("logged_out", session=session.id, name=session.key.name)
        return document(api.Session, ended, **_told(ended))

    return router


def _begun(store: SessionStore, what: api.LogIn, origin: str) -> tuple[Session, str]:
    if what.key and not what.link:
        return store.log_in_by_key(what.key, origin)
    if what.link and not what.key:
        return store.log_in_by_link(what.link, origin)
    raise Problem(422, "invalid_request", "expected exactly one of `key` and `link`")


async def _with_key(request: Request) -> Caller:
    caller: Caller = request.scope["caller"]
    # A session that could make links would never have to end.
    if caller.key_id and not caller.session_id:
        return caller
    raise Problem(403, "key_needed", "a link is made with an API key, and logs in as that key: `investiq login`")


def _session(store: SessionStore) -> Any:
    def session_of(request: Request) -> Session:
        caller: Caller = request.scope["caller"]
        found = store.valid(caller.session_id)
        if found is None:
            raise Problem(404, "no_session", "nobody is logged in here: a session asks about itself")
        return found

    return session_of


def _told(session: Session) -> dict[str, str]:
    return {"name": session.key.name, "scope": session.key.access.value}
