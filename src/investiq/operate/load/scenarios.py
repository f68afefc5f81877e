"""What `investiq load` can do, one row each: which part it asks, whether it trades, and what counts as good enough."""

from __future__ import annotations

from dataclasses import dataclass

from investiq.foundation.topology import API, WEB, Process

__all__ = ["SCENARIOS", "Scenario", "Thresholds"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a run must keep.

    Attributes:
        error_share: largest share of requests that may fail; what the rate limit refuses is not among them.
        p99_milliseconds: largest 99th percentile of what was served, as the client measures it.
        rate_share: least share of the requests a second that were meant to be sent; where each user asks as fast as it
            can, nothing is meant.
        limited_share: largest share that the rate limit may refuse: above it, the limit was measured, not the service.
    """

    error_share: float
    p99_milliseconds: float
    rate_share: float = 0.8
    limited_share: float = 0.01


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of load.

    Attributes:
        part: whose port its users ask.
        user: the class of the locustfile.
        trades: whether it places orders.
    """

    name: str
    what: str
    part: Process
    user: str
    thresholds: Thresholds
    trades: bool = False


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("health", "GET /health, as probes ask it", API, "HealthUser", Thresholds(0.0, 250)),
        Scenario(
            "analysis", "analyses, bars and symbols, as programs ask them", API, "AnalysisUser", Thresholds(0.01, 500)
        ),
        Scenario(
            "trading",
            "account, positions and small orders on paper, each with its idempotency key",
            API,
            "TradingUser",
            Thresholds(0.01, 1000),
            trades=True,
        ),
        Scenario("mixed", "all of these together", API, "MixedUser", Thresholds(0.01, 1000), trades=True),
        Scenario(
            "console",
            "the pages of the console, and what a browser asks for them",
            WEB,
            "ConsoleUser",
            Thresholds(0.01, 2000),
        ),
    )
}
