"""What the console expects of parts of Dash that Dash does not document (`investiq.serve.web.server`).

A new minor version of Dash goes into pyproject.toml when these pass with it.
"""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path

import httpx2
import pytest
from dash import Dash, html
from dash.backends import _fastapi
from fastapi import FastAPI, Request
from packaging.requirements import Requirement
from packaging.version import Version

from investiq.foundation.config import Config
from investiq.serve.web.app import create_app
from investiq.serve.web.server import ConsoleApplication, ConsoleServer
from tests.serve.web.fakes import Stand

ROOT = Path(__file__).parents[3]


def _dash(backend: type[_fastapi.FastAPIDashServer]) -> tuple[Dash, FastAPI]:
    server = ConsoleApplication()
    app = Dash("investiq.serve.web", server=False, backend=backend, compress=True, add_log_handler=False)
    app.layout = html.Div()
    app.init_app(server)
    return app, server


def _request() -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""})


async def _status_of_an_unknown_path(server: FastAPI) -> int:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(server), base_url="http://localhost") as client:
        return (await client.get("/nothing")).status_code


async def _start(server: FastAPI) -> None:
    """Go through the start-up as uvicorn does: Dash's layer meets it too."""
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return messages.pop(0)

    async def send(message: object) -> None:
        sent.append(message["type"])  # type: ignore[index]

    await server({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_only_the_minor_version_that_this_was_written_for_may_be_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = next(r for r in map(Requirement, project["dependencies"]) if r.name == "dash")
    installed = Version(version("dash"))
    assert installed in wanted.specifier
    assert f"{installed.major}.{installed.minor + 1}.0" not in wanted.specifier


async def test_dash_would_answer_any_path_after_its_start_and_the_console_does_not() -> None:
    for backend, status in ((_fastapi.FastAPIDashServer, 200), (ConsoleServer, 404)):
        _, server = _dash(backend)
        await _start(server)
        assert await _status_of_an_unknown_path(server) == status, backend


def test_the_page_is_made_within_a_request_and_only_there() -> None:
    app, _ = _dash(ConsoleServer)
    with pytest.raises(RuntimeError, match="request"):
        app.index()  # type: ignore[no-untyped-call]
    assert isinstance(app.backend, ConsoleServer)
    assert "/_dash-component-suites/" in app.backend.page(app, _request())
    with pytest.raises(RuntimeError, match="request"):
        app.index()  # type: ignore[no-untyped-call]


def test_the_preparation_of_dash_comes_through_its_backend_and_takes_no_argument() -> None:
    """Without it the page lacks our own styles and scripts, until somebody asks for "/"."""
    app, _ = _dash(ConsoleServer)
    assert isinstance(app.backend, ConsoleServer)
    assert "/assets/console.css" in app.backend.page(app, _request())
    assert "/assets/console.css" in app.backend.page(app, _request())


def test_the_layers_of_dash_lie_inside_all_of_ours(config: Config, stand: Stand) -> None:
    names = [
        str(getattr(layer.cls, "__name__", layer.cls)) for layer in create_app(config, stand.transports).user_middleware
    ]
    assert names == [
        "SecurityHeaders",
        "AnswerHeaders",
        "LoopLag",
        "AccessLog",
        "RequestMetrics",
        "HeadAsGet",
        "HostCheck",
        "OtherPages",
        "BodyCheck",
        "ErrorBoundary",
        "SameOrigin",
        "BrowserSession",
        "DashMiddleware",
        "GZipMiddleware",
    ]


async def test_the_layer_of_dash_parses_the_body_that_a_callback_is_checked_by(console: httpx2.AsyncClient) -> None:
    origin = {"origin": "http://127.0.0.1:8050"}
    answer = await console.post("/_dash-update-component", json={"output": "nothing.children"}, headers=origin)
    assert answer.status_code == 400
    assert answer.json()["reason"] == "unknown_callback"
