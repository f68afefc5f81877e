"""The model card: what a model learned from and how good it is, as JSON beside the model and at GET /model."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from investiq.invest.signals.drift import DriftReference, DriftReport

__all__ = [
    "CalibrationBin",
    "FoldScores",
    "Improvement",
    "ModelCard",
    "Scores",
    "ServingCard",
    "TrainingData",
    "Validation",
]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Scores(_Section):
    """Two proper scores; lower is better for both."""

    brier: FiniteFloat = Field(ge=0, description="mean squared error of the probability")
    log_loss: FiniteFloat = Field(ge=0, description="mean negative log-likelihood, in nats")


class FoldScores(_Section):
    """One test block of the walk-forward validation."""

    first_session: date
    last_session: date
    training_rows: int = Field(ge=0, description="rows that the fold's model learned from, after purge and embargo")
    calibration_rows: int = Field(ge=0, description="earlier out-of-fold rows that its calibration was fitted on")
    rows: int = Field(gt=0)
    share_up: FiniteFloat = Field(ge=0, le=1)
    auc: FiniteFloat | None = Field(description="null where the block has only one outcome")
    model: Scores | None = Field(description="null in the first block: nothing was there to calibrate on")
    constant: Scores | None


class CalibrationBin(_Section):
    """Rows of neighbouring forecasts: how often they said up, and how often it was."""

    rows: int = Field(gt=0)
    mean_forecast: FiniteFloat
    share_up: FiniteFloat


class Improvement(_Section):
    """Constant's score less the model's (positive: the model is better), with the bounds of its noise."""

    mean: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat


class Validation(_Section):
    """Out-of-fold results of the calibrated model, each fold calibrated on earlier folds only."""

    method: str
    rows: int = Field(gt=0, description="rows that were judged: the blocks after the first")
    sessions: int = Field(gt=0)
    auc: FiniteFloat | None
    model: Scores
    constant: Scores
    constant_forecast: str = Field(description="which constant was the hardest to beat")
    improvement_brier: Improvement
    improvement_log_loss: Improvement
    rule: str = Field(description="how `beats_constant` was decided")
    calibration_error: FiniteFloat = Field(ge=0, le=1, description="expected calibration error over the bins below")
    calibration_bins: tuple[CalibrationBin, ...]
    folds: tuple[FoldScores, ...]


class TrainingData(_Section):
    """What the model learned from."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="hash of the bars, see `dataset.data_hash`")
    before: date = Field(description="only sessions strictly before this date were seen, labels included")
    first_session: date = Field(description="session of the first training row")
    last_session: date = Field(description="session of the last training row; its label ends at `trained_until`")
    trained_until: date = Field(description="last session whose prices the model learned from")
    rows: int = Field(gt=0)
    rows_per_symbol: dict[str, int]
    every: int = Field(1, ge=1, description="one session of so many of each symbol is a row; 1: each of them")
    base_rate: FiniteFloat = Field(ge=0, le=1, description="share of rows whose outcome was up")


class ModelCard(_Section):
    """Everything that one may ask of a model before trusting it."""

    model_version: str = Field(description="derived from the contents: equal versions predict equally")
    algorithm: str
    parameters: dict[str, str | int | float | bool]
    horizon_sessions: int
    features: tuple[str, ...]
    feature_revision: int
    needed_bars: int
    beats_constant: bool
    data: TrainingData
    validation: Validation
    importance: dict[str, FiniteFloat] = Field(description="share of the total gain of each feature's splits")
    quantile_levels: tuple[float, ...]
    feature_quantiles: dict[str, tuple[FiniteFloat, ...]] = Field(
        description="quantiles of each feature in training, at `quantile_levels`"
    )
    drift_reference: DriftReference
    libraries: dict[str, str]


class ServingCard(ModelCard):
    """The card of the model that serves, with what it has been asked about since it was loaded."""

    drift: DriftReport
