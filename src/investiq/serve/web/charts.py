"""Charts of TradingView's Lightweight Charts: prices with averages and volume, equity, monitoring lines.

The library draws on a canvas, which knows no CSS variable: the colours of lines stand here, and can be told apart on
white and on dark ground; the text of axes follows the scheme. Its logo would put an outside address into the page, so
it is off and the footer gives the credit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import dash_tvlwc
from dash import ClientsideFunction, Dash, Input, Output, State
from dash.development.base_component import Component

from investiq.clients.prometheus import Point
from investiq.foundation.contract.api import Bar, EquityPoint
from investiq.foundation.figures import NEW_YORK

__all__ = [
    "AVERAGES",
    "RANGES",
    "Axis",
    "Limit",
    "chart",
    "equity_series",
    "line_series",
    "price_line",
    "price_series",
    "tint",
    "visible_range",
]

UP, DOWN = "#1f9d6b", "#d03c48"
AVERAGES: Mapping[int, str] = {20: "#e08a1e", 50: "#3572d9", 200: "#9a5fd0"}
"""Sessions of each moving average and its colour."""

RANGES: Mapping[str, int] = {"3M": 92, "6M": 183, "1Y": 366, "3Y": 1096}
"""Days shown."""

LIMIT_IN_SIGHT = 3.0
"""How many times higher than all values a limit may be to be on the scale."""

_TEXT = "#586474"
"""Of axes, before the page has tinted them: no colour is 4.5 to 1 on white and on the dark ground alike."""

_LABEL = "#5b6675"
_LINE = "rgba(125, 135, 148, 0.16)"


def tint(app: Dash, identifier: str | dict[Any, Any]) -> None:
    """Let the axes of these charts follow light and dark: the canvas knows no CSS variable (assets/charts.js)."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("investiq", "tint"),
        Output(identifier, "chartOptions"),
        Input("scheme", "computedColorScheme"),
        State(identifier, "chartOptions"),
    )


def chart(
    identifier: str | Mapping[str, str | int],
    height: int,
    series: Sequence[Mapping[str, Any]],
    *,
    panes: Sequence[float] = (),
    intraday: bool = False,
    legend: bool = False,
) -> Component:
    """A chart; `series` is what it starts with, empty or not. `panes` shares the height among those of the series.

    With `legend`, assets/legend.js writes the values below the pointer into the legend.
    """
    drawn: Component = dash_tvlwc.Tvlwc(
        id=identifier,
        height=height,
        series=series,
        subscribeCrosshair=legend,
        reportThrottle=40,
        paneOptions=[{"stretchFactor": share} for share in panes],
        chartOptions={
            "autoSize": True,
            "layout": {
                "background": {"type": "solid", "color": "transparent"},
                "textColor": _TEXT,
                "fontSize": 11,
                "attributionLogo": False,
                "panes": {"separatorColor": _LINE, "enableResize": False},
            },
            "grid": {"vertLines": {"visible": False}, "horzLines": {"color": _LINE}},
            "rightPriceScale": {"borderVisible": False, "entireTextOnly": True},
            "timeScale": {
                "borderColor": _LINE,
                "timeVisible": intraday,
                "secondsVisible": False,
                "rightOffset": 2,
                "minBarSpacing": 0.05,  # on a phone too, all of it fits
                "tickMarkFormatter": "dates",
            },
            "crosshair": {"mode": 0},
            # The page scrolls with the wheel; the chart is moved by dragging and zoomed by pinching or its axes.
            "handleScroll": {"mouseWheel": False},
            "handleScale": {"mouseWheel": False},
            "localization": {"locale": "en-GB"},
        },
    )
    return drawn


def price_series(bars: Sequence[Bar], price: str | None = None) -> list[dict[str, Any]]:
    """Candles with a line at the price of now, moving averages of the close, and volume in a pane of its own."""
    days = [bar["session"] for bar in bars]
    closes = [float(bar["close"]) for bar in bars]
    candles = [
        {
            "time": bar["session"],
            "open": float(bar["open"]),
            "high": float(bar["high"]),
            "low": float(bar["low"]),
            "close": float(bar["close"]),
        }
        for bar in bars
    ]
    volume = [
        {"time": bar["session"], "value": bar["volume"], "color": _tinted(float(bar["close"]) >= float(bar["open"]))}
        for bar in bars
    ]
    colors = {"upColor": UP, "downColor": DOWN, "wickUpColor": UP, "wickDownColor": DOWN, "borderVisible": False}
    own_line = {"priceLineVisible": False, "lastValueVisible": False}
    return [
        {
            "id": "price",
            "type": "candlestick",
            "data": candles,
            "options": colors | own_line,
            "priceLines": price_line(price),
        },
        *(_average(sessions, days, closes) for sessions in AVERAGES),
        {
            "id": "volume",
            "type": "histogram",
            "pane": 1,
            "data": volume,
            "options": {"priceFormat": {"type": "volume"}, "priceLineVisible": False, "lastValueVisible": False},
        },
    ]


def price_line(price: str | None) -> list[dict[str, Any]]:
    """A dashed line at `price`, or none."""
    return [] if price is None else [{"price": float(price), "color": _LABEL, "lineWidth": 1, "lineStyle": 2}]


def _tinted(rose: bool) -> str:
    return "rgba(31, 157, 107, 0.45)" if rose else "rgba(214, 69, 80, 0.45)"


def _average(sessions: int, days: Sequence[str], closes: Sequence[float]) -> dict[str, Any]:
    means = zip(days[sessions - 1 :], averages(closes, sessions), strict=True)
    points = [{"time": day, "value": mean} for day, mean in means]
    return {"id": f"sma{sessions}", "type": "line", "data": points, "options": _thin(AVERAGES[sessions])}


def averages(values: Sequence[float], sessions: int) -> list[float]:
    """Simple moving averages: one for each full window, none where there are fewer values than that."""
    if len(values) < sessions:
        return []
    total = sum(values[:sessions])
    means = [total / sessions]
    for gone, new in zip(values, values[sessions:], strict=False):
        total += new - gone
        means.append(total / sessions)
    return means


def _thin(color: str) -> dict[str, Any]:
    return {
        "color": color,
        "lineWidth": 1.5,
        "priceLineVisible": False,
        "lastValueVisible": False,
        "crosshairMarkerVisible": False,
    }


def visible_range(bars: Sequence[Bar], name: str) -> dict[str, str] | None:
    """The last part of `bars` that the range `name` shows; None without bars."""
    if not bars:
        return None
    last = datetime.fromisoformat(bars[-1]["session"])
    first = (last - timedelta(days=RANGES[name])).date().isoformat()
    return {"from": max(first, bars[0]["session"]), "to": bars[-1]["session"]}


def equity_series(points: Sequence[EquityPoint]) -> list[dict[str, Any]]:
    """Equity as a line, and the drawdown below it in percent of the highest equity."""
    # Two points within one second would be one time to the chart, which refuses that: the later one stands.
    latest = {_local_second(point["at"]): point for point in points}
    equity = [{"time": at, "value": float(point["equity"])} for at, point in latest.items()]
    fall = [{"time": at, "value": -100 * float(point["drawdown"])} for at, point in latest.items()]
    return [
        {
            "id": "equity",
            "type": "area",
            "data": equity,
            "options": {
                "lineColor": AVERAGES[50],
                "topColor": "rgba(63, 125, 224, 0.22)",
                "bottomColor": "rgba(63, 125, 224, 0.02)",
                "lineWidth": 2,
                "priceLineVisible": False,
                "priceFormat": {"type": "custom", "minMove": 1, "formatter": "dollars"},
            },
        },
        {
            "id": "drawdown",
            "type": "area",
            "pane": 1,
            "data": fall,
            "options": {
                "lineColor": DOWN,
                "topColor": "rgba(214, 69, 80, 0.02)",
                "bottomColor": "rgba(214, 69, 80, 0.22)",
                "invertFilledArea": True,
                "lineWidth": 1,
                "priceLineVisible": False,
                "priceFormat": {"type": "custom", "minMove": 0.01, "formatter": "percent"},
            },
        },
    ]


def _local_second(iso: str) -> int:
    """New York's clock written as if it were UTC: the axis of the chart knows no time zones."""
    moment = datetime.fromisoformat(iso).astimezone(NEW_YORK)
    offset = moment.utcoffset() or timedelta()
    return int((moment + offset).timestamp())


@dataclass(frozen=True, slots=True)
class Axis:
    """The scale of values.

    Attributes:
        formatter: the function of assets/charts.js that writes them.
        step: the smallest difference that is written.
        low: is on the scale at least; None lets it follow the values.
        high: is on the scale at least; None lets it follow the values.
    """

    formatter: str
    step: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A value at which something begins."""

    value: float
    color: str
    name: str


def line_series(
    lines: Mapping[str, Sequence[Point]],
    colors: Sequence[str],
    axis: Axis,
    *,
    times: Sequence[int],
    limits: Sequence[Limit] = (),
) -> list[dict[str, Any]]:
    """One line for each of `lines`, in the order of `colors`, over all of `times`; where it has no sample is a gap.

    Args:
        times: Unix seconds of the samples asked for, ascending.
        limits: drawn as dashed lines; one far above all values does not press them flat, it is off the scale.
    """
    written = {"priceFormat": {"type": "custom", "minMove": axis.step, "formatter": axis.formatter}}
    top = max((value for points in lines.values() for _, value in points), default=0.0)
    near = [limit.value for limit in limits if limit.value <= LIMIT_IN_SIGHT * max(top, axis.high or 0.0)]
    some = next((value for points in lines.values() for _, value in points), 0.0)
    bounds = [bound for bound in (axis.low, axis.high, *near) if bound is not None] or [some]
    # At both ends of the time: without a value at the last moment, the chart would take an earlier one for its end.
    scale = {times[0]: min(bounds), times[-1]: max(bounds)}
    return [
        {
            "id": "scale",
            "type": "line",
            "data": [{"time": at, "value": scale[at]} if at in scale else {"time": at} for at in times],
            "options": _thin("transparent") | written,
            "priceLines": [_limit(limit) for limit in limits],
        },
        *(
            {
                "id": name,
                "type": "line",
                "data": _points(dict(points), times),
                "options": _thin(color) | {"lineWidth": 2} | written,
            }
            for (name, points), color in zip(lines.items(), colors, strict=False)
        ),
    ]


def _limit(limit: Limit) -> dict[str, Any]:
    return {
        "price": limit.value,
        "color": limit.color,
        "lineWidth": 1,
        "lineStyle": 2,
        "axisLabelVisible": False,
        "title": limit.name,
    }


def _points(samples: Mapping[int, float], times: Sequence[int]) -> list[dict[str, Any]]:
    """A point for each time between the first sample and the last; one without a value is white space to the chart."""
    if not samples:
        return []
    first, last = min(samples), max(samples)
    return [
        {"time": at, "value": samples[at]} if at in samples else {"time": at} for at in times if first <= at <= last
    ]
