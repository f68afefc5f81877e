"""The card of the overall result, which says how much of the evidence it rests on."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.foundation.contract.api import Analysis
from investiq.foundation.vocabulary import EngineStatus
from investiq.serve.web.elements import card
from investiq.serve.web.scale import meter, score_scale, score_words, signal_word
from investiq.serve.web.words import ENGINES, REGIMES

__all__ = ["overall_card"]


def overall_card(analysis: Analysis) -> Component:
    """Signal, score, confidence, conviction, coverage, regime and the weights used."""
    overall = analysis["overall"]
    regime = overall["regime"]
    about = REGIMES.get(regime, regime) if regime else overall["regime_reason"] or "not known"
    body = [
        html.Div(
            [
                signal_word(overall["signal"], "signal-large"),
                html.Span(score_words(overall["score"]), className="overall-score"),
            ],
            className="overall-signal",
        ),
        score_scale(overall["score"]),
        html.Div([html.Span("Strong sell"), html.Span("Neutral"), html.Span("Strong buy")], className="scale-ends"),
        html.P(_rests_on(analysis), className="coverage-words"),
        meter("Coverage", overall["coverage"]),
        meter("Confidence", overall["confidence"], "average confidence of the engines with a result"),
        meter("Conviction", overall["conviction"], "agreement on direction"),
        html.Dl(
            [html.Div([html.Dt("Regime"), html.Dd(about)], className="metric"), *_weights(analysis)],
            className="metrics",
        ),
    ]
    return card("Overall", body, id="overall-card")


def _rests_on(analysis: Analysis) -> list[str | Component]:
    coverage = analysis["overall"]["coverage"]
    silent = [ENGINES[name][0].lower() for name, e in analysis["engines"].items() if e["status"] != EngineStatus.OK]
    if not analysis["overall"]["weights"]:
        return ["No engine has a result."]
    if not silent:
        return ["Based on ", html.Strong("all of the evidence"), "."]
    return ["Based on ", html.Strong(f"{fmt.percent(coverage)} of the evidence"), f"; silent: {', '.join(silent)}."]


def _weights(analysis: Analysis) -> list[Component]:
    weights = analysis["overall"]["weights"]
    return [
        html.Div([html.Dt(f"Weight: {ENGINES[name][0].lower()}"), html.Dd(fmt.percent(weight))], className="metric")
        for name, weight in weights.items()
        if name in ENGINES
    ]
