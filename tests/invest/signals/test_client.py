from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from investiq.invest.market.types import Bar, Symbol
from investiq.invest.signals.client import (
    SignalBadResponse,
    SignalClient,
    SignalNoModel,
    SignalRefused,
    SignalTimeout,
    SignalTooFewBars,
    SignalUnavailable,
    SignalUnreachable,
)
from investiq.invest.signals.features import NEEDED_BARS
from investiq.invest.signals.prediction import Prediction
from tests.invest.signals import synthetic

A = Symbol("AAA")
BARS = synthetic.random_walk(200, seed=1)
ANSWER = {
    "symbol": "AAA",
    "as_of": BARS[-1].session.isoformat(),
    "horizon_sessions": 5,
    "probability_up": 0.6,
    "confidence": 0.1,
    "beats_constant": True,
    "model_version": "abc",
    "trained_until": "2001-01-01",
}


@asynccontextmanager
async def answering(
    handler: Callable[[httpx2.Request], httpx2.Response], timeout: float = 5.0
) -> AsyncIterator[SignalClient]:
    client = SignalClient("http://127.0.0.1:8004", timeout, httpx2.MockTransport(handler))
    yield client
    await client.aclose()


async def failure(response: httpx2.Response, bars: list[Bar] = BARS) -> SignalUnavailable:
    async with answering(lambda _: response) as client:
        with pytest.raises(SignalUnavailable) as caught:
            await client.predict(A, bars)
    return caught.value


def problem(status: int, reason: str, **detail: object) -> httpx2.Response:
    return httpx2.Response(status, json={"reason": reason, "detail": f"because of {reason}", **detail})


async def test_only_the_bars_that_count_are_sent() -> None:
    sent: list[dict[str, object]] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        sent.extend(json.loads(request.content)["bars"])
        return httpx2.Response(200, json=ANSWER)

    async with answering(handler) as client:
        found = await client.predict(A, BARS)
    assert [bar["session"] for bar in sent] == [bar.session.isoformat() for bar in BARS[-NEEDED_BARS:]]
    assert (found.symbol, found.probability_up, found.as_of) == (A, 0.6, BARS[-1].session)


async def test_each_way_to_have_no_prediction_has_its_reason() -> None:
    assert isinstance(await failure(problem(503, "model_missing")), SignalNoModel)
    assert isinstance(await failure(problem(503, "model_refused")), SignalNoModel)
    assert isinstance(await failure(problem(422, "invalid_request")), SignalRefused)
    assert isinstance(await failure(problem(413, "body_too_large")), SignalRefused)
    assert isinstance(await failure(problem(500, "internal_error")), SignalBadResponse)
    assert isinstance(await failure(httpx2.Response(502, text="Bad Gateway")), SignalBadResponse)
    assert isinstance(await failure(httpx2.Response(404, json=[])), SignalRefused)


async def test_too_few_bars_carry_the_numbers() -> None:
    found = await failure(problem(422, "too_few_bars", needed=64, given=3), BARS[:3])
    assert isinstance(found, SignalTooFewBars)
    assert found.detail == {"needed": 64, "given": 3}


@pytest.mark.parametrize(
    "change",
    [
        {"probability_up": 1.5},
        {"probability_up": None},
        {"confidence": -0.1},
        {"as_of": "1999-01-04"},
        {"symbol": "BBB"},
    ],
)
async def test_an_answer_that_cannot_be_right_is_not_believed(change: dict[str, object]) -> None:
    assert isinstance(await failure(httpx2.Response(200, json={**ANSWER, **change})), SignalBadResponse)


async def test_another_program_on_the_port_is_a_bad_response() -> None:
    for body in ("<html>hello</html>", "null", "{}", ""):
        assert isinstance(await failure(httpx2.Response(200, text=body)), SignalBadResponse)


async def test_nothing_listening_is_unreachable() -> None:
    with socket.socket() as reserved:  # bound but not listening: nobody else can take the port meanwhile
        reserved.bind(("127.0.0.1", 0))
        client = SignalClient(f"http://127.0.0.1:{reserved.getsockname()[1]}", 5.0)
        with pytest.raises(SignalUnreachable):
            await client.predict(A, BARS)
        with pytest.raises(SignalUnreachable):
            await client.check_health()
        await client.aclose()


async def test_a_service_that_never_ends_its_answer_is_a_timeout() -> None:
    """Each byte comes in time, the whole never does."""

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        except (ConnectionError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    client = SignalClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", 0.2)
    async with asyncio.timeout(10):  # fails instead of hanging
        with pytest.raises(SignalTimeout):
            await client.predict(A, BARS)
    await client.aclose()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("status", ["ok", "degraded"])
async def test_a_service_with_a_model_is_healthy(status: str) -> None:
    async with answering(lambda _: httpx2.Response(200, json={"status": status, "model": {}})) as client:
        await client.check_health()


async def test_a_service_without_a_model_is_not_healthy_and_says_why() -> None:
    body = {"status": "down", "model": {"loaded": False, "error": "no signal model in models"}}
    async with answering(lambda _: httpx2.Response(503, json=body)) as client:
        with pytest.raises(SignalNoModel, match="no signal model in models"):
            await client.check_health()


@pytest.mark.parametrize("response", [httpx2.Response(200, text="ok"), httpx2.Response(500, json={"status": "x"})])
async def test_health_of_something_else_is_a_bad_response(response: httpx2.Response) -> None:
    async with answering(lambda _: response) as client:
        with pytest.raises(SignalBadResponse):
            await client.check_health()


# ---- many at once ----


async def many(response: httpx2.Response) -> Sequence[Prediction | SignalUnavailable]:
    async with answering(lambda _: response) as client:
        return await client.predict_many([(A, BARS), (Symbol("BBB"), BARS)])


async def test_many_questions_are_one_request() -> None:
    sent: list[dict[str, Any]] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        sent.append(json.loads(request.content))
        return httpx2.Response(200, json={"answers": [ANSWER, {**ANSWER, "symbol": "BBB"}]})

    async with answering(handler) as client:
        found = await client.predict_many([(A, BARS), (Symbol("BBB"), BARS)])
    (body,) = sent
    asked = [(one["symbol"], len(one["bars"])) for one in body["questions"]]
    assert asked == [("AAA", NEEDED_BARS), ("BBB", NEEDED_BARS)]
    assert [one.symbol for one in found if isinstance(one, Prediction)] == ["AAA", "BBB"]
    assert client.model_version == "abc"


async def test_a_refused_question_among_many_has_its_reason() -> None:
    unusable = {"reason": "unusable_bars", "detail": "no finite gap"}
    first, second = await many(httpx2.Response(200, json={"answers": [ANSWER, unusable]}))
    assert isinstance(first, Prediction)
    assert isinstance(second, SignalRefused)
    assert "BBB: no finite gap" in second.message


@pytest.mark.parametrize(
    "answers", [[], [ANSWER], [ANSWER, ANSWER], [ANSWER, {**ANSWER, "symbol": "BBB", "as_of": "1999-01-04"}]]
)
async def test_answers_that_do_not_fit_the_questions_are_not_believed(answers: list[object]) -> None:
    with pytest.raises(SignalBadResponse):
        await many(httpx2.Response(200, json={"answers": answers}))


async def test_a_service_without_a_model_answers_none_of_many() -> None:
    with pytest.raises(SignalNoModel):
        await many(problem(503, "model_missing"))
