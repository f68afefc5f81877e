"""The same run twice: as its client measured it, and as Prometheus saw the server count it; and why the two differ."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from investiq.operate.load.record import Group, RunRecord, quantile, shares_within
from investiq.operate.load.server_view import Histogram, Route, ServerView

__all__ = ["CLIENT_BUSY", "compare", "histogram_quantile"]

QUANTILES: Final = (0.5, 0.95, 0.99)

CLIENT_BUSY: Final = 0.9
"""Of a core: from here on, the client waits for itself, and measures that too."""

_COUNT_TOLERANCE: Final = 0.01
_SHARE_TOLERANCE: Final = 0.02
_TOO_MANY = 429


def compare(record: RunRecord, view: ServerView) -> dict[str, Any]:
    """Both figures of each kind, and what explains their difference."""
    asked = _asked(record)
    seen = {route: one for route, one in view.routes.items() if route in asked}
    others = None if view.others is None else sum(view.others.get(route, 0.0) for route in asked)
    served = sum((one for route, one in seen.items() if _is_timed(int(route[2]))), Histogram())
    document: dict[str, Any] = {
        "window": {
            "from": view.started_at,
            "to": view.ended_at,
            "scrapes": view.scrapes,
            "failed_scrapes": view.failed_scrapes,
        },
        "all_requests": view.requests,
        "requests": _requests(record, seen, others, view.ended_at - view.started_at),
        "endpoints": _endpoints(asked, seen),
        "mean_ms": _means(record, served),
        "quantiles": _quantiles(record, served),
        "buckets": _buckets(record, served),
    }
    document["agrees"] = document["requests"]["agrees"] is not False and _latencies_agree(document)
    document["explanations"] = list(_explanations(record, document))
    return document


def histogram_quantile(histogram: Histogram, share: float) -> tuple[float | None, float, float]:
    """An estimate as Prometheus makes it, and the bounds of the bucket within which the true value is.

    None where it is above the last bound: nobody can tell how far.
    """
    wanted, below, lower = share * histogram.count, 0.0, 0.0
    for bound, within in sorted(histogram.within.items()):
        if within >= wanted and within > below:
            if math.isinf(bound):
                break
            return lower + (bound - lower) * (wanted - below) / (within - below), lower, bound
        below, lower = within, lower if math.isinf(bound) else bound
    return None, lower, math.inf


def _asked(record: RunRecord) -> dict[Route, int]:
    """What the client had answered, by route; what had no answer may or may not have been counted."""
    found: dict[Route, int] = defaultdict(int)
    for group, kept in record.groups.items():
        if group.status:
            found[group.endpoint, group.method, str(group.status)] += kept.microseconds.total()
    return dict(found)


def _is_timed(status: int) -> bool:
    """Refusals of the rate limit are quick, and would make the rest look so."""
    return status not in (0, _TOO_MANY)


def timed(group: Group) -> bool:
    """Whether the latency of these requests counts."""
    return _is_timed(group.status)


def _requests(
    record: RunRecord, seen: Mapping[Route, Histogram], others_rate: float | None, seconds: float
) -> dict[str, Any]:
    client, server = record.count(lambda group: group.status != 0), sum(one.count for one in seen.values())
    expected = None if others_rate is None else others_rate * seconds
    difference = server - client
    unanswered = record.count(lambda group: group.status == 0)
    left = abs(difference - (expected or 0.0))
    tolerance = max(3.0, _COUNT_TOLERANCE * client, expected or 0.0) + unanswered
    return {
        "client": client,
        "prometheus": server,
        "difference": difference,
        "others_expected": expected,
        "unanswered": unanswered,
        "agrees": None if expected is None and difference > tolerance else left <= tolerance,
    }


def _endpoints(asked: Mapping[Route, int], seen: Mapping[Route, Histogram]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for (endpoint, method, status), count in asked.items():
        found[method, endpoint][0] += count
        found[method, endpoint][1] += seen[endpoint, method, status].count if (endpoint, method, status) in seen else 0
    rows = [
        {"method": method, "endpoint": endpoint, "client": int(client), "prometheus": server}
        for (method, endpoint), (client, server) in found.items()
    ]
    return sorted(rows, key=lambda row: (-row["client"], row["endpoint"]))


def _means(record: RunRecord, served: Histogram) -> dict[str, float | None]:
    count = record.count(timed)
    client = record.milliseconds(timed) / count if count else None
    server = served.total / served.count if served.count else None
    difference = None if client is None or server is None else client - server
    return {"client": client, "prometheus": server, "difference": difference}


def _quantiles(record: RunRecord, served: Histogram) -> list[dict[str, Any]]:
    latencies, rows = record.latencies(timed), []
    for share in QUANTILES:
        estimate, lower, upper = histogram_quantile(served, share) if served.count else (None, None, None)
        rows.append(
            {
                "share": share,
                "client": quantile(latencies, share),
                "prometheus": estimate,
                "above": lower,
                "up_to": None if upper is None or math.isinf(upper) else upper,
            }
        )
    return rows


def _buckets(record: RunRecord, served: Histogram) -> list[dict[str, Any]]:
    bounds = sorted(served.within)
    shares = shares_within(record.latencies(timed), bounds)
    return [
        {
            "up_to": None if math.isinf(bound) else bound,
            "client": share,
            "prometheus": served.within[bound] / served.count if served.count else None,
        }
        for bound, share in zip(bounds, shares, strict=True)
    ]


def _latencies_agree(document: Mapping[str, Any]) -> bool:
    """A client can be slower than the server it waits for, never faster."""
    return bool(document["buckets"]) and all(
        row["prometheus"] is not None and row["client"] <= row["prometheus"] + _SHARE_TOLERANCE
        for row in document["buckets"]
    )


def _explanations(record: RunRecord, document: Mapping[str, Any]) -> Iterator[str]:
    yield from _of_counts(document["requests"])
    yield from _of_latencies(document)
    if (busy := cpu_share(record)) >= CLIENT_BUSY:
        yield (
            f"the client used {busy:.0%} of a core: it waited for itself, and its latencies contain that; "
            "ask with fewer users, or from another machine"
        )
    if failed := document["window"]["failed_scrapes"]:
        yield f"{failed} scrapes within the run failed: the totals are whole, what happened when is not"


def _of_counts(requests: Mapping[str, Any]) -> Iterator[str]:
    difference, expected = requests["difference"], requests["others_expected"]
    more = f"Prometheus counted {difference:.0f} more: others ask the same"
    if requests["unanswered"]:
        yield f"{requests['unanswered']} requests had no answer: the server may or may not have counted them"
    if difference == 0:
        yield "both counted the same requests"
    elif difference < 0:
        yield f"Prometheus counted {-difference:.0f} fewer than the client: these reached another server, or none"
    elif expected is None:
        yield f"{more}, how much is not known: no while before the run was quiet"
    else:
        yield f"{more}, before the run about {expected:.0f} in as much time"


def _of_latencies(document: Mapping[str, Any]) -> Iterator[str]:
    difference = document["mean_ms"]["difference"]
    if difference is not None and difference >= 0:
        yield (
            f"{difference:.1f} ms of the client's mean are outside the server: its queue of connections, the network, "
            "and the client itself"
        )
    elif difference is not None:
        yield f"the server's mean is {-difference:.1f} ms above the client's: requests of others are in it"
    yield (
        "Prometheus knows a percentile to within a bucket of the histogram only, and estimates it as if the requests "
        "were spread evenly there; both means are exact"
    )


def cpu_share(record: RunRecord) -> float:
    """Of one core, by the client's process during the run."""
    return record.cpu_seconds / record.seconds if record.seconds > 0 else 0.0
