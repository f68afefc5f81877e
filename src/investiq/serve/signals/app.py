"""The signal models service: POST /predict, GET /model, GET /health, GET /metrics."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from prometheus_client import Counter
from pydantic import Discriminator, Tag

from investiq import __version__
from investiq.foundation import topology
from investiq.foundation.config.paths import Paths
from investiq.foundation.config.schema import Config
from investiq.foundation.contract.api import Problem
from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import HealthStatus, Part
from investiq.invest.market.types import Symbol
from investiq.invest.signals.artifact import ModelMissing, ModelRefused
from investiq.invest.signals.card import ServingCard
from investiq.invest.signals.model import Question, TooFewBars, UnusableBars
from investiq.invest.signals.prediction import Prediction
from investiq.invest.signals.schema import (
    InvalidQuestion,
    ModelHealth,
    ModelState,
    NoPrediction,
    PredictManyRequest,
    PredictManyResponse,
    PredictRequest,
    PredictResponse,
)
from investiq.serve.http import HostPolicy, MonitoringAccess, create_server, serve, set_health_status
from investiq.serve.http.periodic import PeriodicTask
from investiq.serve.signals.serving_model import ServingModel

__all__ = ["create_app", "run"]

MAX_BODY_BYTES: Final = 1_000_000
"""`schema.MAX_BARS` bars, generously written."""

SECONDS_PER_DAY: Final = 86_400

REFRESH_SECONDS: Final = 2.0
"""How often the artifact on disk is looked at."""

_STATUSES: Final[dict[type[InvestIQError], int]] = {
    ModelMissing: 503,
    ModelRefused: 503,
    TooFewBars: 422,
    UnusableBars: 422,
}
_WITHOUT_MODEL: Final[dict[int | str, dict[str, Any]]] = {503: {"model": Problem, "description": "No model serves."}}
_OUTCOMES: Final[dict[type[InvestIQError], str]] = {
    ModelMissing: "no_model",
    ModelRefused: "no_model",
    TooFewBars: "too_few_bars",
    UnusableBars: "invalid",
    InvalidQuestion: "invalid",
}


def run(config: Config, descriptors: Sequence[int] = ()) -> None:
    """Serve until SIGTERM or SIGINT. Logging is configured by the caller."""
    app = create_app(config, Metrics(Part.SIGNALS))
    serve(app, config.signals.host, config.signals.port, descriptors)


def create_app(config: Config, metrics: Metrics, refresh_seconds: float = REFRESH_SECONDS) -> FastAPI:
    """The service as an application. It starts without a model too, says so in /health, and loads one that appears."""
    serving = ServingModel(Paths.of(config).models, metrics)
    metrics.gauge(catalogue.MODEL_AGE_LIMIT).set(config.signals.max_model_age_days * SECONDS_PER_DAY)
    started = time.monotonic()

    async def health(response: Response) -> ModelHealth:
        """Unhealthy without a loaded model, whatever else works."""
        await serving.refresh()
        report = _health(serving, time.monotonic() - started)
        set_health_status(response, report.status)
        return report

    app = create_server(
        "InvestIQ signal models",
        metrics=metrics,
        access=MonitoringAccess(Part.SIGNALS, config.api, Paths.of(config).metrics_token),
        hosts=HostPolicy(config.signals.host, topology.SIGNALS.network_names(config)),
        max_body_bytes=MAX_BODY_BYTES,
        health=health,
        health_options={"responses": {503: {"model": ModelHealth}}},
        statuses=_STATUSES,
        lifespan=_keep_fresh(serving, refresh_seconds),
    )
    _add_predict(app, serving, metrics)

    @app.get("/model", responses=_WITHOUT_MODEL)
    async def model() -> ServingCard:
        """The card of the model that serves: what it learned from, how good it is, how far requests have drifted."""
        return serving.card()

    return app


def _keep_fresh(serving: ServingModel, seconds: float) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await serving.refresh()
        following = PeriodicTask("model refresh", seconds, serving.refresh)
        following.start()
        try:
            yield
        finally:
            await following.stop()

    return lifespan


def _add_predict(app: FastAPI, serving: ServingModel, metrics: Metrics) -> None:
    outcomes = metrics.counter(catalogue.PREDICTIONS)
    duration = metrics.histogram(catalogue.PREDICTION_DURATION)

    def predicted(questions: Sequence[Question]) -> Sequence[PredictResponse | InvestIQError]:
        started = time.perf_counter()
        answers = serving.predict(questions)
        seconds = (time.perf_counter() - started) / len(questions)
        for answer in answers:
            if not isinstance(answer, InvestIQError):
                duration.observe(seconds)
        return [answer if isinstance(answer, InvestIQError) else _response(answer) for answer in answers]

    def answers_to(asked: Sequence[PredictRequest | InvalidQuestion]) -> Sequence[PredictResponse | InvestIQError]:
        """One for each, counted."""
        try:
            serving.require()
            questions = [_question(one) for one in asked if not isinstance(one, InvalidQuestion)]
            following = iter(predicted(questions) if questions else ())
        except Exception as error:
            outcomes.labels(_outcome(error)).inc(len(asked))
            raise
        answers = [one if isinstance(one, InvalidQuestion) else next(following) for one in asked]
        for answer in answers:
            outcomes.labels(_outcome(answer) if isinstance(answer, InvestIQError) else "ok").inc()
        return answers

    # Not a coroutine's await in sight: half a millisecond of arithmetic is cheaper here than a hop to a thread.
    async def predict(
        request: Annotated[
            Annotated[PredictRequest, Tag(_ONE)] | Annotated[PredictManyRequest, Tag(_MANY)], Discriminator(_form)
        ],
    ) -> PredictResponse | PredictManyResponse:
        """The calibrated probability that the close five sessions after the last bar is higher than its close.

        For one symbol, or with `questions` for several: each gets an answer of its own in the same order, and one that
        has no prediction says why and leaves the others alone.
        """
        if isinstance(request, PredictManyRequest):
            return PredictManyResponse(answers=[_answer(one) for one in answers_to(request.read())])
        (answer,) = answers_to([request])
        if isinstance(answer, InvestIQError):
            raise answer
        return answer

    counting = _counting_invalid(outcomes)
    app.router.add_api_route(
        "/predict", predict, methods=["POST"], responses=_WITHOUT_MODEL, route_class_override=counting
    )


_ONE, _MANY = "one", "many"


def _form(body: object) -> str:
    """Which of the two forms of a question it is."""
    return _MANY if isinstance(body, dict) and "questions" in body else _ONE


def _question(request: PredictRequest) -> Question:
    return Symbol(request.symbol), [bar.bar() for bar in request.bars]


def _response(found: Prediction) -> PredictResponse:
    return PredictResponse.model_validate(found, from_attributes=True)


def _answer(answer: PredictResponse | InvestIQError) -> PredictResponse | NoPrediction:
    if not isinstance(answer, InvestIQError):
        return answer
    numbers = {name: answer.detail[name] for name in ("needed", "given") if name in answer.detail}
    return NoPrediction(reason=answer.reason, detail=answer.message, **numbers)


def _outcome(error: Exception) -> str:
    return next((_OUTCOMES[base] for base in type(error).__mro__ if base in _OUTCOMES), "failed")


def _counting_invalid(outcomes: Counter) -> type[APIRoute]:
    """A route that counts requests which never reach its function because their body is invalid."""

    class CountingRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def counted(request: Request) -> Response:
                try:
                    return await handle(request)
                except RequestValidationError as error:
                    outcomes.labels("invalid").inc()
                    raise RequestValidationError(_without_form(error), body=error.body) from None

            return counted

    return CountingRoute


def _without_form(error: RequestValidationError) -> Sequence[Any]:
    """The faults, their places as the sender knows them: which form was read is no part of the body."""
    faults = error.errors()
    return [{**fault, "loc": tuple(part for part in fault["loc"] if part not in (_ONE, _MANY))} for fault in faults]


def _health(serving: ServingModel, uptime: float) -> ModelHealth:
    model, error = serving.model, serving.error
    state = ModelState(loaded=model is not None, error=error.message if error else None)
    if model is not None:
        state = state.model_copy(
            update={
                "version": model.card.model_version,
                "trained_at": model.trained_at.isoformat() if model.trained_at else None,
                "trained_until": model.card.data.trained_until,
                "beats_constant": model.card.beats_constant,
            }
        )
    status = HealthStatus.DOWN if model is None else HealthStatus.DEGRADED if error else HealthStatus.OK
    return ModelHealth(status=status, version=__version__, uptime_seconds=round(uptime, 3), model=state)
