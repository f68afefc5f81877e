"""Words and colours: a colour never stands without its word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = [
    "ENGINES",
    "HEARTBEATS",
    "MODES",
    "ORDER_TONES",
    "PHASES",
    "REGIMES",
    "SIGNALS",
    "title",
    "why_halted",
]

SIGNALS: Mapping[str, tuple[str, str]] = {
    "strong_sell": ("Strong sell", "sell-3"),
    "sell": ("Sell", "sell-2"),
    "weak_sell": ("Weak sell", "sell-1"),
    "neutral": ("Neutral", "neutral"),
    "weak_buy": ("Weak buy", "buy-1"),
    "buy": ("Buy", "buy-2"),
    "strong_buy": ("Strong buy", "buy-3"),
}
"""Signal -> its word and its CSS class, from the lowest step to the highest."""

ENGINES: Mapping[str, tuple[str, str]] = {
    "technical": ("Technical", "trend, momentum and volume of the price itself"),
    "quantitative": ("Quantitative", "return and risk over the last year"),
    "signal": ("Signal model", "gradient boosting over the next five sessions"),
    "sentiment": ("Sentiment", "tone of published headlines"),
    "fundamental": ("Fundamental", "figures that companies report"),
}

MODES: Mapping[str, tuple[str, str, str]] = {
    "replay": ("Replay", "blue", "past prices, paper orders"),
    "paper": ("Paper", "teal", "prices of today, paper orders"),
    "live": ("Live", "red", "real money"),
}
"""Mode -> word, colour, what it means."""

PHASES: Mapping[str, tuple[str, str]] = {
    "open": ("Market open", "good"),
    "closed": ("Market closed", "plain"),
    "ended": ("Replay ended", "warn"),
}

HALT_REASONS: Mapping[str, str] = {
    "manual": "halted by hand",
    "daily_loss": "the loss of the session reached its limit",
    "drawdown": "the fall from the highest equity reached its limit",
    "monitoring_lost": "the monitoring is not heard, so nobody would notice a fault",
    "unreadable": "the breaker's state cannot be read, so nothing new is allowed",
}

_MONITORING_IS_BACK = "the monitoring was lost; it is heard again, and trading waits for somebody to resume it"

HEARTBEATS: Mapping[str, tuple[Literal["good", "bad", "warn", "plain"], str]] = {
    "fresh": ("good", "Heard"),
    "awaited": ("warn", "Awaited since the start"),
    "lost": ("bad", "Lost"),
    "not_required": ("warn", "Not required: nobody may be watching"),
}

ORDER_TONES: Mapping[str, str] = {
    "filled": "good",
    "partially_filled": "good",
    "denied": "warn",
    "rejected": "bad",
    "unknown": "bad",
    "expired": "warn",
}

REGIMES: Mapping[str, str] = {
    "bull_calm": "Rising, calm",
    "bull_volatile": "Rising, volatile",
    "bear_calm": "Falling, calm",
    "bear_volatile": "Falling, volatile",
}


def why_halted(reason: str | None, heartbeat: str) -> str:
    """Why trading is halted, as things are now: a halt outlasts the loss of the monitoring."""
    if reason == "monitoring_lost" and heartbeat == "fresh":
        return _MONITORING_IS_BACK
    return HALT_REASONS.get(reason or "", reason or "no reason is known")


def title(word: str | None) -> str:
    """`partially_filled` -> `Partially filled`"""
    return (word or "").replace("_", " ").capitalize()
