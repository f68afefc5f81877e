"""Words and colours: a colour never stands without its word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from investiq.foundation.vocabulary import (
    EngineName,
    HaltReason,
    HeartbeatState,
    MarketPhase,
    OrderStatus,
    Regime,
    Signal,
    TradingMode,
)

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
    Signal.STRONG_SELL: ("Strong sell", "sell-3"),
    Signal.SELL: ("Sell", "sell-2"),
    Signal.WEAK_SELL: ("Weak sell", "sell-1"),
    Signal.NEUTRAL: ("Neutral", "neutral"),
    Signal.WEAK_BUY: ("Weak buy", "buy-1"),
    Signal.BUY: ("Buy", "buy-2"),
    Signal.STRONG_BUY: ("Strong buy", "buy-3"),
}
"""Signal -> its word and its CSS class, from the lowest step to the highest."""

ENGINES: Mapping[str, tuple[str, str]] = {
    EngineName.TECHNICAL: ("Technical", "trend, momentum and volume"),
    EngineName.QUANTITATIVE: ("Quantitative", "return and risk over a year"),
    EngineName.SIGNAL: ("Signal model", "gradient boosting, five sessions ahead"),
    EngineName.SENTIMENT: ("Sentiment", "news sentiment"),
    EngineName.FUNDAMENTAL: ("Fundamental", "reported company figures"),
}

MODES: Mapping[str, tuple[str, str, str]] = {
    TradingMode.REPLAY: ("Replay", "blue", "past prices, paper orders"),
    TradingMode.PAPER: ("Paper", "teal", "prices of today, paper orders"),
    TradingMode.LIVE: ("Live", "red", "real money"),
}
"""Mode -> word, colour, what it means."""

PHASES: Mapping[str, tuple[str, str]] = {
    MarketPhase.OPEN: ("Market open", "good"),
    MarketPhase.CLOSED: ("Market closed", "plain"),
    MarketPhase.ENDED: ("Replay ended", "warn"),
}

HALT_REASONS: Mapping[str, str] = {
    HaltReason.MANUAL: "halted manually",
    HaltReason.DAILY_LOSS: "session loss limit reached",
    HaltReason.DRAWDOWN: "drawdown limit reached",
    HaltReason.MONITORING_LOST: "no heartbeat from the monitoring, so a fault could go unnoticed",
    HaltReason.UNREADABLE: "breaker state cannot be read, so new entries are denied",
}

_MONITORING_IS_BACK = "the heartbeat was lost and is back; trading stays halted until somebody resumes it"

HEARTBEATS: Mapping[str, tuple[Literal["good", "bad", "warn", "plain"], str]] = {
    HeartbeatState.FRESH: ("good", "Heard"),
    HeartbeatState.AWAITED: ("warn", "Waiting for the first heartbeat"),
    HeartbeatState.LOST: ("bad", "Lost"),
    HeartbeatState.NOT_REQUIRED: ("warn", "Not required: trading may be unmonitored"),
}

ORDER_TONES: Mapping[str, str] = {
    OrderStatus.FILLED: "good",
    OrderStatus.PARTIALLY_FILLED: "good",
    OrderStatus.DENIED: "warn",
    OrderStatus.REJECTED: "bad",
    OrderStatus.UNKNOWN: "bad",
    OrderStatus.EXPIRED: "warn",
}

REGIMES: Mapping[str, str] = {
    Regime.BULL_CALM: "Rising, calm",
    Regime.BULL_VOLATILE: "Rising, volatile",
    Regime.BEAR_CALM: "Falling, calm",
    Regime.BEAR_VOLATILE: "Falling, volatile",
}


def why_halted(reason: str | None, heartbeat: str) -> str:
    """Why trading is halted, as things are now: a halt outlasts the loss of the monitoring."""
    if reason == HaltReason.MONITORING_LOST and heartbeat == HeartbeatState.FRESH:
        return _MONITORING_IS_BACK
    return HALT_REASONS.get(reason or "", reason or "reason unknown")


def title(word: str | None) -> str:
    """`partially_filled` -> `Partially filled`"""
    return (word or "").replace("_", " ").capitalize()
