"""The report of a run: figures, thresholds, what must be said of them; as a document and as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from investiq.foundation.config import Config
from investiq.foundation.tables import aligned_table
from investiq.operate.load.comparison import CLIENT_BUSY, cpu_share, timed
from investiq.operate.load.record import Group, Outcome, quantile
from investiq.operate.load.run import LoadRun

__all__ = ["Limits", "report_document", "report_lines"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What this run must keep; None is not asked for.

    Attributes:
        error_share: largest share of requests that may fail.
        p99_milliseconds: largest 99th percentile.
        rate: least requests a second.
        limited_share: largest share that the rate limit may refuse.
    """

    error_share: float
    p99_milliseconds: float
    rate: float | None
    limited_share: float


def report_document(run: LoadRun, limits: Limits, config: Config) -> dict[str, Any]:
    """The report as JSON, without its schema."""
    record = run.record
    total = record.count()
    document: dict[str, Any] = {
        "run": run.name,
        "scenario": run.scenario.name,
        "url": run.target.url,
        "mode": run.target.mode,
        "users": run.options.users,
        "pace": run.options.pace,
        "started_at": record.started_at,
        "ended_at": record.ended_at or datetime.now(UTC).timestamp(),
        "seconds": record.seconds,
        "interrupted": run.interrupted,
        "requests": total,
        "requests_per_second": total / record.seconds if record.seconds else None,
        **{outcome.value: record.count(lambda group, wanted=outcome: group.outcome is wanted) for outcome in Outcome},  # type: ignore[misc]
        "latency_ms": _latency(run),
        "errors": record.counts(_why, lambda group: group.outcome is Outcome.FAILED),
        "denials": record.counts(_why, lambda group: group.outcome is Outcome.DENIED),
        "client_cpu_share": cpu_share(record),
        "prometheus": run.comparison,
        "orders": None if run.orders is None else asdict(run.orders),
    }
    document["thresholds"] = list(_thresholds(document, limits))
    document["passed"] = not run.interrupted and all(one["kept"] for one in document["thresholds"])
    document["notes"] = list(_notes(run, document, config))
    return document


def _why(group: Group) -> str:
    return group.why or str(group.status)


def _latency(run: LoadRun) -> dict[str, float | None]:
    """Of what was answered; what the rate limit refused is quick, and would make the rest look so."""
    latencies, count = run.record.latencies(timed), run.record.count(timed)
    return {
        "mean": run.record.milliseconds(timed) / count if count else None,
        **{f"p{round(share * 100)}": quantile(latencies, share) for share in (0.5, 0.95, 0.99)},
        "max": latencies[-1][0] if latencies else None,
    }


def _thresholds(document: dict[str, Any], limits: Limits) -> Iterator[dict[str, Any]]:
    total = document["requests"]

    def most(name: str, limit: float, measured: float | None) -> dict[str, Any]:
        return {"name": name, "limit": limit, "measured": measured, "kept": measured is not None and measured <= limit}

    yield most("error_share", limits.error_share, document["failed"] / total if total else None)
    yield most("p99_ms", limits.p99_milliseconds, document["latency_ms"]["p99"])
    yield most("rate_limited_share", limits.limited_share, document["rate_limited"] / total if total else None)
    if limits.rate is not None:
        rate = document["requests_per_second"]
        kept = rate is not None and rate >= limits.rate
        yield {"name": "requests_per_second", "limit": limits.rate, "measured": rate, "kept": kept}


def _notes(run: LoadRun, document: dict[str, Any], config: Config) -> Iterator[str]:
    """What the figures alone do not say."""
    if run.interrupted:
        yield "the run was stopped before its time: it proves nothing, and counts as not passed"
    if limited := document["rate_limited"]:
        yield _of_rate_limit(run, limited, config)
    if document["client_cpu_share"] >= CLIENT_BUSY:
        yield f"the client used {document['client_cpu_share']:.0%} of a core: its latencies contain its own waiting"
    yield from _of_orders(run)


def _of_rate_limit(run: LoadRun, limited: int, config: Config) -> str:
    trades = run.record.count(lambda group: group.outcome is Outcome.RATE_LIMITED and group.method == "POST")
    setting, number = (
        ("api.trades_per_minute", config.api.trades_per_minute)
        if trades > limited / 2 and run.scenario.trades
        else ("api.requests_per_minute", config.api.requests_per_minute)
    )
    here = f" ({number} here)" if run.target.is_own else ""
    return (
        f"{limited} of {run.record.count()} requests were refused by the rate limit (429): {setting}{here} of one key "
        "was measured, not the service; raise it for the test, or ask with fewer users or a smaller --pace"
    )


def _of_orders(run: LoadRun) -> Iterator[str]:
    orders = run.orders
    if orders is None:
        return
    if orders.problem:
        yield f"what became of {orders.placed} orders could not be found out: {orders.problem}"
        return
    if orders.unknown:
        yield f"of {len(orders.unknown)} orders nobody knows what became: {', '.join(orders.unknown[:3])}"
    for symbol, shares in orders.left.items():
        sell = f": `investiq trade sell {symbol} --quantity {shares}` sells them" if not shares.startswith("-") else ""
        yield f"left of what it traded: {shares} {symbol}{sell}"


def report_lines(document: dict[str, Any]) -> list[str]:
    """The report for people."""
    return [
        *_head(document),
        "",
        *_figures(document),
        *_of_prometheus(document["prometheus"]),
        "",
        *_verdicts(document),
        *(f"note: {note}" for note in document["notes"]),
    ]


def _head(document: dict[str, Any]) -> Iterator[str]:
    pace = f"{document['pace']:g} requests a second each" if document["pace"] else "as fast as they can"
    users = "1 user" if document["users"] == 1 else f"{document['users']} users"
    where = f"{document['scenario']} at {document['url']} ({document['mode']})"
    yield f"{where}: {users}, {pace}, {document['seconds']:.1f} s"


_APART = {"failed": "failed", "rate_limited": "refused by the rate limit", "denied": "denied"}


def _figures(document: dict[str, Any]) -> Iterator[str]:
    apart = [f"{document[name]} {word}" for name, word in _APART.items() if document[name] or name == "failed"]
    yield f"requests   {document['requests']}, {_number(document['requests_per_second'])} a second; {', '.join(apart)}"
    latency = document["latency_ms"]
    yield "latency    " + ", ".join(f"{name} {_ms(latency[name])}" for name in ("p50", "p95", "p99", "max", "mean"))
    for kind, title in (("errors", "error"), ("denials", "denied")):
        for why, number in document[kind].items():
            yield f"{title:<10} {number} x {why}"
    if orders := document["orders"]:
        became = ", ".join(f"{number} {status}" for status, number in orders["statuses"].items()) or "none"
        yield f"orders     {orders['placed']} placed: {became}; {orders['cancelled_now']} cancelled at the end"
        yield "traded     " + "; ".join(f"{name} {_shares(orders[name])}" for name in ("bought", "sold", "left"))


def _shares(shares: dict[str, str]) -> str:
    return ", ".join(f"{number} {symbol}" for symbol, number in shares.items()) or "nothing"


def _of_prometheus(seen: dict[str, Any]) -> Iterator[str]:
    if "missing" in seen:
        yield f"prometheus missing: {seen['missing']}"
        return
    requests, window = seen["requests"], seen["window"]
    yield ""
    yield (
        f"The same run as Prometheus saw it, between two scrapes {window['to'] - window['from']:.0f} s apart "
        f"({window['scrapes']} scrapes): {'both agree' if seen['agrees'] else 'THE TWO DIFFER'}"
    )
    rows: list[Sequence[object]] = [("requests", requests["client"], f"{requests['prometheus']:.0f}")]
    rows.append(("mean", _ms(seen["mean_ms"]["client"]), _ms(seen["mean_ms"]["prometheus"])))
    rows += [(f"p{round(row['share'] * 100)}", _ms(row["client"]), _within(row)) for row in seen["quantiles"]]
    rows += [(f"within {_bound(row)}", _share(row["client"]), _share(row["prometheus"])) for row in _telling(seen)]
    yield from aligned_table(("", "client", "prometheus"), rows).split("\n")
    yield from (f"why: {sentence}" for sentence in seen["explanations"])


def _telling(seen: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The buckets up to the first that holds everything."""
    for row in seen["buckets"]:
        yield row
        if row["client"] == row["prometheus"] == 1:
            return


_THRESHOLDS = {
    "error_share": ("errors", "at most"),
    "p99_ms": ("p99", "at most"),
    "rate_limited_share": ("refused by the rate limit", "at most"),
    "requests_per_second": ("requests a second", "at least"),
}


def _verdicts(document: dict[str, Any]) -> Iterator[str]:
    for one in document["thresholds"]:
        title, how = _THRESHOLDS[one["name"]]
        shown = _share if one["name"].endswith("share") else _ms if one["name"].endswith("ms") else _number
        word = "ok  " if one["kept"] else "FAIL"
        yield f"{word}  {title}: {shown(one['measured'])}, {how} {shown(one['limit'])}"


def _within(row: dict[str, Any]) -> str:
    if row["above"] is None:
        return "-"
    if row["up_to"] is None:
        return f"above {row['above']:g} ms"
    return f"{row['prometheus']:.1f} ms ({row['above']:g} to {row['up_to']:g})"


def _bound(row: dict[str, Any]) -> str:
    return "any time" if row["up_to"] is None else f"{row['up_to']:g} ms"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.2f}%"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
