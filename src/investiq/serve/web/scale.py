"""The seven-step signal scale, drawn: a word, a number, and where it stands between sell and buy."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from investiq.serve.web import format as fmt
from investiq.serve.web.elements import attributes
from investiq.serve.web.words import SIGNALS

__all__ = ["meter", "score_scale", "signal_word"]


def signal_word(signal: str | None, size: str = "") -> Component:
    """The signal in words, coloured."""
    word, css = SIGNALS.get(signal or "", ("No signal", "none"))
    return html.Span(word, className=f"signal signal-{css} {size}")


def score_scale(score: float | None) -> Component:
    """The scale from strong sell (-1) to strong buy (+1) with a mark at `score`."""
    steps = [html.I(className=f"step step-{css}") for _, css in SIGNALS.values()]
    mark = [] if score is None else [html.B(className="mark", style={"left": f"{(score + 1) * 50:.1f}%"})]
    label = "no score" if score is None else f"score {fmt.signed(score)} between −1, strong sell, and +1, strong buy"
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
