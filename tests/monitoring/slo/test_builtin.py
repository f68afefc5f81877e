"""The SLOs of an installation follow its settings."""

from __future__ import annotations

from decimal import Decimal

import pytest

from investiq.foundation.config import Config
from investiq.foundation.config.load import ConfigError
from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.config.slo import (
    AnalysisLatencySlo,
    ApiAvailabilitySlo,
    CustomSlo,
    MarketDataFreshnessSlo,
    OrderAcknowledgementSlo,
    SloConfig,
)
from investiq.foundation.telemetry.catalogue import ORDER_ACKNOWLEDGEMENT, REQUEST_DURATION, Kind
from investiq.foundation.vocabulary import Severity
from investiq.monitoring.exporters import ExternalMetric
from investiq.monitoring.selectors import at_most
from investiq.monitoring.slo import BudgetingMethod, Slo, slos_of
from investiq.monitoring.slo.indicators import latency
from investiq.promql.matcher import eq, matching

CUSTOM = {"name": "shop", "service": "shop", "objective": Decimal("0.9"), "total": "rate(all_total[5m])"}


def _named(config: Config) -> dict[str, Slo]:
    return {slo.name: slo for slo in slos_of(config)}


def test_what_keeps_users_from_trading_pages_at_night() -> None:
    slos = _named(Config())
    assert {name for name, slo in slos.items() if slo.page is Severity.CRITICAL} == {
        "api-availability",
        "market-data-freshness",
        "order-acknowledgement",
    }


def test_one_that_is_switched_off_is_none() -> None:
    off = SloConfig(api_availability=ApiAvailabilitySlo(enabled=False))
    assert "api-availability" not in _named(Config(slo=off))


def test_settings_reach_the_objective_and_the_indicator() -> None:
    slo = SloConfig(
        api_availability=ApiAvailabilitySlo(objective=Decimal("0.95"), window_days=7, page="warning"),
        analysis_latency=AnalysisLatencySlo(threshold_milliseconds=250),
        market_data_freshness=MarketDataFreshnessSlo(threshold_seconds=9_000),
    )
    slos = _named(Config(slo=slo))
    availability = slos["api-availability"]
    assert (availability.objective, availability.window_days, availability.page) == (Decimal("0.95"), 7, "warning")
    assert r'le=~"250(\\.0)?"' in slos["analysis-latency"].events.bad
    assert "> bool 9000" in slos["market-data-freshness"].events.reads[0].query


def test_data_are_stale_at_half_of_the_age_at_which_nothing_is_bought_unless_said_otherwise() -> None:
    config = Config(trading=TradingConfig(max_price_age_seconds=46_800))
    assert "> bool 23400" in _named(config)["market-data-freshness"].events.reads[0].query


@pytest.mark.parametrize(
    ("slo", "named"),
    [
        (
            SloConfig(analysis_latency=AnalysisLatencySlo(threshold_milliseconds=300)),
            "no bucket up to 300; it has 10, 50",
        ),
        (SloConfig(order_acknowledgement=OrderAcknowledgementSlo(threshold_seconds=20)), "slo.order_acknowledgement: "),
    ],
)
def test_a_threshold_between_two_bounds_is_refused_with_those_there_are(slo: SloConfig, named: str) -> None:
    with pytest.raises(ConfigError, match="choose one of them") as caught:
        slos_of(Config(slo=slo))
    assert named in caught.value.message


def test_an_slo_of_the_users_own_becomes_one_series_of_bad_and_one_of_all_events() -> None:
    slo = _named(Config(slos=(CustomSlo(**CUSTOM, bad="sum(rate(bad_total[5m]))"),)))["shop"]
    assert slo.events.bad == "sum(rate(bad_total[5m]))"
    assert slo.events.total == "sum(rate(all_total[5m]))"
    assert (slo.page, slo.budgeting, slo.window_days) == (Severity.WARNING, BudgetingMethod.OCCURRENCES, 30)


def test_good_events_are_taken_from_all_and_none_at_all_means_that_all_were_bad() -> None:
    slo = _named(Config(slos=(CustomSlo(**CUSTOM, good="rate(good_total[5m])"),)))["shop"]
    total = "sum(rate(all_total[5m]))"
    assert slo.events.bad == f"clamp_min({total} - (sum(rate(good_total[5m])) or vector(0)), 0)"


def test_a_histogram_of_a_foreign_service_needs_no_metric_and_no_job_of_ours() -> None:
    histogram = ExternalMetric("http_request_duration_seconds", Kind.HISTOGRAM, ("shop",), labels=("code",))
    events = latency(histogram, 0.5, answered=(eq("job", "shop"), matching("code", "2..")))
    assert events.total == 'sum(rate(http_request_duration_seconds_count{job="shop", code=~"2.."}[5m]))'
    assert r'le=~"0?\\.50*"' in events.bad


def test_the_bucket_of_a_whole_bound_is_matched_as_each_prometheus_writes_it() -> None:
    assert str(at_most(REQUEST_DURATION, 10)) == r'le=~"10(\\.0)?"'
    assert str(at_most(ORDER_ACKNOWLEDGEMENT, 2.5)) == 'le="2.5"'
