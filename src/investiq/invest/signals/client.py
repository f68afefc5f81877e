"""Asks the signal models service for predictions. Imports no machine learning: the API process stays small."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from investiq.clients.session.credentials import tls_context
from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry import tracing
from investiq.foundation.telemetry.logging import request_headers
from investiq.foundation.threads import BoundedThreads
from investiq.invest.market.types import Bar, Symbol
from investiq.invest.signals.features import NEEDED_BARS
from investiq.invest.signals.prediction import Prediction
from investiq.invest.signals.schema import (
    NoPrediction,
    PredictManyResponse,
    PredictResponse,
    wire_bars,
)

__all__ = [
    "SignalBadResponse",
    "SignalClient",
    "SignalNoModel",
    "SignalRefused",
    "SignalTimeout",
    "SignalTooFewBars",
    "SignalUnavailable",
    "SignalUnreachable",
]


Document = TypeVar("Document", bound=BaseModel)
Question = tuple[Symbol, Sequence[Bar]]


class SignalUnavailable(InvestIQError):
    """No prediction was to be had; `reason` says why and is one of the subclasses'."""

    reason: ClassVar[str] = "unavailable"


class SignalTimeout(SignalUnavailable):
    """The service did not answer in time."""

    reason = "timeout"
    retryable = True


class SignalUnreachable(SignalUnavailable):
    """No connection, or it broke."""

    reason = "unreachable"
    retryable = True


class SignalNoModel(SignalUnavailable):
    """The service runs, but has no model that it may serve."""

    reason = "no_model"


class SignalTooFewBars(SignalUnavailable):
    """The symbol has too short a history; `detail` has `needed` and `given`."""

    reason = "too_few_bars"


class SignalRefused(SignalUnavailable):
    """The service refused the request (4xx)."""

    reason = "refused"


class SignalBadResponse(SignalUnavailable):
    """The answer is not what the service promises: an error of its own, or another program on its port."""

    reason = "bad_response"


_BY_PROBLEM: Final[dict[str, type[SignalUnavailable]]] = {
    "too_few_bars": SignalTooFewBars,
    "model_missing": SignalNoModel,
    "model_refused": SignalNoModel,
}
_MAX_MESSAGE: Final = 300


class SignalClient:
    """Speaks to one service over kept-alive connections. Use it from one event loop; close it with `aclose`.

    Attributes:
        model_version: of the model that serves, as the last answer of any kind said; None when there was none.

    Args:
        base_url: such as `http://127.0.0.1:8004`.
        timeout: seconds for the whole of a call, from connecting to the last byte of the answer.
        transport: another way to carry requests, for tests.
    """

    def __init__(self, base_url: str, timeout: float, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._base_url = base_url
        self._timeout = timeout
        self.model_version: str | None = None
        self._writing = BoundedThreads(1, "signal-questions")  # many of them are 10 ms of work
        # Proxies of the environment stay out of it: this service is ours, mostly on this machine.
        self._http = httpx2.AsyncClient(
            base_url=base_url, timeout=timeout, verify=tls_context(base_url), transport=transport, trust_env=False
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def predict(self, symbol: Symbol, bars: Sequence[Bar]) -> Prediction:
        """The prediction at the close of the last of `bars` (ascending; only the last `NEEDED_BARS` are sent).

        Raises:
            SignalUnavailable: for the reason that its subclass names.
        """
        with self._noting_silence():
            response = await self._ask(_json(_question(symbol, bars)))
            answer = self._read(PredictResponse, response)
            found = self._prediction(answer, symbol, bars, response)
        self.model_version = found.model_version
        return found

    async def predict_many(self, questions: Sequence[Question]) -> Sequence[Prediction | SignalUnavailable]:
        """The prediction for each question, or why there is none; asked for in one request.

        Args:
            questions: at most `MAX_QUESTIONS`.

        Raises:
            SignalUnavailable: there is an answer to none of them.
        """
        with self._noting_silence():
            response = await self._ask(await self._writing.run(lambda: _written(questions)))
            answers = self._read(PredictManyResponse, response).answers
            if len(answers) != len(questions):
                raise self._bad(response)
            found = [
                _refusal(answer.model_dump(), f"to predict {question[0]}")
                if isinstance(answer, NoPrediction)
                else self._prediction(answer, *question, response)
                for answer, question in zip(answers, questions, strict=True)
            ]
        versions = {answer.model_version for answer in found if isinstance(answer, Prediction)}
        self.model_version = versions.pop() if versions else self.model_version
        return found

    async def _ask(self, body: bytes) -> httpx2.Response:
        response = await self._request("POST", "/predict", content=body, headers={"Content-Type": "application/json"})
        if response.status_code != 200:
            raise self._failure(response)
        return response

    def _read(self, kind: type[Document], response: httpx2.Response) -> Document:
        try:
            return kind.model_validate_json(response.content)
        except ValidationError:
            raise self._bad(response) from None

    def _prediction(
        self, answer: PredictResponse, symbol: Symbol, bars: Sequence[Bar], response: httpx2.Response
    ) -> Prediction:
        if answer.symbol != symbol or answer.as_of != bars[-1].session:
            raise self._bad(response)
        return Prediction(**{**answer.model_dump(), "symbol": symbol})

    async def check_health(self) -> None:
        """Return when the service has a model to serve with.

        Raises:
            SignalUnavailable: for the reason that its subclass names.
        """
        with self._noting_silence():
            response = await self._request("GET", "/health")
            health = _object(response)
            model = health.get("model")
            if "status" not in health or not isinstance(model, dict):
                raise self._bad(response)
            if response.status_code == 503:
                what = str(model.get("error") or "the signal models service has no model")
                raise SignalNoModel(what[:_MAX_MESSAGE])
            if response.status_code != 200:
                raise self._bad(response)
        version = model.get("version")
        self.model_version = version if isinstance(version, str) else None

    @contextmanager
    def _noting_silence(self) -> Iterator[None]:
        """Where the service does not answer as it should, it is not known any more which model serves."""
        try:
            yield
        except SignalTooFewBars:
            raise
        except SignalUnavailable:
            self.model_version = None
            raise

    async def _request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        try:
            # httpx2 limits each step by itself: an answer that drips in could take for ever.
            async with asyncio.timeout(self._timeout):
                with tracing.call(method, self._base_url + path) as call:
                    headers = {**options.pop("headers", {}), **request_headers(), **call.headers}
                    response = await self._http.request(method, path, headers=headers, **options)
                    call.answered(response.status_code)
                    return response
        except (httpx2.TimeoutException, TimeoutError):
            raise SignalTimeout(f"the signal models service at {self._base_url} did not answer in time") from None
        except httpx2.DecodingError as error:
            raise SignalBadResponse(f"the answer of {self._base_url}{path} cannot be decoded: {error}") from None
        except httpx2.TransportError as error:
            raise SignalUnreachable(
                f"the signal models service at {self._base_url} is not reachable ({type(error).__name__}): "
                "is it running?"
            ) from None

    def _failure(self, response: httpx2.Response) -> SignalUnavailable:
        problem = _object(response)
        if 400 <= response.status_code < 500 or problem.get("reason") in _BY_PROBLEM:
            return _refusal(problem, f"the request ({response.status_code})")
        return self._bad(response)

    def _bad(self, response: httpx2.Response) -> SignalBadResponse:
        return SignalBadResponse(
            f"{response.url} answered {response.status_code} with something that is no answer of the signal models "
            "service: see its log, and what else listens on its port"
        )


def _written(questions: Sequence[Question]) -> bytes:
    return _json({"questions": [_question(*question) for question in questions]})


def _question(symbol: Symbol, bars: Sequence[Bar]) -> dict[str, object]:
    return {"symbol": symbol, "bars": wire_bars(bars[-NEEDED_BARS:])}


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _refusal(problem: Mapping[str, Any], what: str) -> SignalUnavailable:
    reason, message = problem.get("reason"), str(problem.get("detail", ""))[:_MAX_MESSAGE]
    if isinstance(reason, str) and reason in _BY_PROBLEM:
        detail = {key: problem[key] for key in ("needed", "given") if isinstance(problem.get(key), int)}
        return _BY_PROBLEM[reason](message, **detail)
    return SignalRefused(f"the signal models service refused {what}: {message}")


def _object(response: httpx2.Response) -> dict[str, Any]:
    try:
        value = response.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
