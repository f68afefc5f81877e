"""The card of one engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dash import html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import EngineResult
from investiq.foundation.vocabulary import EngineName, EngineStatus
from investiq.serve.web.elements import chip
from investiq.serve.web.scale import score_scale, score_words, signal_word
from investiq.serve.web.words import ENGINES

__all__ = ["engine_cards"]

_STATUS: Mapping[str, tuple[str, str]] = {
    EngineStatus.OK: ("OK", "good"),
    EngineStatus.UNAVAILABLE: ("Unavailable", "plain"),
    EngineStatus.FAILED: ("Failed", "bad"),
}


def _percent(value: object) -> str:
    return fmt.percent(_figure(value), 1)


def _days(value: object) -> str:
    return fmt.day(str(value))


def _plain(value: object) -> str:
    return fmt.number(value) if isinstance(value, int | float) else str(value)


def _whole(value: object) -> str:
    return fmt.number(_figure(value), 0)


def _figure(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


_KEY_METRICS: Mapping[str, Mapping[str, tuple[str, Callable[[object], str]]]] = {
    EngineName.TECHNICAL: {
        "rsi_14": ("RSI (14)", _plain),
        "macd_histogram": ("MACD histogram", _plain),
        "adx_14": ("ADX (14)", _plain),
        "bollinger_percent_b": ("Bollinger %b", _plain),
        "stochastic_k": ("Stochastic %K", _plain),
        "atr_14_of_close": ("ATR of close", _percent),
    },
    EngineName.QUANTITATIVE: {
        "annual_return": ("Annual return", _percent),
        "annual_volatility": ("Volatility", _percent),
        "sharpe": ("Sharpe ratio", _plain),
        "sortino": ("Sortino ratio", _plain),
        "max_drawdown": ("Largest drawdown", _percent),
        "daily_var_95": ("Daily VaR 95 %", _percent),
        "beta_to_universe": ("Beta to the others", _plain),
    },
    EngineName.SIGNAL: {
        "probability_up": ("Chance of a rise", _percent),
        "horizon_sessions": ("Sessions ahead", _whole),
        "beats_constant": ("Better than chance", _plain),
        "trained_until": ("Trained through", _days),
    },
    EngineName.SENTIMENT: {
        "headlines": ("Headlines", _whole),
        "positive": ("Positive", _whole),
        "negative": ("Negative", _whole),
    },
    EngineName.FUNDAMENTAL: {
        "passed": ("Screens passed", _whole),
        "given": ("Screens with data", _whole),
        "published_on": ("Published", _days),
    },
}
"""Engine -> metric -> its name for people and how it is written; the other metrics are in the API's answer."""


def engine_cards(engines: Mapping[str, EngineResult]) -> list[Component]:
    """A card for each engine that answers, and one column for those that say nothing."""
    known = [engines[name] for name in ENGINES if name in engines]
    answers = [_card(result) for result in known if result["status"] == EngineStatus.OK]
    silent = [_card(result) for result in known if result["status"] != EngineStatus.OK]
    return [*answers, html.Div(silent, className="engines-silent")] if silent else answers


def _card(result: EngineResult) -> Component:
    name, about = ENGINES[result["engine"]]
    head = html.Div([html.H3(name), chip(*_STATUS[result["status"]])], className="engine-head")
    body = _answer(result) if result["status"] == EngineStatus.OK else [_silence(result)]
    return html.Section(
        [head, html.P(about, className="muted small"), *body],
        className=f"card engine engine-{result['status']}",
        id=f"engine-{result['engine']}",
    )


def _silence(result: EngineResult) -> Component:
    return html.P([html.Strong("No result: "), result["reason"] or "no reason given", "."])


def _answer(result: EngineResult) -> list[Component]:
    score = html.Div(
        [signal_word(result["signal"]), html.Span(score_words(result["score"]), className="engine-score")],
        className="engine-signal",
    )
    confidence = html.P(["Confidence ", html.Strong(fmt.percent(result["confidence"]))], className="small")
    return [score, score_scale(result["score"]), confidence, _metrics(result), _timing(result)]


def _metrics(result: EngineResult) -> Component:
    rows = []
    for key, (label, written) in _KEY_METRICS[result["engine"]].items():
        if key in result["metrics"]:
            value = result["metrics"][key]
            text = fmt.MISSING if value is None else written(value)
            rows.append(html.Div([html.Dt(label), html.Dd(text)], className="metric"))
    return html.Dl(rows, className="metrics")


def _timing(result: EngineResult) -> Component:
    last = result["metrics"].get("last_session")
    took = f"{fmt.number(result['duration_ms'], 0)}\u202fms"
    words = f"Sessions until {fmt.day(str(last))} · {took}" if last else f"Took {took}"
    return html.P(words, className="muted small engine-timing")
