"""The settings of the SLOs: the built-in ones, and any number of the user's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from investiq.foundation.config.section import Objective, Section, section

__all__ = [
    "AnalysisLatencySlo",
    "ApiAvailabilitySlo",
    "BuiltInSlo",
    "CustomSlo",
    "MarketDataFreshnessSlo",
    "OrderAcknowledgementSlo",
    "SignalAvailabilitySlo",
    "SloConfig",
    "SloName",
    "WindowDays",
]

SloName = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]
# Shorter than a week, the ticket that looks back three days would judge half of the budget at once.
WindowDays = Annotated[int, Field(ge=7, le=90)]


class BuiltInSlo(Section):
    """What can be said of each built-in SLO."""

    enabled: bool = Field(True, description="keep this SLO: record its error budget and alert on its burn rate")
    objective: Objective = Field(description="share of events that must be good")
    window_days: WindowDays = Field(30, description="days over which the objective must hold")
    page: Literal["critical", "warning"] = Field(
        description="severity of its page, the alert when the budget burns fast: critical wakes somebody"
    )


class ApiAvailabilitySlo(BuiltInSlo):
    """SLO `api-availability`: the API answers its users, and the probe from outside, without failing."""

    objective: Objective = Field(Decimal("0.999"), description="share of the time, weighted by what failed in it")
    page: Literal["critical", "warning"] = Field(
        "critical",
        description="severity of its page: critical, since without the API there are no orders, no halts, and nobody "
        "watches the positions",
    )


class AnalysisLatencySlo(BuiltInSlo):
    """SLO `analysis-latency`: analyses are answered in time; one that fails is not."""

    objective: Objective = Field(Decimal("0.99"), description="share of the analyses that must be fast")
    page: Literal["critical", "warning"] = Field(
        "warning",
        description="severity of its page: nobody is woken, since a late analysis loses nothing that is held",
    )
    threshold_milliseconds: float = Field(
        1_000, gt=0, description="slowest answer that is fast enough: a bound of investiq_request_duration_milliseconds"
    )


class SignalAvailabilitySlo(BuiltInSlo):
    """SLO `signal-availability`: the signal models predict when they are asked, and the probe finds them well."""

    objective: Objective = Field(Decimal("0.99"), description="share of the time, weighted by what failed in it")
    page: Literal["critical", "warning"] = Field(
        "warning",
        description="severity of its page: nobody is woken, since analyses go on without that engine and say so",
    )


class MarketDataFreshnessSlo(BuiltInSlo):
    """SLO `market-data-freshness`: while the market is open, the newest price is young. A closed one adds nothing."""

    objective: Objective = Field(Decimal("0.99"), description="share of the open market's time with fresh data")
    page: Literal["critical", "warning"] = Field(
        "critical",
        description="severity of its page: critical, since positions are valued, and losses measured, at old prices",
    )
    threshold_seconds: float | None = Field(
        None,
        gt=0,
        description="seconds of open market after which the newest price is stale; default: half of "
        "trading.max_price_age_seconds",
        examples=[11_700],
    )


class OrderAcknowledgementSlo(BuiltInSlo):
    """SLO `order-acknowledgement`: the broker acknowledges orders in time; an order without an answer is not."""

    objective: Objective = Field(Decimal("0.99"), description="share of the orders sent that must be acknowledged")
    page: Literal["critical", "warning"] = Field(
        "critical",
        description="severity of its page: critical, since an order in doubt may be a position that nobody wants",
    )
    threshold_seconds: float = Field(
        1.0,
        gt=0,
        description="slowest acknowledgement that is in time: a bound of investiq_order_acknowledgement_seconds",
    )


class SloConfig(Section):
    """The built-in SLOs."""

    api_availability: ApiAvailabilitySlo = section()
    analysis_latency: AnalysisLatencySlo = section()
    signal_availability: SignalAvailabilitySlo = section()
    market_data_freshness: MarketDataFreshnessSlo = section()
    order_acknowledgement: OrderAcknowledgementSlo = section()


class CustomSlo(Section):
    """An SLO of your own: any number of these, each with its own `[[slos]]`."""

    name: SloName = Field(
        description="what it is called: small letters, digits and -",
        examples=["checkout-availability"],
    )
    service: str = Field(min_length=1, description="scrape job of the service that it is about", examples=["checkout"])
    description: str = Field("", description="what its user gets", examples=["a checkout succeeds"])
    objective: Objective = Field(description="share of events that must be good", examples=[Decimal("0.999")])
    window_days: WindowDays = Field(30, description="days over which the objective must hold")
    page: Literal["critical", "warning"] = Field(
        "warning", description="severity of its page, the alert when the budget burns fast: critical wakes somebody"
    )
    budgeting: Literal["occurrences", "ratio_timeslices"] = Field(
        "occurrences",
        description="what the budget is made of: events, or time, of which each five minutes are as bad as the share "
        "of their events that failed",
    )
    good: str | None = Field(
        None,
        description="PromQL of the good events a second; either this or bad",
        examples=['sum(rate(checkouts_total{outcome="ok"}[5m]))'],
    )
    bad: str | None = Field(
        None,
        description="PromQL of the bad events a second; either this or good",
        examples=['sum(rate(checkouts_total{outcome="failed"}[5m]))'],
    )
    total: str = Field(description="PromQL of all events a second", examples=["sum(rate(checkouts_total[5m]))"])

    @field_validator("good", "bad", "total")
    @classmethod
    def _is_promql(cls, value: str | None) -> str | None:
        if value is not None:
            from investiq.foundation.promql_grammar import parsed  # noqa: PLC0415  only where there is an SLO of theirs

            try:
                parsed(value)
            except ValueError as error:
                raise ValueError(f"is not PromQL: {error}; try it on the graph page of Prometheus first") from error
        return value

    @model_validator(mode="after")
    def _either_good_or_bad(self) -> CustomSlo:
        if (self.good is None) == (self.bad is None):
            raise ValueError("needs either good or bad, the events of one kind a second, beside total")
        return self
