"""Prometheus and Alertmanager as they are asked: their answers as values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from investiq.clients.session import HttpSession, NotChecked
from investiq.foundation.errors import InvestIQError

__all__ = ["Alertmanager", "Prometheus", "QueryRefused", "Sample", "parse_timestamp"]

_TOO_BUSY = ("timeout", "canceled", "unavailable", "internal")
"""What Prometheus calls errors that are its own, not the expression's."""


class QueryRefused(InvestIQError):
    """Prometheus understood the question, and the expression cannot be answered."""

    reason = "query_refused"
    fix = "its query is refused: is this a Prometheus?"


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an instant query.

    Attributes:
        at: when it was evaluated, in Unix seconds of Prometheus' clock.
    """

    labels: Mapping[str, str]
    value: float
    at: float

    @property
    def is_number(self) -> bool:
        return not math.isnan(self.value)


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus at a base address. Every method raises `NotChecked` where it gets no answer of one."""

    url: str
    http: HttpSession

    async def query(self, expression: str) -> list[Sample]:
        """The series of an expression that is a vector or a scalar, now.

        Raises:
            QueryRefused: the expression cannot be answered.
        """
        url = f"{self.url}/api/v1/query"
        answer = await self.http.ask(url, {"query": expression})
        document = answer.document if isinstance(answer.document, dict) else {}
        if document.get("status") == "error":
            said = f"{document.get('errorType')}: {document.get('error')}"
            if document.get("errorType") in _TOO_BUSY:
                raise NotChecked(f"{url} could not answer ({said})", "ask again when it has less to do")
            raise QueryRefused(said)
        if document.get("status") != "success":
            raise NotChecked(
                f"{url} answers {answer.status}, and not as Prometheus does", "give the base address of Prometheus"
            )
        return _samples(document["data"])

    async def data(self, path: str) -> Any:
        """The data of the answer at `path` of its API."""
        return (await self.http.json(f"{self.url}/api/v1/{path}"))["data"]

    async def now(self) -> float:
        """Its clock, in Unix seconds: ages are told by it, not by the clock of who asks."""
        return (await self.query("time()"))[0].value

    async def version(self) -> str:
        return str((await self.data("status/buildinfo"))["version"])

    async def groups(self) -> Sequence[Mapping[str, Any]]:
        """The groups of rules."""
        groups: Sequence[Mapping[str, Any]] = (await self.data("rules"))["groups"]
        return groups

    async def targets(self) -> Sequence[Mapping[str, Any]]:
        """The active targets."""
        targets: Sequence[Mapping[str, Any]] = (await self.data("targets?state=active"))["activeTargets"]
        return targets

    async def config(self) -> Mapping[str, Any]:
        """The configuration that it runs with, defaults included and secrets hidden."""
        return _mapping((await self.data("status/config"))["yaml"])


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """An Alertmanager at a base address. Every method raises `NotChecked` where it gets no answer of one."""

    url: str
    http: HttpSession

    async def version(self) -> str:
        return str((await self._status())["versionInfo"]["version"])

    async def config(self) -> Mapping[str, Any]:
        """The configuration that it runs with, defaults included and secrets hidden."""
        return _mapping((await self._status())["config"]["original"])

    async def _status(self) -> Mapping[str, Any]:
        status: Mapping[str, Any] = await self.http.json(f"{self.url}/api/v2/status")
        return status


def _samples(data: Mapping[str, Any]) -> list[Sample]:
    if data["resultType"] == "scalar":
        at, value = data["result"]
        return [Sample({}, float(value), float(at))]
    return [Sample(row["metric"], float(row["value"][1]), float(row["value"][0])) for row in data["result"]]


def _mapping(text: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = yaml.safe_load(text)
    if not isinstance(document, dict):
        raise TypeError("a configuration is a mapping")
    return document


def parse_timestamp(text: str) -> float:
    """A time as Go writes it, in Unix seconds."""
    return datetime.fromisoformat(text).timestamp()
