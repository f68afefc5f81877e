"""No route of ours without its row in `foundation/contract/doors.py`, and no row without its route."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from investiq.foundation.config import Config
from investiq.foundation.config.schema import EdgeConfig
from investiq.foundation.contract.doors import DOORS
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.agent.app import create_app as agent
from investiq.serve.inbox.app import create_app as inbox
from investiq.serve.signals.app import create_app as signals
from investiq.serve.web.app import create_app as web
from tests.serve.api.installation import install

EDGE = EdgeConfig(enabled=True, console="console.example.org")


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    found = set()
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        for method in getattr(route, "methods", None) or {"GET"}:
            found.add((method, getattr(route, "path_format", None) or f"{getattr(route, 'path', '')}/{{path}}"))
    return found


def rows_of(server: str) -> set[tuple[str, str]]:
    return {(row.method, row.path) for row in DOORS if row.server == server}


@pytest.mark.parametrize("server", ["web", "api", "signals", "inbox", "agent"])
def test_every_route_has_a_row_and_every_row_a_route(server: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, edge=EDGE)
    match server:
        case "web":
            app = web(config)
        case "api":
            app = install(tmp_path / "api").app
        case "signals":
            app = signals(config, Metrics(Part.SIGNALS))
        case "inbox":
            app = inbox(config, Metrics(Part.INBOX))
        case _:
            app = agent(config, Metrics(Part.AGENT))
    files = {(row.method, row.path) for row in DOORS if row.path.startswith("/assets/")}
    assert routes_of(app) - files == rows_of(server) - files
