"""Whatever a server does wrong, each client says what was asked, what came and what to do, as one of four errors."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import pytest
import trustme

from investiq.clients.alertmanager.client import Alertmanager
from investiq.clients.api import AsyncInvestIQClient, InvestIQClient
from investiq.clients.inbox import InboxClient
from investiq.clients.prometheus import Prometheus
from investiq.clients.session import BadResponse, ClientError, HttpSettings, Refused, TimedOut, Unreachable
from investiq.promql.matcher import eq
from tests.clients.strict import Reply, StrictServer, strict
from tests.ports import closed_port

Question = Callable[[str, float], Awaitable[object]]
"""Asks the server at an address, with so many seconds for the answer."""

LONG = 20.0


def _of_prometheus(ask: Callable[[Prometheus], Awaitable[object]]) -> Question:
    async def question(url: str, seconds: float) -> object:
        async with Prometheus(url, HttpSettings(timeout_seconds=seconds)) as client:
            return await ask(client)

    return question


def _of_alertmanager(ask: Callable[[Alertmanager], Awaitable[object]]) -> Question:
    async def question(url: str, seconds: float) -> object:
        async with Alertmanager(url, HttpSettings(timeout_seconds=seconds)) as client:
            return await ask(client)

    return question


async def _of_inbox(url: str, seconds: float) -> object:
    async with InboxClient(url, HttpSettings(timeout_seconds=seconds)) as client:
        return await client.notifications(5)


async def _of_api(url: str, seconds: float) -> object:
    async with AsyncInvestIQClient(url, timeout=seconds) as client:
        return await client.positions()


async def _of_api_blocking(url: str, seconds: float) -> object:
    def ask() -> object:
        with InvestIQClient(url, timeout=seconds) as client:
            return client.positions()

    return await asyncio.to_thread(ask)


MONITORING = {
    "query": _of_prometheus(lambda client: client.query("up")),
    "query_range": _of_prometheus(lambda client: client.query_range("up", 0, 60, 10)),
    "targets": _of_prometheus(lambda client: client.targets()),
    "rules": _of_prometheus(lambda client: client.rules()),
    "alertmanagers": _of_prometheus(lambda client: client.alertmanagers()),
    "runtime_info": _of_prometheus(lambda client: client.runtime_info()),
    "prometheus version": _of_prometheus(lambda client: client.version()),
    "prometheus config": _of_prometheus(lambda client: client.config()),
    "alerts": _of_alertmanager(lambda client: client.alerts(eq("alertname", "ServiceDown"))),
    "open_silences": _of_alertmanager(lambda client: client.open_silences()),
    "alertmanager version": _of_alertmanager(lambda client: client.version()),
    "alertmanager config": _of_alertmanager(lambda client: client.config()),
    "inbox": _of_inbox,
}
EVERY = MONITORING | {"api": _of_api, "api, blocking": _of_api_blocking}

every_client = pytest.mark.parametrize("question", EVERY.values(), ids=EVERY.keys())
every_reader = pytest.mark.parametrize("question", MONITORING.values(), ids=MONITORING.keys())


async def failure(question: Question, url: str, seconds: float = LONG) -> ClientError:
    """The error; it always says where it asked."""
    with pytest.raises(ClientError) as caught:
        await question(url, seconds)
    error = caught.value
    assert url in error.what
    assert error.message.startswith(error.what)
    return error


@every_client
@pytest.mark.parametrize(
    "reply",
    [
        Reply("Internal Server Error", 500),
        Reply("<html>somebody else</html>"),
        Reply("not found", 404),
        Reply("[" * 200_000),
        Reply([1]),
        Reply("null"),
        Reply({"hello": "world"}),
        Reply("", 302, {"Location": "http://127.0.0.1:1/elsewhere"}),
    ],
    ids=["500", "not JSON", "404", "brackets without end", "a list", "null", "other JSON", "redirect"],
)
async def test_what_is_not_that_server_is_a_bad_response(
    server: StrictServer, question: Question, reply: Reply
) -> None:
    server.on_everything(reply)

    error = await failure(question, server.url)

    assert type(error) is BadResponse
    assert (error.reason, error.retryable) == ("bad_response", False)


@every_reader
@pytest.mark.parametrize(
    "data", [None, [], 7, "text", {}, {"result": {}}, {"activeTargets": {}, "groups": [{}], "yaml": "["}]
)
async def test_json_of_another_shape_is_a_bad_response(server: StrictServer, question: Question, data: object) -> None:
    server.on_everything(Reply({"status": "success", "data": data}))

    error = await failure(question, server.url)

    assert type(error) is BadResponse
    assert "answers, but not as" in error.what
    assert "who has the port?" in error.fix


@every_reader
@pytest.mark.parametrize("status", [404, 405])
async def test_who_has_no_such_path_is_another_server(server: StrictServer, question: Question, status: int) -> None:
    server.on_everything(Reply("<html>There is no page</html>", status))

    error = await failure(question, server.url)

    assert type(error) is BadResponse
    assert "answers, but not as" in error.what
    assert "who has the port?" in error.fix


@every_client
async def test_a_silent_server_times_out(server: StrictServer, question: Question) -> None:
    server.on_everything(Reply(after_seconds=LONG))

    error = await failure(question, server.url, 0.2)

    assert type(error) is TimedOut
    assert (error.reason, error.retryable) == ("timeout", True)


@every_client
async def test_an_answer_that_drips_in_times_out(server: StrictServer, question: Question) -> None:
    """Each piece comes in time, the whole never does."""
    server.on_everything(Reply("{", endless=0.05))

    assert type(await failure(question, server.url, 0.5)) is TimedOut


@every_client
async def test_an_answer_without_end_is_read_no_further_than_it_may_be_long(
    server: StrictServer, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("investiq.clients.session.answer.MOST_BYTES", 500_000)
    server.on_everything(Reply("{", endless=0.0))

    error = await failure(question, server.url)

    assert type(error) is BadResponse
    assert "longer than 500000 bytes" in error.what


@every_client
async def test_a_port_on_which_nobody_listens_is_unreachable(question: Question) -> None:
    error = await failure(question, f"http://127.0.0.1:{closed_port()}")

    assert type(error) is Unreachable
    assert (error.reason, error.retryable) == ("unreachable", True)
    assert "investiq status" in error.fix


@every_client
async def test_a_connection_that_breaks_is_unreachable(server: StrictServer, question: Question) -> None:
    server.on_everything(Reply(hangs_up=True))

    assert type(await failure(question, server.url)) is Unreachable


@every_client
async def test_a_certificate_that_nobody_vouches_for_is_named(question: Question) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with strict(context) as server:
        error = await failure(question, server.url)

    assert type(error) is Unreachable
    assert "is not trusted: unable to get local issuer certificate" in error.what
    assert server.asked == []


@every_reader
@pytest.mark.parametrize("status", [401, 403, 407])
async def test_who_wants_credentials_refuses(server: StrictServer, question: Question, status: int) -> None:
    server.on_everything(Reply("who are you?", status))

    error = await failure(question, server.url)

    assert isinstance(error, Refused)
    assert (error.reason, error.status, error.wants_credentials) == ("refused", status, True)


@every_reader
async def test_a_kept_connection_that_was_closed_meanwhile_is_no_outage(
    server: StrictServer, question: Question
) -> None:
    """A server may end a connection at any time between two questions; the next one finds that out."""
    server.on_everything(Reply(hangs_up=True))
    server.replies["*"].append(Reply(status=500))

    assert type(await failure(question, server.url)) is BadResponse
