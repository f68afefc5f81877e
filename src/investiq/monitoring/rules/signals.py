"""Alerts about the signal models: dead, empty, old, slow, left out of analyses, or asked about another world."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import (
    ENGINE_RESULTS,
    FEATURE_DRIFT,
    MARKET_TIME,
    MODEL_AGE_LIMIT,
    MODEL_LOADED,
    MODEL_TRAINED_UNTIL,
    PREDICTION_DRIFT,
    PREDICTION_DURATION,
)
from investiq.foundation.topology import SIGNALS
from investiq.foundation.vocabulary import EngineName, EngineStatus, RestartAlert, Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.exporters.scrape import UP
from investiq.monitoring.selectors import buckets, observations, series
from investiq.promql.matcher import Matcher, eq
from investiq.promql.number import number_text

__all__ = [
    "ALERTS",
    "FEATURE_DRIFT_HIGH",
    "ML_SERVICE_DOWN",
    "MODEL_AGE",
    "MODEL_NOT_LOADED",
    "MODEL_STALE",
    "PREDICTION_DRIFT_HIGH",
    "PREDICTION_LATENCY_HIGH",
    "SIGNAL_ENGINE_FALLBACK",
]

ML_SERVICE_DOWN = Alert(
    name=RestartAlert.ML_SERVICE_DOWN.value,
    subject=Subject.SIGNALS,
    # Not critical: analyses go on without this engine and say so, and nothing trades on it alone.
    severity=Severity.WARNING,
    query=series(UP, eq("job", SIGNALS.job)),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="the signal models do not answer at {{ $labels.instance }}",
    description=(
        "Prometheus has had no metrics from the signal models for a minute. Analyses continue without the "
        "signal engine, with lower coverage; the agent decides on less evidence."
    ),
    no_data=NoData.QUIET,
)

MODEL_NOT_LOADED = Alert(
    name=RestartAlert.MODEL_NOT_LOADED.value,
    subject=Subject.SIGNALS,
    severity=Severity.WARNING,
    query=series(MODEL_LOADED),
    op="==",
    threshold=0,
    for_seconds=60,
    summary="the signal models have no model loaded",
    description=(
        "The service is up but has had no model for a minute: none was trained, or the one on disk was "
        "rejected. Analyses continue without the signal engine, with lower coverage; the agent decides on less "
        "evidence."
    ),
    no_data=NoData.COVERED,
    covered_by="MLServiceDown",
)

MODEL_AGE = f"(max({series(MARKET_TIME)}) - on () group_right () {series(MODEL_TRAINED_UNTIL)})"
"""Seconds of market time since the last session that the model learned from; nothing while the API does not answer."""

MODEL_STALE = Alert(
    name="ModelStale",
    subject=Subject.SIGNALS,
    severity=Severity.WARNING,
    # In market time: when the training ran says nothing in a replay, where a model of this morning may know prices up
    # to 2008 while it is 2010. The API's market time, not the sessions that somebody asks about: those may be any.
    query=f"{MODEL_AGE} / {series(MODEL_AGE_LIMIT)}",
    op=">",
    threshold=1,
    for_seconds=600,
    summary='the signal model is old: {{ $value | printf "%.2f" }} times the maximum age',
    description=(
        "Market time is far past the last session in its training data. It still serves at its trained "
        "confidence, unaware of what has changed in the market since."
    ),
    no_data=NoData.COVERED,
    covered_by="MLServiceDown",
)

# Above 0.25 it is another population by convention; `signals.drift` has the formula, the source, and why the mean.
_ANOTHER_POPULATION = 0.25

FEATURE_DRIFT_HIGH = Alert(
    name="FeatureDrift",
    subject=Subject.SIGNALS,
    severity=Severity.WARNING,
    query=f"avg by (job, instance) ({series(FEATURE_DRIFT)})",
    op=">",
    threshold=_ANOTHER_POPULATION,
    for_seconds=600,
    summary='signal model inputs have drifted from training (PSI {{ $value | printf "%.2f" }})',
    description=(
        "The mean population stability index (PSI) of recent inputs against training is above 0.25. The model "
        "is forecasting outside its training data: its probabilities, and the signal engine's confidence, are "
        "worth less than its card says."
    ),
    no_data=NoData.COVERED,
    covered_by="MLServiceDown",
)

PREDICTION_DRIFT_HIGH = Alert(
    name="PredictionDrift",
    subject=Subject.SIGNALS,
    severity=Severity.WARNING,
    query=series(PREDICTION_DRIFT),
    op=">",
    threshold=_ANOTHER_POPULATION,
    for_seconds=600,
    summary='signal model forecasts have drifted from validation (PSI {{ $value | printf "%.2f" }})',
    description=(
        "The population stability index (PSI) of recent forecasts against validation is above 0.25. Either the "
        "market or the model's input has changed: signal scores lean to one side, and so do the agent's decisions."
    ),
    no_data=NoData.COVERED,
    covered_by="MLServiceDown",
)

_PREDICTIONS = f"sum by (job) (rate({observations(PREDICTION_DURATION)}[5m]))"
_FLOOR = 0.02  # a second, 6 in five minutes

PREDICTION_LATENCY_HIGH = Alert(
    name="PredictionLatencyHigh",
    subject=Subject.SIGNALS,
    severity=Severity.WARNING,
    query=f"histogram_quantile(0.95, sum by (job, le) (rate({buckets(PREDICTION_DURATION)}[5m])))",
    op=">",
    # A prediction takes a few milliseconds. At two seconds (signals.timeout_seconds) the API waits no longer.
    threshold=0.5,
    extra_condition=f"and {_PREDICTIONS} > {number_text(_FLOOR)}",
    for_seconds=300,
    summary='p95 prediction latency is {{ $value | printf "%.2f" }} s',
    description=(
        "p95 prediction latency has been above half a second for five minutes. Analyses wait that long, and at "
        "the timeout (signals.timeout_seconds) continue without the signal engine."
    ),
    no_data=NoData.QUIET,
)


def _signal_results(*matchers: Matcher) -> str:
    return f"sum by (job) (rate({series(ENGINE_RESULTS, eq('engine', EngineName.SIGNAL), *matchers)}[5m]))"


SIGNAL_ENGINE_FALLBACK = Alert(
    name=RestartAlert.SIGNAL_ENGINE_FALLBACK.value,
    subject=Subject.SIGNALS,
    severity=Severity.WARNING,
    query=f"{_signal_results(eq('status', EngineStatus.UNAVAILABLE, EngineStatus.FAILED))} / {_signal_results()}",
    op=">",
    # Not less: a symbol that is new on the market has too short a history for the model, and one in five may be.
    threshold=0.5,
    extra_condition=f"and {_signal_results()} > {number_text(_FLOOR)}",
    for_seconds=120,
    summary="{{ $value | humanizePercentage }} of analyses ran without the signal engine",
    description=(
        "The signal models are up, but most analyses of the last five minutes got no prediction. Analyses fall "
        "back on the other engines, with lower coverage; the agent decides on less evidence."
    ),
    no_data=NoData.COVERED,
    covered_by="ServiceDown",
)

ALERTS = (
    ML_SERVICE_DOWN,
    MODEL_NOT_LOADED,
    MODEL_STALE,
    FEATURE_DRIFT_HIGH,
    PREDICTION_DRIFT_HIGH,
    PREDICTION_LATENCY_HIGH,
    SIGNAL_ENGINE_FALLBACK,
)
