"""The settings of what the user runs beside InvestIQ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, unquote

from pydantic import AfterValidator, Field, field_validator, model_validator

from investiq.foundation.config.section import Objective, Section
from investiq.foundation.config.slo import SloName, WindowDays

__all__ = ["ServiceConfig", "ServiceObjective"]


def _without_fragment(path: str) -> str:
    if "#" in path:
        raise ValueError("has a fragment, which no request carries: leave out what begins with #, or write it as %23")
    return path


MetricName = Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
UrlPath = Annotated[str, Field(pattern=r"^/[^\s\x00-\x1f\x7f]*$"), AfterValidator(_without_fragment)]


class ServiceObjective(Section):
    """A service level objective of a service of yours, measured on its request histogram."""

    kind: Literal["availability", "latency"] = Field(
        description="share of requests that do not fail, or that are answered in time"
    )
    name: SloName | None = Field(
        None,
        description="what it is called; default: the service and the kind, such as billing-latency",
        examples=["billing-latency"],
    )
    objective: Objective = Field(description="share of good requests that is promised", examples=[0.99])
    threshold: float | None = Field(
        None,
        gt=0,
        description="for latency: what counts as in time, in the unit of the histogram; one of its bucket bounds",
    )
    window_days: WindowDays = Field(30, description="days over which the objective must hold")

    @model_validator(mode="after")
    def _latency_has_a_threshold(self) -> ServiceObjective:
        if (self.kind == "latency") != (self.threshold is not None):
            raise ValueError('a latency needs a threshold, such as threshold = 0.5, and kind = "availability" has none')
        return self


class ServiceConfig(Section):
    """A service of yours that is watched beside the parts of InvestIQ. One `[[services]]` for each."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,39}$",
        description="its scrape job, and the label `service` of its alerts: lower case letters, digits and dashes",
        examples=["billing"],
    )
    url: str = Field(
        pattern=r"^https?://[^\s/?#@]+/?$",
        description="where it is reached: scheme, host and port",
        examples=["http://127.0.0.1:8080"],
    )
    metrics_path: UrlPath = Field(
        "/metrics",
        description="path of its metrics, with a query where it needs one",
        examples=["/v1/agent/metrics?format=prometheus"],
    )
    health_path: UrlPath | None = Field(
        "/health", description="path that is asked from outside and must answer 2xx; false: it has none"
    )
    token_file: Path | None = Field(
        None, description="file that holds the bearer token of its metrics", examples=["billing.token"]
    )
    severity: Literal["critical", "warning"] = Field(
        "critical", description="how bad it is when it is down: critical wakes somebody"
    )
    duration_metric: MetricName = Field(
        "http_request_duration_seconds", description="its histogram of the duration of requests"
    )
    requests_metric: MetricName | None = Field(
        None,
        description="its counter of requests by status; default: the `_count` of the histogram",
        examples=["http_requests_total"],
    )
    status_label: Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")] = Field(
        "status", description="label that holds the HTTP status, such as 503"
    )
    slos: tuple[ServiceObjective, ...] = Field((), description="its service level objectives: `[[services.slos]]`")

    def slo_name(self, objective: ServiceObjective) -> str:
        """What an objective of this service is called."""
        return objective.name or f"{self.name}-{objective.kind}"

    @field_validator("metrics_path")
    @classmethod
    def _can_be_scraped(cls, value: str) -> str:
        # Prometheus takes path and parameters as they are meant, and encodes them itself.
        path, _, query = value.partition("?")
        try:
            unquote(path, errors="strict")
            parse_qsl(query, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise ValueError("holds bytes that are no UTF-8, which Prometheus cannot send") from None
        if "%2f" in path.lower():
            raise ValueError("holds %2F, which Prometheus cannot send: it would ask for / in its place")
        return value

    @field_validator("health_path", mode="before")
    @classmethod
    def _false_is_none(cls, value: object) -> object:
        return None if value is False else value  # TOML has no null
