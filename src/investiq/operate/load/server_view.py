"""What Prometheus saw of a run: the part's own counters and histogram, from the scrape before it to the one after.

Values are taken at scrapes, so nothing is extrapolated. What cannot be told is `Missing`, with the reason.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from investiq.clients.prometheus import Prometheus, Sample
from investiq.clients.session import ClientError
from investiq.foundation.telemetry import catalogue

__all__ = ["Histogram", "Missing", "Route", "ServerView", "await_scrape", "read_view"]

SCRAPE_WAIT_SECONDS: Final = 20.0
"""Four scrapes: after as long without one, there is none."""

Route = tuple[str, str, str]
"""Endpoint, method and status, as the histogram has them."""


class Missing(Exception):
    """Prometheus cannot tell, and why."""


@dataclass(slots=True)
class Histogram:
    """Durations in milliseconds.

    Attributes:
        within: upper bound -> how many took no longer; the last bound is infinite.
    """

    count: float = 0.0
    total: float = 0.0
    within: dict[float, float] = field(default_factory=dict)

    def __add__(self, other: Histogram) -> Histogram:
        return self._with(other, 1)

    def __sub__(self, other: Histogram) -> Histogram:
        return self._with(other, -1)

    def _with(self, other: Histogram, sign: int) -> Histogram:
        bounds = sorted({*self.within, *other.within})
        within = {bound: self.within.get(bound, 0.0) + sign * other.within.get(bound, 0.0) for bound in bounds}
        return Histogram(self.count + sign * other.count, self.total + sign * other.total, within)


@dataclass(frozen=True, slots=True)
class ServerView:
    """A part between two scrapes, which are Unix seconds of Prometheus' clock.

    Attributes:
        scrapes: that succeeded within, both ends included.
        failed_scrapes: that did not.
        requests: all that it answered.
        others: route -> requests a second while no run asked; None where that is not known.
    """

    started_at: float
    ended_at: float
    scrapes: int
    failed_scrapes: int
    requests: float
    routes: Mapping[Route, Histogram]
    others: Mapping[Route, float] | None


async def await_scrape(prometheus: Prometheus, job: str, after: float) -> float:
    """The time of a scrape of `job` that succeeded after the Unix second `after`.

    Raises:
        Missing: there is none for a while.
    """
    try:
        async with asyncio.timeout(SCRAPE_WAIT_SECONDS):
            while not (
                found := [at for at, up in await _scrapes(prometheus, job, after, after + 86_400) if up and at > after]
            ):
                await asyncio.sleep(0.5)
            return found[0]
    except TimeoutError:
        raise Missing(f"Prometheus has not scraped {job} for {SCRAPE_WAIT_SECONDS:g} s") from None
    except ClientError as error:
        raise Missing(error.message) from error


async def read_view(
    prometheus: Prometheus, job: str, started_at: float, ended_at: float, quiet: tuple[float, float] | None = None
) -> ServerView:
    """What it saw of a run between two Unix seconds, once the scrape after it is there.

    Args:
        quiet: a while in which no run asked the same part: what others ask is measured in it.

    Raises:
        Missing: it cannot tell.
    """
    last = await await_scrape(prometheus, job, ended_at)
    try:
        scrapes = await _scrapes(prometheus, job, started_at - 60, last)
        before = [at for at, up in scrapes if up and at <= started_at]
        if not before:
            raise Missing(f"Prometheus had not scraped {job} in the minute before the run")
        first = before[-1]
        if await _restarted(prometheus, job, first, last):
            raise Missing(f"{job} restarted during the run: what it counted before is lost")
        within = [up for at, up in scrapes if first <= at <= last]
        return ServerView(
            started_at=first,
            ended_at=last,
            scrapes=sum(within),
            failed_scrapes=len(within) - sum(within),
            requests=await _requests(prometheus, job, last) - await _requests(prometheus, job, first),
            routes=_grown(await _routes(prometheus, job, last), await _routes(prometheus, job, first)),
            others=await _others(prometheus, job, quiet) if quiet is not None else None,
        )
    except ClientError as error:
        raise Missing(error.message) from error


async def _scrapes(prometheus: Prometheus, job: str, start: float, end: float) -> list[tuple[float, bool]]:
    """When the job was scraped, ascending, and whether that succeeded."""
    series = await prometheus.samples(f'up{{job="{job}"}}', start, min(end, await prometheus.now()))
    if len(series) > 1:
        raise Missing(f"Prometheus scrapes {len(series)} targets as {job}: the run asked one of them")
    return [(at, value == 1) for one in series for at, value in one.samples]


async def _restarted(prometheus: Prometheus, job: str, first: float, last: float) -> bool:
    window = f"{math.ceil(last - first) + 1}s"  # Prometheus 3 leaves out what lies at the very start of a range
    counted_anew = f'resets({catalogue.REQUESTS.name}{{job="{job}"}}[{window}])'
    started_anew = f'changes(process_start_time_seconds{{job="{job}"}}[{window}])'
    return bool(await prometheus.query(f"{counted_anew} > 0 or {started_anew} > 0", last))


async def _requests(prometheus: Prometheus, job: str, at: float) -> float:
    found = await prometheus.query(f'{catalogue.REQUESTS.name}{{job="{job}"}}', at)
    if not found:
        raise Missing(f"Prometheus has no {catalogue.REQUESTS.name} of {job}")
    return sum(sample.value for sample in found)


async def _routes(prometheus: Prometheus, job: str, at: float) -> dict[Route, Histogram]:
    name = catalogue.REQUEST_DURATION.name
    found = await prometheus.query(f'{{__name__=~"{name}_(bucket|count|sum)", job="{job}"}}', at)
    return histograms(found)


def histograms(samples: Sequence[Sample]) -> dict[Route, Histogram]:
    """The histogram of each route, from the samples of its series at one time."""
    routes: dict[Route, Histogram] = {}
    for sample in samples:
        labels = sample.labels
        route = routes.setdefault((labels["endpoint"], labels["method"], labels["status"]), Histogram())
        kind = labels["__name__"].rpartition("_")[2]
        if kind == "bucket":
            route.within[float(labels["le"])] = sample.value
        elif kind == "count":
            route.count = sample.value
        else:
            route.total = sample.value
    return routes


def _grown(last: Mapping[Route, Histogram], first: Mapping[Route, Histogram]) -> dict[Route, Histogram]:
    """What came between; a series that is new began at 0."""
    return {route: now - first.get(route, Histogram()) for route, now in last.items()}


async def _others(prometheus: Prometheus, job: str, quiet: tuple[float, float]) -> dict[Route, float] | None:
    scrapes = [at for at, up in await _scrapes(prometheus, job, *quiet) if up]
    if len(scrapes) < 3 or await _restarted(prometheus, job, scrapes[0], scrapes[-1]):
        return None
    grown = _grown(await _routes(prometheus, job, scrapes[-1]), await _routes(prometheus, job, scrapes[0]))
    return {route: one.count / (scrapes[-1] - scrapes[0]) for route, one in grown.items()}
