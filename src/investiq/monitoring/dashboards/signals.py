"""The signal models: whether one is loaded, how old it is, what it is asked, and whether the world has changed."""

from __future__ import annotations

from investiq.foundation.contract.panels import PanelState, PanelUnit, PanelView
from investiq.foundation.telemetry.catalogue import (
    DRIFT_ROWS,
    FEATURE_DRIFT,
    MARKET_TIME,
    MODEL_LOADED,
    MODEL_TRAINED,
    MODEL_TRAINED_UNTIL,
    PREDICTION_DURATION,
    PREDICTIONS,
)
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.dashboards.panel import Dashboard, Panel, Query, Row
from investiq.monitoring.dashboards.panel_queries import latest, of_alert, per_second, quantile
from investiq.monitoring.rules.signals import (
    FEATURE_DRIFT_HIGH,
    ML_SERVICE_DOWN,
    MODEL_NOT_LOADED,
    MODEL_STALE,
    PREDICTION_DRIFT_HIGH,
    PREDICTION_LATENCY_HIGH,
    SIGNAL_ENGINE_FALLBACK,
)

__all__ = ["DASHBOARD"]

_NOT_ENOUGH = "the model was not asked often enough yet: its drift is not known"

_SERVICE = Panel(
    title="Service",
    description="Whether the signal models answer. Without them analyses go on with less evidence.",
    unit=PanelUnit.STATE,
    view=PanelView.NUMBER,
    queries=(Query(of_alert(ML_SERVICE_DOWN), "service"),),
    alerts=(ML_SERVICE_DOWN,),
    states={1: ("up", PanelState.GOOD), 0: ("down", PanelState.BAD)},
    width=8,
)

_LOADED = Panel(
    title="Model",
    description="Whether a verified model serves. Without one the service answers, and every prediction is refused.",
    unit=PanelUnit.STATE,
    view=PanelView.NUMBER,
    queries=(Query(latest(MODEL_LOADED), "model"),),
    alerts=(MODEL_NOT_LOADED,),
    states={1: ("loaded", PanelState.GOOD), 0: ("none", PanelState.BAD)},
    width=8,
)

_TRAINED = Panel(
    title="Trained",
    description="When the serving model was trained, in wall time. How much market it has missed since is its age.",
    unit=PanelUnit.MOMENT,
    view=PanelView.NUMBER,
    queries=(Query(f"max({latest(MODEL_TRAINED)}) * 1000", "trained"),),
    minimum=None,
    width=8,
)

_AGE = Panel(
    title="Age of the model, of its limit",
    description=(
        "Market time since the last session that it learned from, as a share of what is allowed, as ModelStale "
        "measures it. Above the line it forecasts a market that it does not know."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(of_alert(MODEL_STALE), "share of the limit"),),
    alerts=(MODEL_STALE,),
)

_AGE_IN_DAYS = Panel(
    title="Age of the model",
    description="The same in days of market time. It falls when a model is trained anew.",
    unit=PanelUnit.DAYS,
    queries=(Query(f"(max({latest(MARKET_TIME)}) - max({latest(MODEL_TRAINED_UNTIL)})) / 86400", "age"),),
)

_PREDICTIONS = Panel(
    title="Predictions",
    description=(
        "Predictions a second by outcome. `too_few_bars` is a symbol that is new on the market; `no_model` and "
        "`failed` leave the analyses without this engine."
    ),
    unit=PanelUnit.PER_SECOND,
    queries=(Query(per_second(PREDICTIONS, by=("outcome",)), "{{outcome}}"),),
)

_LATENCY = Panel(
    title="Time of a prediction",
    description="Time within which half and 99 % of the predictions were made. Analyses wait as long.",
    unit=PanelUnit.SECONDS,
    queries=tuple(Query(quantile(q, PREDICTION_DURATION), f"p{q * 100:g}") for q in (0.5, 0.99)),
    emptiness="nobody asked for a prediction in this time: there is nothing to measure",
)

_LATENCY_AS_ALERTED = Panel(
    title="95th percentile that is alerted on",
    description="As PredictionLatencyHigh measures it. Above the line analyses get slow, and go on without at 2 s.",
    unit=PanelUnit.SECONDS,
    queries=(Query(of_alert(PREDICTION_LATENCY_HIGH), "p95"),),
    alerts=(PREDICTION_LATENCY_HIGH,),
    emptiness="nobody asked for a prediction in this time: there is nothing to measure",
)

_FALLBACK = Panel(
    title="Analyses without the signal engine",
    description=(
        "Share of the analyses that got no prediction, as SignalEngineFallback measures it. Above the line the agent "
        "decides on less evidence."
    ),
    unit=PanelUnit.SHARE,
    queries=(Query(of_alert(SIGNAL_ENGINE_FALLBACK), "share"),),
    alerts=(SIGNAL_ENGINE_FALLBACK,),
    maximum=1,
    emptiness="no analyses requested in this range",
)

_DRIFT = Panel(
    title="Drift of the features",
    description=(
        "Population stability index of recent requests against training, over the features, as FeatureDrift measures "
        "it. Above the line, inputs have drifted from training."
    ),
    unit=PanelUnit.COUNT,
    queries=(Query(of_alert(FEATURE_DRIFT_HIGH), "average of the features"),),
    alerts=(FEATURE_DRIFT_HIGH,),
    emptiness=_NOT_ENOUGH,
)

_FORECAST_DRIFT = Panel(
    title="Drift of the forecasts",
    description=(
        "The same index of the forecast probabilities against those of the validation, as PredictionDrift measures it. "
        "Above the line scores lean to one side."
    ),
    unit=PanelUnit.COUNT,
    queries=(Query(of_alert(PREDICTION_DRIFT_HIGH), "forecasts"),),
    alerts=(PREDICTION_DRIFT_HIGH,),
    emptiness=_NOT_ENOUGH,
)

_DRIFTED = Panel(
    title="Features that have drifted most",
    description="The ten features with the largest index: what has changed in the market, or in what is sent.",
    unit=PanelUnit.COUNT,
    view=PanelView.TABLE,
    queries=(Query(f"topk(10, {latest(FEATURE_DRIFT)} >= 0)", "{{feature}}"),),
    emptiness=_NOT_ENOUGH,
)

_ROWS = Panel(
    title="Requests that drift is measured on",
    description="Recent requests in the window. Until it holds enough, drift is not known.",
    unit=PanelUnit.COUNT,
    queries=(Query(f"max({latest(DRIFT_ROWS)})", "requests"),),
)

DASHBOARD = Dashboard(
    name=Subject.SIGNALS.value,
    title="InvestIQ Signals",
    description="The signal models: service, age, predictions and drift.",
    subject=Subject.SIGNALS,
    targets=MODEL_LOADED,
    rows=(
        Row("Model", (_SERVICE, _LOADED, _TRAINED, _AGE, _AGE_IN_DAYS)),
        Row("Predictions", (_PREDICTIONS, _LATENCY, _LATENCY_AS_ALERTED, _FALLBACK)),
        Row("Drift", (_DRIFT, _FORECAST_DRIFT, _DRIFTED, _ROWS)),
    ),
)
