"""What the client sends, what it makes of answers, and what it says without one; only the network is replaced."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from investiq.clients.api import ApiRefused, AsyncInvestIQClient, InvestIQClient, Submission
from investiq.clients.session import BadResponse, ClientError, TimedOut, Unreachable
from investiq.foundation.vocabulary import Side
from tests.ports import closed_port

Handler = Callable[[httpx2.Request], httpx2.Response]
ORDER = {"id": "o1", "symbol": "AAPL", "status": "accepted"}


def client(handler: Handler, key: str | Path | None = None) -> InvestIQClient:
    return InvestIQClient("http://api.test/", key, transport=httpx2.MockTransport(handler))


def one_share(handler: Handler) -> Submission:
    return client(handler).submit("AAPL", Side.BUY, idempotency_key="k", quantity=Decimal(1))


def answering(status: int, body: object, **headers: str) -> Handler:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request: httpx2.Response(status, json=body, headers=fields)


def recorded(body: object = None, status: int = 200) -> tuple[list[httpx2.Request], Handler]:
    seen: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(status, json={} if body is None else body)

    return seen, handle


def test_every_call_is_what_the_api_documents() -> None:
    seen, handle = recorded({"positions": [], "points": []})
    api = client(handle)
    calls: list[tuple[Callable[[], object], str]] = [
        (api.market, "GET /api/market"),
        (api.symbols, "GET /api/symbols"),
        (lambda: api.bars("AAPL"), "GET /api/bars/AAPL"),
        (
            lambda: api.bars("BRK.B", start="2008-01-02", end="2008-02-01", limit=5, cursor="c"),
            "GET /api/bars/BRK.B?from=2008-01-02&to=2008-02-01&limit=5&cursor=c",
        ),
        (lambda: api.analyze("AAPL"), "GET /api/analyze/AAPL"),
        (lambda: api.orders(limit=3, symbol="IBM"), "GET /api/trades?limit=3&symbol=IBM"),
        (lambda: api.order("o1"), "GET /api/trades/o1"),
        (lambda: api.cancel("o1"), "DELETE /api/trades/o1"),
        (api.positions, "GET /api/positions"),
        (api.account, "GET /api/account"),
        (lambda: api.equity(limit=9), "GET /api/account/equity?limit=9"),
        (api.trading_status, "GET /api/trading/status"),
        (lambda: api.halt("r"), "POST /api/trading/halt"),
        (lambda: api.resume("r"), "POST /api/trading/resume"),
    ]
    for call, expected in calls:
        call()
        request = seen[-1]
        assert f"{request.method} {request.url.raw_path.decode()}" == expected
    assert json.loads(seen[-1].content) == {"reason": "r"}


def test_an_order_carries_its_key_and_exact_decimals() -> None:
    seen, handle = recorded(ORDER, 201)
    client(handle).submit("AAPL", Side.BUY, idempotency_key="k1", notional=Decimal("1000.10"))
    assert seen[0].headers["idempotency-key"] == "k1"
    assert json.loads(seen[0].content) == {
        "symbol": "AAPL",
        "side": "buy",
        "order_type": "market",
        "notional": "1000.10",
    }


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("A/B", "/api/analyze/A%2FB"),
        ("..", "/api/analyze/%2E%2E"),
        ("A?x=1", "/api/analyze/A%3Fx%3D1"),
        ("ä", "/api/analyze/%C3%A4"),
    ],
)
def test_no_symbol_changes_the_path(text: str, path: str) -> None:
    seen, handle = recorded()
    client(handle).analyze(text)
    assert seen[0].url.raw_path.decode() == path


def test_the_key_is_presented() -> None:
    seen, handle = recorded()
    client(handle, "iq_secret").market()
    client(handle).market()
    assert seen[0].headers["authorization"] == "Bearer iq_secret"
    assert "authorization" not in seen[1].headers


def test_a_key_file_is_read_again_for_each_request(tmp_path: Path) -> None:
    seen, handle = recorded()
    file = tmp_path / "admin.key"
    api = client(handle, file)
    api.market()
    file.write_text("iq_one\n")
    api.market()
    file.write_text("iq_two\n")
    api.market()
    assert [r.headers.get("authorization") for r in seen] == [None, "Bearer iq_one", "Bearer iq_two"]


@pytest.mark.parametrize(("status", "replayed"), [(201, None), (200, "true")])
def test_a_placed_order_is_a_submission(status: int, replayed: str | None) -> None:
    headers = {"Idempotency_Replayed": replayed} if replayed else {}
    submission = one_share(answering(status, ORDER, **headers))
    assert submission.order["id"] == "o1"
    assert submission.replayed is (replayed is not None)
    assert submission.denial is None


def test_a_denied_order_is_a_result_with_its_reason() -> None:
    problem = {"reason": "order_denied", "detail": "halted", "denial": "halted", "order": ORDER}
    submission = one_share(answering(409, problem))
    assert (submission.denial, submission.order["id"]) == ("halted", "o1")


def test_what_a_newer_server_adds_is_handed_on() -> None:
    """A word and a field that this version does not know harm nobody who does not look at them."""
    newer = {"orders": [ORDER | {"status": "replaced", "venue": "XNYS"}], "next_cursor": None}
    assert dict(client(answering(200, newer)).orders()) == newer


async def test_the_client_that_awaits_has_the_same_methods() -> None:
    seen, handle = recorded({"positions": [{"symbol": "AAPL"}]})
    async with AsyncInvestIQClient("http://api.test", "iq_k", transport=httpx2.MockTransport(handle)) as api:
        positions, bars = await asyncio.gather(api.positions(), api.bars("IBM", limit=2))
    assert [position["symbol"] for position in positions] == ["AAPL"]
    assert dict(bars) == {"positions": [{"symbol": "AAPL"}]}
    assert sorted(str(request.url) for request in seen) == [
        "http://api.test/api/bars/IBM?limit=2",
        "http://api.test/api/positions",
    ]


def test_methods_tell_what_they_do_and_take() -> None:
    api = client(answering(200, {}))
    assert inspect.getdoc(api.cancel) == "Cancel an open order."
    assert list(inspect.signature(api.halt).parameters) == ["reason"]


def test_a_refusal_carries_the_problem() -> None:
    problem = {"reason": "unknown_symbol", "detail": "no prices for AAPX", "suggestions": ["AAPL"]}
    with pytest.raises(ApiRefused, match="no prices for AAPX") as caught:
        client(answering(404, problem)).analyze("AAPX")
    error = caught.value
    assert (error.reason, error.status, error.problem_reason) == ("refused", 404, "unknown_symbol")
    assert error.suggestions == ["AAPL"]
    assert error.problem["detail"] == "no prices for AAPX"


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("soon", None), (None, None)])
def test_a_refusal_tells_when_to_come_back(value: str | None, seconds: float | None) -> None:
    headers = {"Retry_After": value} if value else {}
    with pytest.raises(ApiRefused) as caught:
        client(answering(429, {"reason": "too_many_requests"}, **headers)).market()
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(200, text="<html>somebody else</html>"),
        httpx2.Response(200, json=[1]),
        httpx2.Response(200, content=b"\xff\xfe"),
        httpx2.Response(502, text="Bad Gateway"),
        httpx2.Response(200, json={"no": "positions"}),
        httpx2.Response(302, headers={"location": "http://elsewhere.test/"}),
    ],
)
def test_what_is_not_our_api_is_a_bad_response(response: httpx2.Response) -> None:
    with pytest.raises(BadResponse) as caught:
        client(lambda _request: response).positions()
    assert caught.value.reason == "bad_response"


@pytest.mark.parametrize(
    ("raised", "expected", "reason"),
    [
        (httpx2.ConnectError("refused"), Unreachable, "unreachable"),
        (httpx2.ReadError("reset"), Unreachable, "unreachable"),
        (httpx2.RemoteProtocolError("closed"), Unreachable, "unreachable"),
        (httpx2.ConnectTimeout("slow"), TimedOut, "timeout"),
        (httpx2.ReadTimeout("slow"), TimedOut, "timeout"),
        (httpx2.PoolTimeout("busy"), TimedOut, "timeout"),
        (httpx2.UnsupportedProtocol("ftp"), BadResponse, "bad_response"),
        (httpx2.DecodingError("not gzip"), BadResponse, "bad_response"),
    ],
)
async def test_both_clients_translate_the_failures_of_the_network(
    raised: Exception, expected: type[ClientError], reason: str
) -> None:
    def fail(_request: httpx2.Request) -> httpx2.Response:
        raise raised

    with pytest.raises(expected) as caught:
        client(fail).market()
    assert caught.value.reason == reason
    async with AsyncInvestIQClient("http://api.test", transport=httpx2.MockTransport(fail)) as api:
        with pytest.raises(expected):
            await api.market()


def test_a_timeout_of_a_change_says_that_it_may_have_happened() -> None:
    def fail(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("slow")

    with pytest.raises(TimedOut, match="may or may not have happened"):
        one_share(fail)


def test_nobody_at_the_port_is_unreachable() -> None:
    with InvestIQClient(f"http://127.0.0.1:{closed_port()}") as api, pytest.raises(Unreachable, match="is it running"):
        api.market()


async def test_a_server_that_is_silent_times_out() -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with AsyncInvestIQClient(f"http://127.0.0.1:{port}", timeout=0.1) as api:
            with pytest.raises(TimedOut):
                await api.market()
    finally:
        server.close()


def test_proxies_of_the_environment_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{closed_port()}")
    with InvestIQClient(f"http://127.0.0.1:{closed_port()}") as api, pytest.raises(Unreachable):
        api.market()
