"""The seven-step signal scale, drawn: a word, a number, and where it stands between sell and buy."""

from __future__ import annotations

from itertools import pairwise

from dash import html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.foundation.vocabulary import SIGNAL_BOUNDS
from investiq.serve.web.elements import attributes
from investiq.serve.web.words import SIGNALS

__all__ = ["meter", "score_scale", "score_words", "signal_word"]

_EDGES = (-1.0, *(-bound for bound in reversed(SIGNAL_BOUNDS)), *SIGNAL_BOUNDS, 1.0)


def signal_word(signal: str | None, size: str = "") -> Component:
    """The signal in words, coloured."""
    word, css = SIGNALS.get(signal or "", ("No signal", "none"))
    return html.Span(word, className=f"signal signal-{css} {size}")


def score_words(score: float | None) -> str:
    """`+0.59` from 0.5996: cut, not rounded, or a plain buy would be shown with the score of a strong one."""
    return fmt.signed(fmt.cut(score, 2))


def score_scale(score: float | None) -> Component:
    """The scale from strong sell (-1) to strong buy (+1) with a mark at `score`."""
    steps = [
        html.I(className=f"step step-{css}", style={"width": f"{(high - low) * 50:.6g}%"})
        for (_, css), (low, high) in zip(SIGNALS.values(), pairwise(_EDGES), strict=True)
    ]
    mark = [] if score is None else [html.B(className="mark", style={"left": f"{(score + 1) * 50:.6g}%"})]
    label = "no score" if score is None else f"score {score_words(score)} between −1, strong sell, and +1, strong buy"
    return html.Div([*steps, *mark], className="scale", role="img", **attributes(aria_label=label))


def meter(label: str, share: float | None, note: str = "", tone: str = "") -> Component:
    """A share between 0 and 1 as a bar with its number."""
    width = 0.0 if share is None else max(0.0, min(1.0, share)) * 100
    return html.Div(
        [
            html.Div([html.Span(label), html.Strong(fmt.percent(share))], className="meter-head"),
            html.Div(html.I(style={"width": f"{width:.1f}%"}, className=tone), className="meter-track"),
            html.Div(note, className="meter-note") if note else None,
        ],
        className="meter",
    )
