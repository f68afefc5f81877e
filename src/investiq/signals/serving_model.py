"""Holds the model that serves, and follows the artifact on disk: `investiq models train` takes effect by itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from investiq.signals.artifact import Fingerprint, ModelMissing, ModelRefused, fingerprint, load
from investiq.signals.model import Model
from investiq.telemetry import catalogue
from investiq.telemetry.metrics import Metrics

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
        self._loaded = metrics.gauge(catalogue.MODEL_LOADED)
        self._trained = metrics.gauge(catalogue.MODEL_TRAINED)

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

    async def _reload(self) -> None:
        try:
            model = await asyncio.to_thread(load, self._folder)
        except (ModelMissing, ModelRefused) as error:
            self.error = error
            _log.warning(error.reason, message=error.message, still_serving=self.version)
            return
        self.model, self.error = model, None
        self._loaded.set(1)
        self._trained.set(model.trained_at.timestamp() if model.trained_at else 0)
        _log.info(
            "model_loaded",
            version=self.version,
            trained_until=str(model.card.data.trained_until),
            beats_constant=model.card.beats_constant,
        )

    @property
    def version(self) -> str | None:
        return self.model.card.model_version if self.model else None
