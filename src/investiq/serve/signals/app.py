"""The signal models service: POST /predict, GET /model, GET /health, GET /metrics."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from prometheus_client import Counter

from investiq import __version__
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
from investiq.invest.signals.model import TooFewBars, UnusableBars
from investiq.invest.signals.schema import ModelHealth, ModelState, PredictRequest, PredictResponse
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
        access=MonitoringAccess(Part.SIGNALS, config.api),
        hosts=HostPolicy(config.signals.host),
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

    # Not a coroutine's await in sight: half a millisecond of arithmetic is cheaper here than a hop to a thread.
    async def predict(request: PredictRequest) -> PredictResponse:
        """The calibrated probability that the close five sessions after the last bar is higher than its close."""
        try:
            serving.require()
            with duration.time():
                found = serving.predict(Symbol(request.symbol), [bar.bar() for bar in request.bars])
        except Exception as error:
            outcomes.labels(_outcome(error)).inc()
            raise
        outcomes.labels("ok").inc()
        return PredictResponse.model_validate(found, from_attributes=True)

    counting = _counting_invalid(outcomes)
    app.router.add_api_route(
        "/predict", predict, methods=["POST"], responses=_WITHOUT_MODEL, route_class_override=counting
    )


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
                except RequestValidationError:
                    outcomes.labels("invalid").inc()
                    raise

            return counted

    return CountingRoute


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
