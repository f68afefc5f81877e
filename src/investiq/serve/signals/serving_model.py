"""Holds the model that serves, and follows the artifact on disk: `investiq models train` takes effect by itself."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from pathlib import Path

import structlog

from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.threads import BoundedThreads
from investiq.invest.signals.artifact import Fingerprint, ModelMissing, ModelRefused, fingerprint, load
from investiq.invest.signals.card import ServingCard
from investiq.invest.signals.drift import DriftReport, DriftWindow
from investiq.invest.signals.model import Floats, Model, Question, TooFewBars, UnusableBars
from investiq.invest.signals.prediction import Prediction

__all__ = ["ServingModel"]

_log = structlog.get_logger(__name__)


class ServingModel:
    """The loaded model of `folder`, if there is one.

    A new artifact replaces it only when it passes every check: a bad one leaves the old model serving, and `error`
    says what is wrong with it.
    """

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        self.model: Model | None = None
        self.error: ModelMissing | ModelRefused | None = None
        self._folder = folder
        self._seen: Fingerprint = None
        self._checked = False
        self._refreshing = asyncio.Lock()
        self._thread = BoundedThreads(1, "load-model")
        self._loaded = metrics.gauge(catalogue.MODEL_LOADED)
        self._trained = metrics.gauge(catalogue.MODEL_TRAINED)
        self._trained_until = metrics.gauge(catalogue.MODEL_TRAINED_UNTIL)
        self._trained_until.set(math.nan)
        self._drift_metrics = DriftMetrics(metrics)
        self._window: DriftWindow | None = None

    async def refresh(self) -> None:
        """Load the artifact if its files changed since the last look (four `stat` calls if they did not)."""
        async with self._refreshing:
            found = fingerprint(self._folder)
            if self._checked and found == self._seen:
                return
            await self._reload()
            # Taken before loading: a change during the load is met at the next look.
            self._seen, self._checked = found, True

    def require(self) -> Model:
        """The model that serves.

        Raises:
            ModelMissing, ModelRefused: there is none, for this reason.
        """
        if self.model is None:
            raise self.error or ModelMissing("the signal model is being loaded: try again in a moment")
        return self.model

    def predict(self, questions: Sequence[Question]) -> Sequence[Prediction | TooFewBars | UnusableBars]:
        """The forecast of the model that serves for each question, or why there is none.

        What it was asked about is remembered.

        Raises:
            ModelMissing, ModelRefused: see `require`.
        """
        new = 0

        def observe(found: Prediction, features: Floats) -> None:
            nonlocal new
            if self._window is not None:
                new += self._window.observe(found.symbol, found.as_of, features, found.probability_up)

        answers = self.require().predict(questions, observe)
        if new and self._window is not None:
            self._drift_metrics.show(self._window.report())
        return answers

    def card(self) -> ServingCard:
        """The card of the model that serves, with its drift.

        Raises:
            ModelMissing, ModelRefused: there is none, for this reason.
        """
        model = self.require()
        window = self._window or DriftWindow(model.card.drift_reference)
        return ServingCard(**dict(model.card), drift=window.report())

    async def _reload(self) -> None:
        try:
            model = await self._thread.run(lambda: load(self._folder))
        except (ModelMissing, ModelRefused) as error:
            self.error = error
            _log.warning("model_not_loaded", reason=error.reason, error=error.message, still_serving=self.version)
            return
        if self.model is None or self.model.card.drift_reference != model.card.drift_reference:
            self._window = DriftWindow(model.card.drift_reference)
            self._drift_metrics.show(self._window.report())
        self.model, self.error = model, None
        self._loaded.set(1)
        self._trained.set(model.trained_at.timestamp() if model.trained_at else 0)
        self._trained_until.set(datetime.combine(model.card.data.trained_until, time.min, UTC).timestamp())
        _log.info(
            "model_loaded",
            version=self.version,
            trained_until=str(model.card.data.trained_until),
            beats_constant=model.card.beats_constant,
        )

    @property
    def version(self) -> str | None:
        return self.model.card.model_version if self.model else None


class DriftMetrics:
    """Drift, as Prometheus sees it: not a number where it is not known, which no threshold takes for well."""

    def __init__(self, metrics: Metrics) -> None:
        self._features = metrics.gauge(catalogue.FEATURE_DRIFT)
        self._probability = metrics.gauge(catalogue.PREDICTION_DRIFT)
        self._rows = metrics.gauge(catalogue.DRIFT_ROWS)
        self._set(None, None)

    def show(self, report: DriftReport) -> None:
        """Set every gauge."""
        self._set(report.features, report.probability)
        self._rows.set(report.rows)

    def _set(self, features: Mapping[str, float] | None, probability: float | None) -> None:
        for name in catalogue.MODEL_FEATURES:
            self._features.labels(name).set(math.nan if features is None else features[name])
        self._probability.set(math.nan if probability is None else probability)
