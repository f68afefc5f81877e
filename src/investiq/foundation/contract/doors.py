"""Every door of an installation, as data: who gets in, from this machine and through the edge, and what others hear.

A route of ours that is not here fails the tests; tests/e2e/test_doors.py tries each door on the real programs, and
docs/doors.md is written from this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["AT_EDGE", "DISTURBANCES", "DOORS", "FROM_HERE", "IN", "Asks", "DoorRow", "Shown"]


class Shown(StrEnum):
    """The credential that somebody shows."""

    NONE = "none"
    WRONG = "wrong"
    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"


class Asks(StrEnum):
    """What a door asks for."""

    NOTHING = "nothing"
    LOCAL_READ = "reading"
    """Nothing of who reads on this machine; a key, if one is shown, must be right."""
    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"
    ADMIN_READ = "admin, to read"
    """Whoever reads on this machine without a key is known, and has too little access."""
    OWN_PAGE = "its own page"
    """Changes come from a page of the console, and what they do asks for a session."""
    SCRAPE = "the metrics token"
    """Or nothing of who scrapes from a trusted network."""
    LOG_IN = "a log-in"
    """By what the body holds; a key, if one is shown, must be right."""
    OWN_TOKEN = "its own token"  # noqa: S105  words
    """Which two programs of this installation share; no key is one."""
    OWN_PASSWORD = "its own password"  # noqa: S105  words
    """Of a monitoring program."""
    NOT_THERE = "404"
    UNREACHABLE = "no door"


CLOSED = Asks.NOT_THERE

IN = 0
"""In the place of a status: the program behind the door answers."""

_SCOPES = (Shown.READ, Shown.TRADE, Shown.ADMIN)


def _answers(none: int, wrong: int, read: int, trade: int, admin: int) -> Mapping[Shown, int]:
    return dict(zip(Shown, (none, wrong, read, trade, admin), strict=True))


AT_EDGE: Mapping[Asks, Mapping[Shown, int]] = {
    Asks.NOTHING: _answers(IN, IN, IN, IN, IN),
    Asks.LOG_IN: _answers(IN, 401, IN, IN, IN),
    Asks.READ: _answers(401, 401, IN, IN, IN),
    Asks.TRADE: _answers(401, 401, 403, IN, IN),
    Asks.ADMIN: _answers(401, 401, 403, 403, IN),
    Asks.ADMIN_READ: _answers(401, 401, 403, 403, IN),
    Asks.NOT_THERE: _answers(404, 404, 404, 404, 404),
}
"""What the edge answers whoever shows something."""

FROM_HERE: Mapping[Asks, Mapping[Shown, int]] = {
    Asks.NOTHING: _answers(IN, IN, IN, IN, IN),
    Asks.LOCAL_READ: _answers(IN, 401, IN, IN, IN),
    Asks.LOG_IN: _answers(IN, 401, IN, IN, IN),
    Asks.READ: _answers(401, 401, IN, IN, IN),
    Asks.TRADE: _answers(401, 401, 403, IN, IN),
    Asks.ADMIN: _answers(401, 401, 403, 403, IN),
    Asks.ADMIN_READ: _answers(403, 401, 403, 403, IN),
    Asks.OWN_PAGE: _answers(403, 403, 403, 403, 403),
    Asks.SCRAPE: _answers(IN, 401, 401, 401, 401),
    Asks.OWN_TOKEN: _answers(401, 401, 401, 401, 401),
    Asks.OWN_PASSWORD: _answers(401, 401, 401, 401, 401),
}
"""What a port on loopback answers a program on this machine."""

DISTURBANCES: Mapping[str, str] = {
    "foreign Host": "421 at the edge and at our servers, whatever is shown; a foreign name in TLS gets no certificate",
    "foreign Origin": "403 at the edge and at our servers, whatever is shown",
    "forwarding header": "through the edge it changes nothing; at our servers, reading asks for a key",
    "WebSocket": "never 101, but for Grafana",
}
"""What else a request may bring, and what becomes of it. The monitoring programs want their password first."""


@dataclass(frozen=True, slots=True)
class DoorRow:
    """One route.

    Attributes:
        server: the process, as topology calls it.
        here: what it asks for on its port, which is one of loopback.
        edge: what it asks for through the edge, in the name of its host.
    """

    server: str
    method: str
    path: str
    here: Asks
    edge: Asks


def _rows(server: str, here: Asks, edge: Asks, *routes: str) -> tuple[DoorRow, ...]:
    """Rows of routes that ask for the same; each is a method and a path."""
    split = (route.split(" ", 1) for route in routes)
    return tuple(DoorRow(server, method, path, here, edge) for method, path in split)


_API = (
    *_rows(
        "api",
        Asks.LOCAL_READ,
        Asks.READ,
        "GET /openapi.json",
        "HEAD /openapi.json",
        "GET /health",
        "GET /api/market",
        "GET /api/symbols",
        "GET /api/bars/{symbol}",
        "GET /api/analyze/{symbol}",
        "GET /api/analyses",
        "GET /api/trades",
        "GET /api/trades/{order_id}",
        "GET /api/positions",
        "GET /api/account",
        "GET /api/account/equity",
        "GET /api/trading/status",
        "GET /api/trading/halt",
        "GET /api/trading/halts",
        "GET /api/sessions/current",
        "GET /api/checklist",
        "GET /api/checklist/sign-offs",
        "GET /docs",
        "GET /docs/start.js",
        "GET /docs/swagger-ui-bundle.js",
        "GET /docs/swagger-ui.css",
    ),
    *_rows(
        "api",
        Asks.TRADE,
        Asks.TRADE,
        "POST /api/trades",
        "DELETE /api/trades/{order_id}",
        "POST /api/trading/halt",
        "POST /api/audit/silences",
    ),
    *_rows(
        "api",
        Asks.ADMIN,
        Asks.ADMIN,
        "POST /api/trading/resume",
        "POST /api/checklist/sign-offs",
    ),
    *_rows("api", Asks.ADMIN_READ, Asks.ADMIN_READ, "GET /api/audit"),
    *_rows("api", Asks.READ, Asks.READ, "DELETE /api/sessions/current", "POST /api/sessions/links"),
    *_rows("api", Asks.LOG_IN, Asks.LOG_IN, "POST /api/sessions"),
    *_rows("api", Asks.SCRAPE, CLOSED, "GET /metrics"),
    *_rows("api", Asks.OWN_TOKEN, CLOSED, "POST /internal/heartbeat", "GET /internal/edge"),
)

_WEB = (
    *_rows(
        "web",
        Asks.NOTHING,
        Asks.READ,
        "GET /",
        "GET /trading",
        "GET /trading/orders",
        "GET /trading/halts",
        "GET /operations",
        "GET /operations/{name}",
        "GET /audit",
        "GET /checklist",
        "GET /silence",
        "GET /silence/{alert}",
        "GET /runbooks",
        "GET /runbooks/{subject}",
        "GET /runbooks/{subject}/{alert}",
        "GET /assets/{path}",
        "GET /_dash-component-suites/{package_name}/{fingerprinted_path}",
        "GET /_dash-layout",
        "GET /_dash-dependencies",
        "GET /_reload-hash",
        "GET /_favicon.ico",
    ),
    *_rows("web", Asks.OWN_PAGE, Asks.READ, "POST /_dash-update-component", "POST /logout"),
    *_rows("web", Asks.NOTHING, Asks.NOTHING, "GET /health", "GET /login"),
    *_rows("web", Asks.NOTHING, Asks.NOTHING, "GET /assets/icon.svg", "GET /assets/console.css"),
    *_rows("web", Asks.NOTHING, Asks.NOTHING, "GET /assets/first/{path}"),
    *_rows("web", Asks.OWN_PAGE, Asks.NOTHING, "POST /login"),
    *_rows("web", Asks.NOT_THERE, Asks.NOTHING, "GET /edge"),
    *_rows("web", Asks.NOT_THERE, Asks.READ, "GET /.investiq/enter"),
    *_rows("web", Asks.SCRAPE, CLOSED, "GET /metrics"),
)

_INSIDE = (
    *_rows("signals", Asks.NOTHING, Asks.UNREACHABLE, "GET /health", "GET /openapi.json", "HEAD /openapi.json"),
    *_rows("signals", Asks.NOTHING, Asks.UNREACHABLE, "GET /model", "POST /predict"),
    *_rows("signals", Asks.SCRAPE, Asks.UNREACHABLE, "GET /metrics"),
    *_rows("inbox", Asks.NOTHING, Asks.UNREACHABLE, "GET /health"),
    *_rows("inbox", Asks.OWN_TOKEN, Asks.UNREACHABLE, "GET /openapi.json", "HEAD /openapi.json"),
    *_rows("inbox", Asks.SCRAPE, Asks.UNREACHABLE, "GET /metrics"),
    *_rows("inbox", Asks.OWN_TOKEN, Asks.UNREACHABLE, "POST /webhook", "POST /heartbeat", "GET /api/notifications"),
    *_rows("agent", Asks.NOTHING, Asks.UNREACHABLE, "GET /health", "GET /openapi.json", "HEAD /openapi.json"),
    *_rows("agent", Asks.SCRAPE, Asks.UNREACHABLE, "GET /metrics"),
)

_PROGRAMS = (
    *_rows("prometheus", Asks.OWN_PASSWORD, Asks.READ, "GET /graph", "GET /api/v1/query", "POST /api/v1/query"),
    *_rows(
        "prometheus",
        Asks.OWN_PASSWORD,
        CLOSED,
        "GET /metrics",
        "GET /federate",
        "GET /-/ready",
        "POST /-/quit",
        "POST /-/reload",
        "GET /debug/pprof/",
        "POST /api/v1/admin/tsdb/snapshot",
        "POST /api/v1/write",
        "POST /api/v1/otlp/v1/metrics",
    ),
    *_rows("alertmanager", Asks.OWN_PASSWORD, Asks.READ, "GET /", "GET /api/v2/alerts", "GET /api/v2/silences"),
    *_rows(
        "alertmanager",
        Asks.OWN_PASSWORD,
        Asks.TRADE,
        "POST /api/v2/silences",
        "DELETE /api/v2/silence/x",
        "POST /api/v2/alerts",
    ),
    *_rows(
        "alertmanager",
        Asks.OWN_PASSWORD,
        CLOSED,
        "GET /metrics",
        "GET /-/ready",
        "POST /-/reload",
        "GET /debug/pprof/",
        "GET /api/v2/status",
    ),
    *_rows("blackbox", Asks.OWN_PASSWORD, Asks.UNREACHABLE, "GET /metrics", "GET /probe", "GET /config"),
    *_rows("node", Asks.OWN_PASSWORD, Asks.UNREACHABLE, "GET /metrics"),
    *_rows("edge", Asks.NOTHING, Asks.UNREACHABLE, "GET /health", "GET /status"),
    *_rows("nginx_exporter", Asks.NOTHING, Asks.UNREACHABLE, "GET /metrics"),
)

DOORS: tuple[DoorRow, ...] = (*_API, *_WEB, *_INSIDE, *_PROGRAMS)
"""Of the programs that are not ours: what matters of them; Grafana has a log-in of its own beside that of the edge."""
