"""Selectors are built from catalogue objects; what could never match fails when it is written."""

from __future__ import annotations

import pytest

from investiq.foundation.telemetry.catalogue import DEPENDENCY_HEALTH, REQUEST_DURATION, TRADING_HALTED
from investiq.monitoring.selectors import UP, buckets, observations, series
from investiq.promql.matcher import eq, matching, ne


def test_a_selector_has_the_catalogue_name_and_its_matchers() -> None:
    assert series(TRADING_HALTED) == "investiq_trading_halted"
    assert series(UP, eq("job", "a", "b")) == 'up{job=~"a|b"}'
    assert series(DEPENDENCY_HEALTH, ne("name", "broker")) == 'investiq_dependency_health{name!="broker"}'
    assert observations(REQUEST_DURATION, matching("status", "5..")) == (
        'investiq_request_duration_milliseconds_count{status=~"5.."}'
    )
    assert buckets(REQUEST_DURATION) == "investiq_request_duration_milliseconds_bucket"


def test_alternatives_are_taken_literally_in_a_regular_expression() -> None:
    assert str(ne("endpoint", "/a.b", "/c(d)")) == r'endpoint!~"/a\\.b|/c\\(d\\)"'


def test_a_label_that_the_metric_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"investiq_trading_halted has no label reason; it has none"):
        series(TRADING_HALTED, eq("reason", "manual"))


def test_a_value_that_the_label_never_has_is_refused() -> None:
    with pytest.raises(ValueError, match="name is never 'databse'"):
        series(DEPENDENCY_HEALTH, eq("name", "databse"))


def test_the_base_name_of_a_histogram_is_refused() -> None:
    with pytest.raises(ValueError, match="is a histogram"):
        series(REQUEST_DURATION)


def test_buckets_of_a_gauge_are_refused() -> None:
    with pytest.raises(ValueError, match="is a gauge, not a histogram"):
        buckets(TRADING_HALTED)
