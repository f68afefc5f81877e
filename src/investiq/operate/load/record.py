"""What the users of a run met: how many answers of each kind, and how long each took. Pure: no network, no clock."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import ceil, floor, log10
from typing import Any

__all__ = ["Group", "Outcome", "RunRecord", "quantile"]

_DIGITS = 3
"""Kept of each latency: with more, a long run would keep each one by itself."""

MOST_GROUPS = 500
OTHERS = "(others)"


class Outcome(StrEnum):
    """What became of a request."""

    SERVED = "served"
    DENIED = "denied"  # an order that a risk rule or a halt denied: the API did what it should
    RATE_LIMITED = "rate_limited"  # 429
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Group:
    """Requests of one kind.

    Attributes:
        endpoint: the route's template, as the metrics name it.
        status: 0 where no answer came.
        why: the rule that denied, or what failed; empty otherwise.
    """

    method: str
    endpoint: str
    status: int
    outcome: Outcome
    why: str = ""


@dataclass(slots=True)
class _Latencies:
    total_milliseconds: float = 0.0
    microseconds: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class RunRecord:
    """A run as its client saw it. Times are Unix seconds.

    Attributes:
        started_at: when the first request was sent; None before.
        ended_at: when the last answer came.
        cpu_seconds: of the client's process, meanwhile.
    """

    started_at: float | None = None
    ended_at: float | None = None
    cpu_seconds: float = 0.0
    groups: dict[Group, _Latencies] = field(default_factory=dict)

    def add(self, group: Group, started_at: float, milliseconds: float) -> None:
        """Count one request that was sent at `started_at`."""
        kept = self.groups.get(group)
        if kept is None:
            if len(self.groups) >= MOST_GROUPS:  # a server that fails for another reason each time must not fill it
                group = replace(group, endpoint=OTHERS, why=OTHERS if group.why else "")
            kept = self.groups.setdefault(group, _Latencies())
        kept.total_milliseconds += milliseconds
        kept.microseconds[_rounded(milliseconds * 1000)] += 1
        ended_at = started_at + milliseconds / 1000
        self.started_at = started_at if self.started_at is None else min(self.started_at, started_at)
        self.ended_at = ended_at if self.ended_at is None else max(self.ended_at, ended_at)

    @property
    def seconds(self) -> float:
        """From the first request to the last answer."""
        return 0.0 if self.started_at is None or self.ended_at is None else self.ended_at - self.started_at

    def count(self, wanted: Callable[[Group], bool] = lambda _: True) -> int:
        return sum(kept.microseconds.total() for group, kept in self.groups.items() if wanted(group))

    def counts(self, key: Callable[[Group], str], wanted: Callable[[Group], bool] = lambda _: True) -> dict[str, int]:
        """How many there are of each, most first."""
        found: Counter[str] = Counter()
        for group, kept in self.groups.items():
            if wanted(group):
                found[key(group)] += kept.microseconds.total()
        return dict(found.most_common())

    def milliseconds(self, wanted: Callable[[Group], bool]) -> float:
        """All latencies together."""
        return sum(kept.total_milliseconds for group, kept in self.groups.items() if wanted(group))

    def latencies(self, wanted: Callable[[Group], bool]) -> list[tuple[float, int]]:
        """Milliseconds, ascending, with how many took as long."""
        found: Counter[int] = Counter()
        for group, kept in self.groups.items():
            if wanted(group):
                found.update(kept.microseconds)
        return [(micro / 1000, number) for micro, number in sorted(found.items())]

    def document(self) -> dict[str, Any]:
        """The record as JSON."""
        return {
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "cpu_seconds": self.cpu_seconds,
            "groups": [
                {
                    "method": group.method,
                    "endpoint": group.endpoint,
                    "status": group.status,
                    "outcome": group.outcome.value,
                    "why": group.why,
                    "total_milliseconds": kept.total_milliseconds,
                    "microseconds": sorted(kept.microseconds.items()),
                }
                for group, kept in self.groups.items()
            ],
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> RunRecord:
        """The record of a document."""
        record = cls(document["started_at"], document["ended_at"], document["cpu_seconds"])
        for raw in document["groups"]:
            group = Group(raw["method"], raw["endpoint"], raw["status"], Outcome(raw["outcome"]), raw["why"])
            record.groups[group] = _Latencies(raw["total_milliseconds"], Counter(dict(raw["microseconds"])))
        return record


def quantile(latencies: Sequence[tuple[float, int]], share: float) -> float | None:
    """The least latency within which `share` of the requests had their answer; None without one."""
    total = sum(number for _, number in latencies)
    if not total:
        return None
    wanted, seen = max(1, ceil(share * total)), 0
    for milliseconds, number in latencies:
        seen += number
        if seen >= wanted:
            return milliseconds
    return latencies[-1][0]


def shares_within(latencies: Iterable[tuple[float, int]], bounds: Sequence[float]) -> list[float]:
    """The share of the requests that took no longer than each bound, which ascend."""
    ordered = list(latencies)
    values, total = [milliseconds for milliseconds, _ in ordered], sum(number for _, number in ordered)
    return [
        sum(number for _, number in ordered[: bisect_right(values, bound)]) / total if total else 0.0
        for bound in bounds
    ]


def _rounded(microseconds: float) -> int:
    if microseconds < 10**_DIGITS:
        return round(microseconds)
    return int(round(microseconds, _DIGITS - 1 - floor(log10(microseconds))))
