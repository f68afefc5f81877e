"""The SLOs of an installation: the built-in ones that are on, those of the user's services, and those in PromQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from investiq.foundation.config.load import ConfigError
from investiq.foundation.config.schema import Config
from investiq.foundation.config.slo import BuiltInSlo, CustomSlo, SloConfig
from investiq.foundation.telemetry.catalogue import (
    MARKET_DATA_AGE,
    MARKET_PHASE,
    ORDER_ACKNOWLEDGEMENT,
    ORDERS,
    PREDICTIONS,
    REQUEST_DURATION,
)
from investiq.foundation.topology import API, SIGNALS
from investiq.foundation.vocabulary import MarketPhase, OrderStatus, Severity, Subject
from investiq.monitoring.recording import Recording
from investiq.monitoring.selectors import OF_USERS, observations, series
from investiq.monitoring.slo.indicators import RATE_WINDOW, availability, latency
from investiq.monitoring.slo.objective import BudgetingMethod, Events, Slo
from investiq.monitoring.slo.user_services import of_service
from investiq.promql.matcher import eq, matching
from investiq.promql.number import number_text
from investiq.promql.parse import parse
from investiq.promql.tree import Aggregation, Binary, Call, Node, Number, Paren

__all__ = ["ANALYSIS_ROUTE", "is_one_series", "slos_of"]

ANALYSIS_ROUTE = "/api/analyze/{symbol}"

_OF_USERS = (eq("job", API.job), OF_USERS)
_ANALYSES = (eq("job", API.job), eq("endpoint", ANALYSIS_ROUTE))
_SERVER_ERROR = matching("status", "5..")
_ANY_REQUEST = observations(REQUEST_DURATION, eq("job", API.job))
"""There from the start: scrapes and heartbeats come whether or not users do."""


def slos_of(config: Config) -> tuple[Slo, ...]:
    """Every SLO of `config`, the built-in ones first.

    Raises:
        ConfigError: a threshold is no bound of its histogram.
    """
    of_services = (slo for service in config.services for slo in of_service(service))
    return (*_built_in(config), *of_services, *map(_custom, config.slos))


def _built_in(config: Config) -> Iterator[Slo]:
    for name in SloConfig.model_fields:
        settings: BuiltInSlo = getattr(config.slo, name)
        if settings.enabled:
            try:
                yield _BUILT_IN[name](config, _common(name, settings), settings)
            except ValueError as error:
                raise ConfigError(f"slo.{name}: {error}; choose one of them as the threshold") from error


_Common = dict[str, Any]
"""What every built-in SLO takes from its section in the same way."""


def _common(section: str, settings: BuiltInSlo) -> _Common:
    return {
        "name": section.replace("_", "-"),
        "objective": settings.objective,
        "window_days": settings.window_days,
        "page": Severity(settings.page),
    }


def _api_availability(_config: Config, common: _Common, _settings: Any) -> Slo:
    return Slo(
        service=API.job,
        description="the API answers, and its health check from outside succeeds",
        events=availability(
            observations(REQUEST_DURATION, *_OF_USERS),
            observations(REQUEST_DURATION, *_OF_USERS, _SERVER_ERROR),
            probed=API.job,
            indicator=_ANY_REQUEST,
        ),
        budgeting=BudgetingMethod.RATIO_TIMESLICES,
        **common,
    )


def _analysis_latency(_config: Config, common: _Common, settings: Any) -> Slo:
    limit = settings.threshold_milliseconds
    return Slo(
        service=API.job,
        description=f"an analysis is answered within {number_text(limit)} ms",
        events=latency(
            REQUEST_DURATION,
            limit,
            # What is not found or refused is neither fast nor slow; what fails is never in time.
            answered=(*_ANALYSES, matching("status", "2..")),
            unanswered=(observations(REQUEST_DURATION, *_ANALYSES, _SERVER_ERROR),),
            indicator=_ANY_REQUEST,
        ),
        **common,
    )


def _signal_availability(_config: Config, common: _Common, _settings: Any) -> Slo:
    return Slo(
        service=SIGNALS.job,
        description="the signal models predict when they are asked, and their health check from outside succeeds",
        # Too few bars, or bars that cannot be, are the asker's: they were answered.
        events=availability(
            series(PREDICTIONS), series(PREDICTIONS, eq("outcome", "no_model", "failed")), probed=SIGNALS.job
        ),
        budgeting=BudgetingMethod.RATIO_TIMESLICES,
        **common,
    )


def _market_data_freshness(config: Config, common: _Common, settings: Any) -> Slo:
    limit = settings.threshold_seconds or config.trading.max_price_age_seconds / 2
    is_open = series(MARKET_PHASE, eq("phase", MarketPhase.OPEN))
    stale = Recording(
        name="instance:investiq_market_data_stale:bool",
        subject=Subject.SLO,
        # A closed market brings no price: its data keep their age through the night, and are not stale for that.
        query=f"({series(MARKET_DATA_AGE)} > bool {number_text(limit)}) * on (job, instance) {is_open}",
        labels=("job", "instance"),
    )
    return Slo(
        service=API.job,
        description=f"while the market is open, the newest price is at most {number_text(limit)} s of open market old",
        # Seconds of open market, good and stale.
        events=Events(
            bad=f"sum(avg_over_time({series(stale)}[{RATE_WINDOW}]))",
            total=f"sum(avg_over_time({is_open}[{RATE_WINDOW}]))",
            reads=(stale,),
            indicator=series(stale),
        ),
        **common,
    )


def _order_acknowledgement(_config: Config, common: _Common, settings: Any) -> Slo:
    limit = settings.threshold_seconds
    return Slo(
        service=API.job,
        description=f"the broker acknowledges an order within {number_text(limit)} s",
        # An order is acknowledged or becomes unknown, once; a denied one was never sent.
        events=latency(
            ORDER_ACKNOWLEDGEMENT,
            limit,
            unanswered=(series(ORDERS, eq("outcome", OrderStatus.UNKNOWN)),),
            indicator=observations(ORDER_ACKNOWLEDGEMENT),
        ),
        **common,
    )


_BUILT_IN: dict[str, Callable[[Config, _Common, Any], Slo]] = {
    "api_availability": _api_availability,
    "analysis_latency": _analysis_latency,
    "signal_availability": _signal_availability,
    "market_data_freshness": _market_data_freshness,
    "order_acknowledgement": _order_acknowledgement,
}


def _custom(settings: CustomSlo) -> Slo:
    total = _one_series(settings.total)
    if settings.bad is not None:
        bad = _one_series(settings.bad)
    else:
        # No good series at all: every event was bad. What two rates differ by through rounding is no bad event.
        bad = f"clamp_min({total} - ({_one_series(str(settings.good))} or vector(0)), 0)"
    return Slo(
        name=settings.name,
        service=settings.service,
        description=settings.description,
        objective=settings.objective,
        events=Events(bad=bad, total=total, sparse=True),
        page=Severity(settings.page),
        window_days=settings.window_days,
        budgeting=BudgetingMethod(settings.budgeting),
    )


def _one_series(expression: str) -> str:
    return expression if is_one_series(parse(expression)) else f"sum({expression})"


def is_one_series(tree: Node) -> bool:
    """Whether what it yields is one series without labels, if any."""
    match tree:
        case Aggregation(grouping=None) | Number() | Call("vector"):
            return True
        case Paren(inner):
            return is_one_series(inner)
        case Binary(left=left, right=right):
            return is_one_series(left) and is_one_series(right)
        case _:
            return False
