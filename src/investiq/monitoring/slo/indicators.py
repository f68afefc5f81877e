"""Events a second from what a service exposes, whoever wrote it: answered and failed requests, probes, slow ones.

Nothing here assumes a metric or a job of ours: `series`, `observations` and `buckets` of `promql` give the selectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from investiq.foundation.telemetry.catalogue import Metric
from investiq.foundation.topology import PROBES
from investiq.monitoring.exporters.blackbox import PROBE_SUCCESS, PROBED
from investiq.monitoring.exporters.external_metric import ExternalMetric
from investiq.monitoring.selectors import at_most, buckets, observations, series
from investiq.monitoring.slo.objective import Events
from investiq.promql import duration
from investiq.promql.matcher import Matcher, eq

__all__ = ["RATE_WINDOW", "availability", "latency"]

RATE_WINDOW = "5m"
_RATE_SECONDS = duration.parse(RATE_WINDOW) // timedelta(seconds=1)


def availability(answered: str, failed: str, probed: str | None = None, indicator: str = "") -> Events:
    """Requests that fail, of all.

    Args:
        answered: selector of a counter of all requests, or of a histogram's observations.
        failed: the same of those that failed.
        probed: the service whose probe from outside counts as a request each: a dead service answers none, and its
            counters are gone, but the probe fails. None where it is not probed.
        indicator: selector of what is there whether or not anybody asked; default: `answered`. Probes are none, since
            they succeed though nothing counts the requests any more.
    """
    probe = series(PROBE_SUCCESS, eq("job", PROBES), eq(PROBED, probed)) if probed is not None else None
    probes = f" or count_over_time({probe}[{RATE_WINDOW}]) / {_RATE_SECONDS}" if probe else ""
    failing = (
        f" or (count_over_time({probe}[{RATE_WINDOW}]) - sum_over_time({probe}[{RATE_WINDOW}])) / {_RATE_SECONDS}"
        if probe
        else ""
    )
    return Events(
        bad=f"sum({_rate(failed)}{failing})",
        total=f"sum({_rate(answered)}{probes})",
        sparse=True,
        indicator=_present(indicator or answered),
    )


def latency(
    histogram: Metric | ExternalMetric,
    limit: float,
    *,
    answered: Sequence[Matcher] = (),
    unanswered: Sequence[str] = (),
    indicator: str = "",
) -> Events:
    """Answers that come too late, or not at all.

    Args:
        limit: the slowest that is in time, in the histogram's unit: one of its bounds.
        answered: what selects the observations of answers that can be in time.
        unanswered: selectors of counters of what never is: each is late and counts.
        indicator: as for `availability`; default: the answers that can be in time.

    Raises:
        ValueError: no bucket of the histogram ends at `limit`.
    """
    counted = " or ".join([_rate(observations(histogram, *answered)), *map(_rate, unanswered)])
    in_time = _rate(buckets(histogram, *answered, at_most(histogram, limit)))
    # Where nothing was ever in time there may be no series of it.
    return Events(
        bad=f"sum({counted}) - (sum({in_time}) or vector(0))",
        total=f"sum({counted})",
        indicator=_present(indicator or observations(histogram, *answered)),
    )


def _rate(selector: str) -> str:
    return f"rate({selector}[{RATE_WINDOW}])"


def _present(selector: str) -> str:
    return f"present_over_time({selector}[{RATE_WINDOW}])"
