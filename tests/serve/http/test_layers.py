"""The layers around every server of ours, on a small application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from structlog.testing import capture_logs

from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.http import HostPolicy, MonitoringAccess, Problem, create_server
from investiq.serve.http.json_body import json_fault

DURATION = "investiq_request_duration_milliseconds"


class OutOfStock(InvestIQError):
    reason = "out_of_stock"


class SoldYesterday(OutOfStock):
    reason = "sold_yesterday"


class Unmapped(InvestIQError):
    reason = "unmapped"


class Item(BaseModel):
    number: int


class Server:
    """An application with routes of every kind, and its metrics."""

    def __init__(self) -> None:
        self.metrics = Metrics(Part.WEB)
        self.release = asyncio.Event()
        app = self.app = self._app()

        @app.get("/items/{item}")
        async def item(item: str) -> dict[str, str]:
            return {"item": item}

        @app.post("/items")
        async def add(item: Item) -> Item:
            return item

        @app.post("/echo")
        async def echo(request: Request) -> dict[str, int]:
            return {"bytes": len(await request.body())}

        @app.get("/fail/{kind}")
        async def fail(kind: str) -> None:
            raise {
                "problem": Problem(418, "teapot", "short and stout", {"X-Spout": "yes"}, capacity=1),
                "mapped": SoldYesterday("none left", symbol="AAPL"),
                "unmapped": Unmapped("a secret place: /etc"),
                "bug": ZeroDivisionError("a secret number"),
            }[kind]

        @app.get("/stream")
        async def stream() -> StreamingResponse:
            async def parts() -> AsyncIterator[bytes]:
                yield b"one "
                await self.release.wait()
                yield b"two"

            return StreamingResponse(parts())

        @app.get("/broken-stream")
        async def broken_stream() -> StreamingResponse:
            async def parts() -> AsyncIterator[bytes]:
                yield b"one "
                raise RuntimeError("in the middle")

            return StreamingResponse(parts())

    def _app(self) -> FastAPI:
        def health() -> dict[str, str]:
            return {"status": "ok"}

        return create_server(
            "test",
            metrics=self.metrics,
            access=MonitoringAccess(Part.WEB, ApiConfig()),
            hosts=HostPolicy("127.0.0.1"),
            max_body_bytes=100,
            health=health,
            statuses={OutOfStock: 409},
            refusals={401: "The key is missing."},
        )

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx2.AsyncClient]:
        transport = httpx2.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client

    def sample(self, name: str, /, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)

    def count(self, endpoint: str, method: str = "GET", status: str = "200") -> float | None:
        return self.sample(f"{DURATION}_count", endpoint=endpoint, method=method, status=status)


@pytest.fixture
def server() -> Server:
    return Server()


async def test_requests_are_labelled_by_their_template(server: Server) -> None:
    async with server.client() as client:
        for number in range(3):
            await client.get(f"/items/{number}")
            await client.get(f"/nothing/{number}")
            await client.request(f"VERB{number}", "/nothing")
    assert server.count("/items/{item}") == 3
    assert server.count("<unmatched>", status="404") == 3
    assert server.count("<unmatched>", "<other>", "404") == 3
    assert server.sample("investiq_requests_total") == 9


async def test_what_each_operation_answers_has_its_series_with_the_first_scrape(server: Server) -> None:
    async with server.client() as client:
        await client.get("/metrics")
        assert server.count("/items/{item}") == 0
        assert server.count("/items", "POST") == 0
        assert server.count("/items", "POST", "422") is None, "refusals are many, and nothing judges them"
        await client.post("/items", json={})
    assert server.count("/items", "POST", "422") == 1


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/plain"),
        ("*/*", "text/plain"),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain"),
        ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.3", "text/plain"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text"),
        ("application/openmetrics-text;version=1.0.0, text/plain;q=0", "application/openmetrics-text"),
        ("application/openmetrics-text;version=1.0.0, */*; q=0.000", "application/openmetrics-text"),
    ],
)
async def test_whoever_takes_plain_text_gets_it(server: Server, accept: str | None, kind: str) -> None:
    """It costs half of OpenMetrics, and every Prometheus takes both."""
    async with server.client() as client:
        answer = await client.get("/metrics", headers={"Accept": accept} if accept else {})
    assert answer.headers["content-type"].startswith(f"{kind};")
    assert answer.text.endswith("# EOF\n") is (kind != "text/plain")


async def test_a_failure_nobody_foresaw_is_counted_logged_and_kept_private(server: Server) -> None:
    with capture_logs() as logs:
        async with server.client() as client:
            response = await client.get("/fail/bug")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert server.count("/fail/{kind}", status="500") == 1
    assert server.sample("investiq_errors_total") == 1
    error = next(log for log in logs if log["event"] == "unhandled_error")
    assert error["log_level"] == "error"
    assert response.json()["request_id"]


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [("problem", 418, "teapot"), ("mapped", 409, "sold_yesterday"), ("unmapped", 500, "internal_error")],
)
async def test_errors_are_problem_documents(server: Server, kind: str, status: int, reason: str) -> None:
    async with server.client() as client:
        response = await client.get(f"/fail/{kind}", headers={"X-Request-ID": "abc-1"})
    problem = response.json()
    assert (response.status_code, problem["status"], problem["reason"]) == (status, status, reason)
    assert problem["type"] == f"urn:investiq:problem:{reason}"
    assert problem["instance"] == f"/fail/{kind}"
    assert problem["request_id"] == "abc-1"
    assert response.headers["content-type"] == "application/problem+json"
    assert "/etc" not in response.text


async def test_details_of_an_error_are_members_of_the_problem(server: Server) -> None:
    async with server.client() as client:
        problem = await client.get("/fail/problem")
        mapped = await client.get("/fail/mapped")
    assert problem.json()["capacity"] == 1
    assert problem.headers["x-spout"] == "yes"
    assert mapped.json()["symbol"] == "AAPL"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/items", 405), ("POST", "/items", 422)]
)
async def test_failures_of_the_framework_are_problem_documents_too(
    server: Server, method: str, path: str, status: int
) -> None:
    async with server.client() as client:
        response = await client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    if status == 405:
        assert "POST" in response.headers["allow"]


async def test_what_was_sent_does_not_come_back_in_an_error(server: Server) -> None:
    async with server.client() as client:
        response = await client.post("/items", json={"number": "my password"})
    assert response.status_code == 422
    assert "my password" not in response.text


@pytest.mark.parametrize("given", ["abc", "A.b_c-1", "x" * 64])
async def test_a_sane_request_id_is_kept(server: Server, given: str) -> None:
    async with server.client() as client:
        response = await client.get("/items/1", headers={"X-Request-ID": given})
    assert response.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'a"b', "a;b", "\u00e4"])
async def test_any_other_request_id_is_replaced(server: Server, given: str) -> None:
    async with server.client() as client:
        response = await client.get("/items/1", headers={b"X-Request-ID": given.encode()})
    assert len(response.headers["x-request-id"]) == 32


async def test_the_request_id_is_in_the_logs(server: Server) -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        async with server.client() as client:
            await client.get("/fail/bug", headers={"X-Request-ID": "abc-1"})
    assert [(log["event"], log["request_id"]) for log in logs] == [("unhandled_error", "abc-1")]
    assert structlog.contextvars.get_contextvars() == {}


async def test_requests_are_logged_but_for_those_of_the_monitoring(server: Server, log: StringIO) -> None:
    async with server.client() as client:
        await client.get("/items/1", headers={"X-Request-ID": "abc-1"})
        await client.get("/metrics")
        await client.get("/metrics", headers={"Host": "evil.example", "X-Request-ID": "abc-2"})
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    requests = [(line["path"], line["status"], line["request_id"]) for line in lines if line["event"] == "request"]
    assert requests == [("/items/1", 200, "abc-1"), ("/metrics", 421, "abc-2")]


async def test_head_is_get_without_its_body(server: Server) -> None:
    async with server.client() as client:
        got, head = await client.get("/items/1"), await client.head("/items/1")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == got.headers["content-length"]
        assert (await client.head("/nothing")).status_code == 404
        assert (await client.head("/items")).status_code == 405
    assert server.count("/items/{item}", "HEAD") == 1
    assert server.count("<unmatched>", "HEAD", "404") == 1


async def test_a_foreign_host_is_421(server: Server) -> None:
    async with server.client() as client:
        response = await client.get("/items/1", headers={"Host": "evil.example"})
    assert response.status_code == 421
    assert response.json()["reason"] == "foreign_host"
    assert server.count("<unmatched>", status="421") == 1


async def test_a_websocket_from_a_foreign_host_is_closed(server: Server) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/ws", "headers": [(b"host", b"evil.example")], "query_string": b""}
    await server.app(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(("size", "status"), [(0, 200), (100, 200), (101, 413), (100_000, 413)])
async def test_a_body_above_the_limit_is_refused(server: Server, size: int, status: int) -> None:
    async def streamed() -> AsyncIterator[bytes]:
        for _ in range(size):
            yield b"x"

    async with server.client() as client:
        announced = await client.post("/echo", content=b"x" * size)
        unannounced = await client.post("/echo", content=streamed())
    assert (announced.status_code, unannounced.status_code) == (status, status)
    if status == 200:
        assert announced.json() == unannounced.json() == {"bytes": size}
    else:
        assert announced.json()["limit_bytes"] == 100


async def test_a_stream_is_timed_to_its_end(server: Server) -> None:
    async with server.client() as client:
        task = asyncio.create_task(client.get("/stream"))
        async with asyncio.timeout(10):
            while server.sample("investiq_active_connections") != 1:
                await asyncio.sleep(0)
        assert server.count("/stream") == 0
        server.release.set()
        assert (await task).text == "one two"
    assert server.count("/stream") == 1
    assert server.sample("investiq_active_connections") == 0


async def test_a_stream_that_breaks_is_an_error(server: Server) -> None:
    transport = httpx2.ASGITransport(server.app)  # raises what a real server logs before it cuts the connection
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with pytest.raises(RuntimeError, match="in the middle"):
            await client.get("/broken-stream")
        assert (await client.get("/items/1")).status_code == 200
    assert server.count("/broken-stream", status="500") == 1
    assert server.sample("investiq_errors_total") == 1
    assert server.sample("investiq_active_connections") == 0


async def test_a_client_that_goes_away_leaves_no_active_connection(server: Server) -> None:
    async with server.client() as client:
        task = asyncio.create_task(client.get("/stream"))
        async with asyncio.timeout(10):
            while server.sample("investiq_active_connections") != 1:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert server.sample("investiq_active_connections") == 0
    assert server.sample("investiq_requests_total") == 1


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ('{"number": 1, "number": 2}', "the key 'number' is there twice"),
        ('{"number": 1, "n\\u0075mber": 2}', "the key 'number' is there twice"),
        ('[{"a": {"number": 1, "b": 0, "number": 1}}]', "the key 'number' is there twice"),
        ('{"number": NaN}', "NaN is no number"),
        ('{"number": -Infinity}', "-Infinity is no number"),
        ('{"number": 1e999}', "the number 1e999 is too large"),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "application/problem+json", "text/plain", None])
async def test_json_that_can_be_read_in_two_ways_is_refused(
    server: Server, body: str, what: str, kind: str | None
) -> None:
    async with server.client() as client:
        headers = {"Content-Type": kind} if kind else {}
        answer = await client.post("/items", content=body, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request")
    assert what in answer.json()["detail"]
    assert answer.json()["errors"][0]["where"] == "body"


async def test_json_without_end_is_refused(server: Server) -> None:
    deep = "[" * 100
    assert json_fault(deep.encode()) is None, "not JSON, which its reader says"
    assert json_fault(b"[" * 100_000 + b"]" * 100_000) == "it is nested too deeply"


async def test_forms_and_good_json_pass(server: Server) -> None:
    async with server.client() as client:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await client.post("/echo", content="a=1&a=2", headers=form)).status_code == 200
        assert (await client.post("/items", json={"number": 1})).json() == {"number": 1}


async def test_half_a_character_that_was_sent_does_not_break_the_answer(server: Server) -> None:
    async with server.client() as client:
        answer = await client.post("/items", content=b'{"\\ud800": 1}', headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["status"] == 422


async def test_a_client_that_leaves_in_the_middle_of_a_body_reaches_no_route(server: Server) -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    sent: list[dict[str, Any]] = []
    headers = [(b"host", b"localhost"), (b"content-length", b"9"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/items", "headers": headers, "query_string": b""}
    await server.app({**scope, "scheme": "http", "http_version": "1.1"}, receive, send)
    assert sent[0]["status"] == 400
    assert server.sample("investiq_errors_total") == 0


@pytest.mark.parametrize("path", ["/items/1", "/nothing", "/fail/bug", "/health"])
async def test_no_answer_is_kept_or_guessed_at(server: Server, path: str) -> None:
    async with server.client() as client:
        headers = (await client.get(path)).headers
    assert headers.get_list("cache-control") == ["no-store"]
    assert headers.get_list("x-content-type-options") == ["nosniff"]


async def test_a_page_of_another_site_is_turned_away_before_any_route(server: Server) -> None:
    async with server.client() as client:
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await client.get("/items/1", headers=headers)
            assert (answer.status_code, answer.json()["reason"]) == (403, "foreign_origin")
    assert server.count("<unmatched>", status="403") == 2
