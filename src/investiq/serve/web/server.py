"""Dash's FastAPI backend, held to the manners of our other servers.

Dash itself answers 200 with its page to any GET, turns what a client got wrong into a 500, swallows tracebacks, and
opens a WebSocket that this console does not use.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from dash import Dash
from dash.backends._fastapi import FastAPIDashServer, reset_current_request, set_current_request
from dash.exceptions import CallbackException, DependencyException, PreventUpdate
from dash.fingerprint import check_fingerprint
from fastapi import FastAPI, HTTPException, Request, Response

from investiq import __version__
from investiq.serve.http import Problem

__all__ = ["PAGES", "ConsoleServer", "callback_failed"]

_log = structlog.get_logger(__name__)

PAGES = ("/", "/trading", "/operations", "/operations/{name}", "/silence/{alert}")


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await asyncio.gather(*(close() for close in app.state.at_end))


class CallbackFailed(Exception):
    """A callback of ours raised: our fault, unlike what Dash raises over a malformed request."""


def callback_failed(error: Exception) -> None:
    """For Dash's `on_error`: mark the error as one of a callback."""
    raise CallbackFailed from error


class ConsoleServer(FastAPIDashServer):
    """Serves the page at the addresses of `PAGES` only, and answers 4xx to what a client got wrong."""

    websocket_capability = False  # the console polls; a route that nobody uses is a door that nobody watches

    def __init__(self, server: FastAPI) -> None:
        super().__init__(server)
        self._compressed: dict[str, bytes] = {}

    @staticmethod
    def create_app(name: str = "", config: dict[str, Any] | None = None) -> FastAPI:  # noqa: ARG004  Dash calls it so
        """The application that Dash puts its routes into. `app.state.at_end` holds what is awaited when it ends."""
        app = FastAPI(
            title="InvestIQ console",
            version=__version__,
            docs_url=None,
            redoc_url=None,
            openapi_url=None,
            redirect_slashes=False,
            lifespan=_lifespan,
        )
        app.state.at_end = []
        app.state.knows_dashboard = lambda _name: False
        app.state.knows_alert = lambda _name: False
        return app

    def setup_index(self, dash_app: Dash) -> None:
        """One route for each page: everything else is a 404, also a dashboard that does not exist."""

        async def index(request: Request) -> Response:
            name = request.path_params.get("name")
            if name is not None and not self.server.state.knows_dashboard(name):
                raise HTTPException(404, f"there is no dashboard {name[:80]!r}")
            alert = request.path_params.get("alert")
            # Not found, and yet the page: it says which name is near.
            status = 200 if alert is None or self.server.state.knows_alert(alert) else 404
            token = set_current_request(request)  # type: ignore[no-untyped-call]
            try:
                # Before the first page, whichever it is: Dash does it for "/" alone.
                dash_app._setup_server()  # type: ignore[no-untyped-call]
                # Callbacks are named in the page: one from before an upgrade must not meet the new ones.
                page = dash_app.index()  # type: ignore[no-untyped-call]
                return Response(page, status, media_type="text/html", headers={"cache-control": "no-cache"})
            finally:
                reset_current_request(token)  # type: ignore[no-untyped-call]

        for path in PAGES:
            self.server.add_api_route(path, index, methods=["GET"], include_in_schema=False)

    def _setup_catchall(self) -> None:
        """Dash would answer any path with its page; here an unknown one stays unknown."""

    def serve_component_suites(
        self, dash_app: Dash, package_name: str, fingerprinted_path: str, request: Request
    ) -> Response:
        """One file of a component library."""
        try:
            answer: Response = super().serve_component_suites(dash_app, package_name, fingerprinted_path, request)
        except (DependencyException, FileNotFoundError):
            return Response("there is no such file", 404, media_type="text/plain")
        if answer.status_code == 200 and "gzip" in request.headers.get("accept-encoding", ""):
            path, _ = check_fingerprint(fingerprinted_path)  # type: ignore[no-untyped-call]
            _compress(answer, f"{package_name}/{path}", self._compressed)
        return answer

    def serve_callback(self, dash_app: Dash) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint behind every callback of the page."""
        dispatch = super().serve_callback(dash_app)

        async def checked(request: Request) -> Response:
            body = getattr(request.state, "json_body", None)
            if not isinstance(body, dict) or body.get("output") not in dash_app.callback_map:
                raise _unknown()
            try:
                answer: Response = await dispatch(request)
            except PreventUpdate:
                return Response(status_code=204)
            except (CallbackFailed, CallbackException) as error:
                _log.exception("callback_failed", output=body["output"])
                raise Problem(500, "internal_error", "an unforeseen error; the log has it") from error
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                # Before it calls the callback, Dash reads the body without checking it.
                _log.warning("malformed_callback", output=body["output"], error=repr(error))
                raise _unknown() from error
            return answer

        return checked


def _compress(answer: Response, file: str, kept: dict[str, bytes]) -> None:
    """Compress a file once, not for each page: it takes a while, in which no other request is served."""
    if file not in kept:
        kept[file] = gzip.compress(bytes(answer.body), mtime=0)
    answer.body = kept[file]
    answer.headers["content-length"] = str(len(answer.body))
    answer.headers["content-encoding"] = "gzip"
    answer.headers["vary"] = "Accept-Encoding"


def _unknown() -> Problem:
    return Problem(400, "unknown_callback", "the page asks for something unknown here: load it again")
