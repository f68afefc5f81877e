"""A run of 60 seconds as both sides saw it: recorded of a real one, 50 users who asked for analyses twice a second."""

from __future__ import annotations

import math

from investiq.operate.load.record import Group, Outcome, RunRecord
from investiq.operate.load.server_view import Histogram, Route, ServerView

ANALYSIS = "/api/analyze/{symbol}"
ROUTE: Route = (ANALYSIS, "GET", "200")
STARTED = 1_795_810_000.0


def group(
    status: int = 200, outcome: Outcome = Outcome.SERVED, why: str = "", method: str = "GET", endpoint: str = ANALYSIS
) -> Group:
    return Group(method, endpoint, status, outcome, why)


def record(*latencies: float, seconds: float = 10.0, of: Group | None = None) -> RunRecord:
    """One request for each latency in milliseconds, evenly over so many seconds."""
    made = RunRecord()
    add(made, *latencies, seconds=seconds, of=of)
    return made


def add(made: RunRecord, *latencies: float, seconds: float = 10.0, of: Group | None = None) -> None:
    for number, latency in enumerate(latencies):
        made.add(of or group(), STARTED + seconds * number / max(1, len(latencies) - 1), latency)


def histogram(*latencies: float, bounds: tuple[float, ...] = (10, 50, 100, 250, math.inf)) -> Histogram:
    within = {bound: float(sum(latency <= bound for latency in latencies)) for bound in bounds}
    return Histogram(float(len(latencies)), sum(latencies), within)


def view(
    *latencies: float, others: float | None = 0.0, seconds: float = 15.0, route: Route = ROUTE, failed: int = 0
) -> ServerView:
    """What Prometheus saw: the same route, and what others asked of it a second."""
    rates = None if others is None else {route: others}
    return ServerView(
        STARTED - 2, STARTED - 2 + seconds, 4, failed, len(latencies) + 9, {route: histogram(*latencies)}, rates
    )
