"""Hand-written stand-ins for the servers that the console reads, and a reader of what it draws."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2

from investiq.serve.web.sources import Transports

MARKET = {
    "now": "2008-01-09T16:30:00Z",
    "phase": "open",
    "session": "2008-01-09",
    "next_open": "2008-01-10T14:30:00Z",
    "ends_at": "2013-03-01T21:00:00Z",
    "provider": "replay",
    "clock": "replay",
    "session_seconds": 30.0,
    "open_seconds": 223_000_000.0,
    "data_age_seconds": 720.0,
    "message": "The session of 2008-01-09 is open until 21:00 UTC.",
}
STATUS: dict[str, Any] = {
    "mode": "replay",
    "halted": False,
    "reason": None,
    "note": None,
    "since": None,
    "since_wall": None,
    "by": None,
    "day_loss": "0.001",
    "day_loss_from": "100200",
    "daily_loss_limit": "0.03",
    "drawdown": "0.004",
    "drawdown_from": "100400.5",
    "drawdown_limit": "0.2",
    "monitoring": {
        "required": True,
        "heartbeat": "fresh",
        "evaluated_at": "2026-01-02T09:59:56Z",
        "age_seconds": 4.2,
        "limit_seconds": 30.0,
        "note": "the last heartbeat of the monitoring is 4 s old",
    },
}
HALTED = STATUS | {
    "halted": True,
    "reason": "manual",
    "note": "a price that seems wrong",
    "since": "2008-01-09T15:00:00Z",
    "since_wall": "2026-01-02T10:00:00Z",
    "by": "local admin",
}
SYMBOLS = {
    "symbols": [
        {
            "symbol": name,
            "first_session": "2000-03-01",
            "last_session": "2008-01-08",
            "bars": 1970,
            "last_price": "24.75",
            "last_price_at": "2008-01-09T14:30:00Z",
            "previous_close": "22.50",
        }
        for name in ("AAPL", "MSFT")
    ],
    "refused": [{"symbol": "BAD", "reasons": ["bad.csv:7: high below low"]}],
}
ACCOUNT = {
    "mode": "replay",
    "broker": "paper",
    "initial_cash": "100000",
    "cash": "95024.28",
    "equity": "100092.16",
    "buying_power": "95024.28",
    "exposure": "5067.88",
    "realised_pnl": "98.61",
    "unrealised_pnl": "-2.5",
    "day_pnl": "12.3",
    "high_water_mark": "100456.37",
    "drawdown": "0.0036",
    "commission_paid": "6.45",
    "net_realised_pnl": "92.16",
    "unpriced": [],
}
POSITION = {
    "symbol": "AAPL",
    "quantity": "296.6936",
    "average_price": "17.08",
    "market_price": "17.07",
    "market_value": "5064.56",
    "unrealised_pnl": "-2.97",
    "realised_pnl": "0",
    "commission_paid": "3",
    "net_realised_pnl": "-3",
}
SOLD_OUT = {"symbol": "IBM", "realised_pnl": "98.61", "commission_paid": "3.45", "net_realised_pnl": "95.16"}


SECRET = "iqs_" + "S" * 42 + "Q"  # 32 bytes, as base64 writes them
SESSION = {
    "id": "3f2a9c01",
    "name": "alice",
    "scope": "admin",
    "created_at": "2026-01-02T09:00:00Z",
    "expires_at": "2999-01-02T21:00:00Z",
}


WOULD = {
    "symbol": "AAPL",
    "side": "buy",
    "order_type": "market",
    "quantity": "10.0000",
    "last_price": "24.7500",
    "last_price_at": "2008-01-09T14:30:00Z",
    "price": "24.7525",
    "commission": "1.0000",
    "cost": "248.5300",
    "buying_power": "95024.2800",
    "buying_power_after": "94775.7500",
    "position": "0.0000",
    "position_after": "10.0000",
    "denial": None,
    "message": None,
}
"""What a dry run of an order says."""


def order(**changes: Any) -> dict[str, Any]:
    """An order as the API tells it."""
    return {
        "id": "o1",
        "symbol": "AAPL",
        "side": "buy",
        "order_type": "market",
        "quantity": "10",
        "notional": None,
        "limit_price": None,
        "status": "accepted",
        "filled_quantity": "0",
        "average_price": None,
        "commission": "0",
        "reason": None,
        "message": None,
        "created_by": "local admin",
        "created_at": "2008-01-09T16:30:00Z",
        "created_wall": "2026-01-02T10:00:00Z",
        "updated_at": "2008-01-09T16:30:00Z",
        "history": [],
    } | changes


def engine(name: str, **changes: Any) -> dict[str, Any]:
    """What an engine says."""
    return {
        "engine": name,
        "status": "ok",
        "reason": None,
        "signal": "weak_buy",
        "score": 0.2,
        "confidence": 0.5,
        "metrics": {"last_session": "2008-01-08"},
        "as_of": "2008-01-09T16:30:00Z",
        "duration_ms": 8.0,
    } | changes


def analysis(symbol: str) -> dict[str, Any]:
    """Three engines that answer and two that do not."""
    silent: dict[str, Any] = {"status": "unavailable", "signal": None, "score": None, "confidence": None, "metrics": {}}
    return {
        "symbol": symbol,
        "as_of": "2008-01-09T16:30:00Z",
        "price": "24.75",
        "overall": {
            "signal": "buy",
            "score": 0.41,
            "confidence": 0.22,
            "conviction": 0.9,
            "coverage": 0.7,
            "regime": "bull_calm",
            "regime_reason": None,
            "weights": {"technical": 0.43, "quantitative": 0.285, "signal": 0.285},
        },
        "engines": {
            "technical": engine("technical", metrics={"rsi_14": 63.42, "atr_14_of_close": None}),
            "quantitative": engine("quantitative", metrics={"sharpe": 2.55, "max_drawdown": -0.198}),
            "signal": engine("signal", metrics={"probability_up": 0.587, "trained_until": "2007-12-31"}),
            "sentiment": engine("sentiment", reason="the price provider has no news", **silent),
            "fundamental": engine("fundamental", reason="the price provider has no fundamentals", **silent),
        },
    }


def bars(count: int) -> list[Any]:
    """Ascending bars; the close of bar i is i + 1."""
    days = (f"2007-{1 + i // 28:02d}-{1 + i % 28:02d}" for i in range(count))
    return [
        {
            "session": day,
            "open": str(i + 0.5),
            "high": str(i + 2),
            "low": str(i),
            "close": str(i + 1),
            "volume": 100 + i,
        }
        for i, day in enumerate(days)
    ]


@dataclass
class FakeServer(httpx2.AsyncBaseTransport, httpx2.BaseTransport):
    """Answers `GET path` from `documents`; counts what is asked; can be down.

    Attributes:
        documents: path -> JSON document; a path that is not there gives a 404.
        changes: what was posted: path and body.
        posts: path, with or without its query -> status and document of the answer to a POST or DELETE.
        answers: query -> document, for a Prometheus; other queries are answered by their path.
        refused: queries that a Prometheus does not parse.
        sessions: secret -> document of a session, for an API.
    """

    documents: dict[str, Any]
    posts: dict[str, tuple[int, Any]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    down: bool = False
    asked: list[str] = field(default_factory=list)
    changes: list[tuple[str, Any, Mapping[str, str]]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return self.handle_request(request)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.asked.append(f"{path}?{request.url.query.decode()}" if request.url.query else path)
        if self.down:
            raise httpx2.ConnectError("refused", request=request)
        if path == "/api/sessions/current":
            return self._session(request)
        if request.method == "POST" or (request.method == "DELETE" and path in self.posts):
            self.changes.append((path, json.loads(request.content or "null"), request.headers))
            status, document = self.posts.get(self.asked[-1]) or self.posts[path]
            return httpx2.Response(status, json=document, request=request)
        if request.url.params.get("query") in self.refused:
            document = {"status": "error", "errorType": "bad_data", "error": "parse error: unclosed parenthesis"}
            return httpx2.Response(400, json=document, request=request)
        if path not in self.documents:
            problem = {"reason": "unknown_symbol", "detail": f"no {path}", "status": 404}
            return httpx2.Response(404, json=problem, request=request)
        document = self.answers.get(request.url.params.get("query", ""), self.documents[path])
        return httpx2.Response(200, json=document, request=request)

    def _session(self, request: httpx2.Request) -> httpx2.Response:
        secret = request.headers.get("authorization", "").removeprefix("Bearer ")
        if secret not in self.sessions:
            problem = {"reason": "unauthorised", "detail": "the session has ended", "status": 401}
            return httpx2.Response(401, json=problem, request=request)
        session = self.sessions[secret]
        if request.method == "DELETE":
            del self.sessions[secret]
        return httpx2.Response(200, json=session, request=request)


AUDIT_RECORD = {
    "id": 7,
    "wall": "2026-01-02T03:04:05.678901+00:00",
    "actor": "alice (session 3f2a9c01)",
    "access": "admin",
    "origin": "192.0.2.7",
    "action": "trading_resumed",
    "target": "",
    "result": "done",
    "detail": "looked at the loss; <b>it is fine</b>",
    "hash": "a" * 64,
}


def api() -> FakeServer:
    """An API that is well, with an account, one position and two orders."""
    denied = order(id="o2", status="denied", reason="halted", message="trading is halted", notional="5000")
    return FakeServer(
        sessions={SECRET: SESSION},
        posts={"/api/audit/silences": (201, AUDIT_RECORD)},
        documents=copy.deepcopy(
            {
                "/api/market": MARKET,
                "/api/symbols": SYMBOLS,
                "/api/trading/status": STATUS,
                "/api/trading/halt": {"halted": False, "cancels": [order()], "keeps": [], "positions": 1},
                "/api/account": ACCOUNT,
                "/api/positions": {"positions": [POSITION], "closed": [SOLD_OUT]},
                "/api/trades": {"orders": [denied, order()], "next_cursor": None},
                "/api/account/equity": {
                    "points": [
                        {"at": "2008-01-08T14:30:00Z", "equity": "100000", "drawdown": "0"},
                        {"at": "2008-01-09T14:30:00Z", "equity": "99600", "drawdown": "0.004"},
                    ]
                },
                "/api/audit": {"records": [AUDIT_RECORD], "next_cursor": None},
                "/api/bars/AAPL": {"symbol": "AAPL", "bars": bars(60), "next_cursor": None},
                "/api/bars/MSFT": {"symbol": "MSFT", "bars": bars(30), "next_cursor": None},
                "/api/analyze/AAPL": analysis("AAPL"),
                "/api/analyze/MSFT": analysis("MSFT"),
            }
        ),
    )


def target(job: str, health: str = "up", error: str = "") -> dict[str, Any]:
    """A scrape target as Prometheus 2.42 tells it."""
    return {
        "labels": {"job": job, "instance": "127.0.0.1:3000"},
        "health": health,
        "lastError": error,
        "lastScrape": "2026-01-02T10:00:00.123456789+01:00",
        "scrapeInterval": "5s",
    }


def alert(
    name: str, severity: str, since: str = "2026-01-02T10:00:00.000Z", state: str = "active", **labels: str
) -> dict[str, Any]:
    """An alert as Alertmanager tells it."""
    return {
        "labels": {"alertname": name, "severity": severity, "service": "investiq-api"} | labels,
        "annotations": {"summary": f"{name} happened", "runbook": f"http://127.0.0.1:8050/runbooks/api/{name}"},
        "startsAt": since,
        "status": {"state": state, "silencedBy": [], "inhibitedBy": ["x"] if state == "suppressed" else []},
    }


def raw_silence(**changes: Any) -> dict[str, Any]:
    """A silence of ServiceDown as Alertmanager tells it."""
    return {
        "id": "a",
        "status": {"state": "active"},
        "matchers": [{"name": "alertname", "value": "ServiceDown", "isRegex": False, "isEqual": True}],
        "startsAt": "2026-01-02T10:00:00.000Z",
        "endsAt": "2026-01-02T18:00:00.000Z",
        "createdBy": "ana",
        "comment": "known, #214",
    } | changes


@dataclass
class FakeAlertmanager(FakeServer):
    """Filters its alerts, takes silences as Alertmanager does, and mutes what they match exactly.

    Attributes:
        slow: waits so long before a silence is kept, as a slow disk would.
        mute_after_post: does what it is told, and never answers.
    """

    slow: float = 0.0
    mute_after_post: bool = False

    @property
    def silences(self) -> list[dict[str, Any]]:
        return cast(list[dict[str, Any]], self.documents.setdefault("/api/v2/silences", []))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if self.down or (path not in ("/api/v2/silences", "/api/v2/alerts") and request.method == "GET"):
            return super().handle_request(request)
        if request.method == "POST":
            self.changes.append((path, json.loads(request.content), request.headers))
            return self._taken(path, json.loads(request.content), request)
        if request.method == "DELETE":
            return self._ended(path.removeprefix("/api/v2/silence/"), request)
        answer = super().handle_request(request)
        if path == "/api/v2/alerts":
            shown = [self._judged(raw) for raw in answer.json() if _matched(raw, request.url.params.get_list("filter"))]
            return httpx2.Response(200, json=shown, request=request)
        return answer

    def _taken(self, path: str, document: dict[str, Any], request: httpx2.Request) -> httpx2.Response:
        assert path == "/api/v2/silences"
        assert set(document) == {"id", "matchers", "startsAt", "endsAt", "createdBy", "comment"}
        assert all(set(matcher) == {"name", "value", "isRegex", "isEqual"} for matcher in document["matchers"])
        before = [raw for raw in self.silences if raw["id"] == document["id"]]
        assert bool(before) == bool(document["id"]), "404: silence not found"
        time.sleep(self.slow)
        identifier = document["id"] or f"silence-{len(self.silences)}"
        kept = [raw for raw in self.silences if raw["id"] != identifier]
        self.silences[:] = [*kept, document | {"id": identifier, "status": {"state": "active"}}]
        if self.mute_after_post:
            raise httpx2.ReadTimeout("nothing", request=request)
        return httpx2.Response(200, json={"silenceID": identifier}, request=request)

    def _ended(self, identifier: str, request: httpx2.Request) -> httpx2.Response:
        (ended,) = [raw for raw in self.silences if raw["id"] == identifier]
        assert ended["status"]["state"] != "expired", "500: silence already expired"
        ended["status"] = {"state": "expired"}
        return httpx2.Response(200, request=request)

    def _judged(self, raw: dict[str, Any]) -> dict[str, Any]:
        labels = raw["labels"]
        muting = [
            silence["id"]
            for silence in self.silences
            if silence["status"]["state"] == "active"
            and all(labels.get(matcher["name"]) == matcher["value"] for matcher in silence["matchers"])
        ]
        status = raw["status"]
        if not muting:
            return raw
        return raw | {"status": status | {"state": "suppressed", "silencedBy": [*status["silencedBy"], *muting]}}


def _matched(raw: Mapping[str, Any], filters: list[str]) -> bool:
    wanted = dict(one.split("=", 1) for one in filters)
    return all(raw["labels"].get(label) == json.loads(value) for label, value in wanted.items())


@dataclass
class Stand:
    """All servers that the console reads."""

    api: FakeServer = field(default_factory=api)
    prometheus: FakeServer = field(
        default_factory=lambda: FakeServer(
            {
                "/api/v1/targets": {
                    "status": "success",
                    "data": {"activeTargets": [target("investiq-api"), target("frontend")]},
                },
                "/api/v1/query": {"status": "success", "data": {"resultType": "vector", "result": []}},
                "/api/v1/query_range": {"status": "success", "data": {"resultType": "matrix", "result": []}},
            }
        )
    )
    alertmanager: FakeAlertmanager = field(
        default_factory=lambda: FakeAlertmanager({"/api/v2/alerts": [alert("Watchdog", "none")]})
    )
    inbox: FakeServer = field(default_factory=lambda: FakeServer({"/api/notifications": {"notifications": []}}))

    @property
    def transports(self) -> Transports:
        return Transports(self.api, self.prometheus, self.alertmanager, self.inbox)


def text_of(drawn: Any) -> str:
    """All words of a component tree, as a reader meets them."""
    return " ".join(_words(drawn))


def _words(drawn: Any) -> Iterator[str]:
    if isinstance(drawn, list | tuple):
        for item in drawn:
            yield from _words(item)
    elif isinstance(drawn, str | int | float):
        yield str(drawn)
    elif drawn is not None:
        yield from _words(getattr(drawn, "title", None) if type(drawn).__name__ == "Alert" else None)
        yield from _words(getattr(drawn, "children", None))


def rows_of(table: Any) -> list[dict[str, str]]:
    """The rows of a table as a reader meets them, by the titles of their columns."""
    body = table.children[1]
    return [{getattr(cell, "data-label"): text_of(cell) for cell in row.children} for row in body.children]
