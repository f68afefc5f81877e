"""Dash's FastAPI backend, held to the manners of our other servers.

Dash itself answers 200 with its page to any GET, turns what a client got wrong into a 500, swallows tracebacks, and
opens a WebSocket that this console does not use.

Nothing else of ours touches what Dash does not document: the module `dash.backends._fastapi`, and the name
`_setup_catchall`. tests/serve/web/test_dash_contract.py says what is expected of them, and pyproject.toml admits no
other minor version.
"""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from dash import Dash
from dash.backends._fastapi import FastAPIDashServer, reset_current_request, set_current_request
from dash.exceptions import DependencyException, PreventUpdate
from dash.fingerprint import check_fingerprint
from fastapi import FastAPI, HTTPException, Request, Response
from starlette.middleware import Middleware

from investiq.serve.http import Problem
from investiq.serve.web.callback_body import is_expected

__all__ = ["PAGES", "ConsoleApplication", "ConsoleServer", "add_pages", "callback_failed"]

_log = structlog.get_logger(__name__)

PAGES = (
    "/",
    "/trading",
    "/trading/orders",
    "/trading/halts",
    "/operations",
    "/operations/{name}",
    "/checklist",
    "/silence",
    "/silence/{alert}",
    "/audit",
)


class ConsoleApplication(FastAPI):
    """Keeps the layers of its constructor outermost: those that Dash adds later go inside, not outside of them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._outer_layers = len(self.user_middleware)

    def add_middleware(self, middleware_class: Any, *args: Any, **kwargs: Any) -> None:
        """Put a layer directly inside those of the constructor."""
        self.user_middleware.insert(self._outer_layers, Middleware(middleware_class, *args, **kwargs))


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
        self._preparations: list[Callable[[], object]] = []

    def before_request(self, func: Callable[[], object] | None) -> None:
        """Keep what Dash does before its first answer: its own layer does it for "/" alone, and `page` for all."""
        super().before_request(func)
        if func is not None:
            self._preparations.append(func)

    def setup_index(self, dash_app: Dash) -> None:
        """Nothing: `add_pages` adds one route for each page."""

    def page(self, dash_app: Dash, request: Request) -> str:
        """The document in which the browser draws every page."""
        token = set_current_request(request)  # type: ignore[no-untyped-call]
        try:
            for prepare in self._preparations:
                prepare()
            document: str = dash_app.index()  # type: ignore[no-untyped-call]
            return document
        finally:
            reset_current_request(token)  # type: ignore[no-untyped-call]

    def _setup_catchall(self) -> None:
        """Dash would answer any path with its page; here an unknown one stays unknown."""

    def serve_component_suites(
        self, dash_app: Dash, package_name: str, fingerprinted_path: str, request: Request
    ) -> Response:
        """One file of a component library."""
        try:
            answer: Response = super().serve_component_suites(dash_app, package_name, fingerprinted_path, request)
        except (DependencyException, FileNotFoundError):
            return Response("file not found", 404, media_type="text/plain")
        if answer.status_code == 200 and "gzip" in request.headers.get("accept-encoding", ""):
            path, _ = check_fingerprint(fingerprinted_path)  # type: ignore[no-untyped-call]
            _compress(answer, f"{package_name}/{path}", self._compressed)
        return answer

    def serve_callback(self, dash_app: Dash) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint behind every callback of the page."""
        dispatch = super().serve_callback(dash_app)

        async def checked(request: Request) -> Response:
            body: Any = getattr(request.state, "json_body", None)
            try:
                if not is_expected(body, dash_app.callback_map):
                    raise _unknown()
                answer: Response = await dispatch(request)
            except PreventUpdate:
                return Response(status_code=204)
            except Problem:
                raise
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                # Before it calls the callback, Dash reads the body without checking it.
                _log.warning("malformed_callback", output=body["output"], error=repr(error))
                raise _unknown() from error
            except Exception as error:  # Dash would answer 500 and tell nobody why
                _log.exception("callback_failed", output=body["output"])
                raise Problem(500, "internal_error", "internal error; see the log") from error
            return answer

        return checked


def add_pages(dash_app: Dash, knows_dashboard: Callable[[str], bool], knows_alert: Callable[[str], bool]) -> None:
    """Serve the page at the addresses of `PAGES`: everything else is a 404, also a dashboard that does not exist."""
    backend = dash_app.backend
    assert isinstance(backend, ConsoleServer)  # noqa: S101  what the console gives to Dash

    async def index(request: Request) -> Response:
        name, alert = request.path_params.get("name"), request.path_params.get("alert")
        if name is not None and not knows_dashboard(name):
            raise HTTPException(404, f"there is no dashboard {name[:80]!r}")
        # Not found, and yet the page: it says which name is near.
        status = 200 if alert is None or knows_alert(alert) else 404
        return Response(backend.page(dash_app, request), status, media_type="text/html")

    for path in PAGES:
        backend.server.add_api_route(path, index, methods=["GET"], include_in_schema=False)


def _compress(answer: Response, file: str, kept: dict[str, bytes]) -> None:
    """Compress a file once, not for each page: it takes a while, in which no other request is served."""
    if file not in kept:
        kept[file] = gzip.compress(bytes(answer.body), mtime=0)
    answer.body = kept[file]
    answer.headers["content-length"] = str(len(answer.body))
    answer.headers["content-encoding"] = "gzip"
    answer.headers["vary"] = "Accept-Encoding"


def _unknown() -> Problem:
    return Problem(400, "unknown_callback", "this page is out of date: reload it")
