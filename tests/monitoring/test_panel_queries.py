"""PromQL of panels: what is drawn follows the chosen targets, and an alert's panel measures what the alert does."""

from __future__ import annotations

import pytest

from investiq.foundation.contract.panels import PanelUnit, expand_variables
from investiq.foundation.telemetry.catalogue import EVENT_LOOP_LAG, REQUESTS, TRADES, TRADING_HALTED, Kind
from investiq.monitoring.alert import Alert
from investiq.monitoring.dashboards.panel_queries import in_last, latest, of_alert, per_second, quantile, share
from investiq.monitoring.dashboards.red import red_panels
from investiq.monitoring.exporters import ExternalMetric
from investiq.monitoring.rules import ALERTS
from investiq.monitoring.rules.api import API_SATURATED, ERROR_RATIO, HIGH_ERROR_RATE
from investiq.monitoring.rules.host import HOST_MEMORY_LOW, HOST_OOM_KILL
from investiq.promql.matcher import eq, matching
from investiq.promql.parse import parse
from investiq.promql.tree import Selector, nodes

CHOSEN = 'job=~"$job", instance=~"$instance"'


def test_each_kind_of_series_follows_the_chosen_job_and_instance() -> None:
    assert latest(TRADING_HALTED) == f"investiq_trading_halted{{{CHOSEN}}}"
    assert per_second(REQUESTS, by=("job",)) == (
        f"sum by (job) (rate(investiq_requests_total{{{CHOSEN}}}[$__rate_interval]))"
    )
    assert in_last("24h", TRADES) == f"round(sum(increase(investiq_trades_total{{{CHOSEN}}}[24h])))"
    assert quantile(0.95, EVENT_LOOP_LAG, by=("job",)) == (
        "histogram_quantile(0.95, sum by (job, le) "
        f"(rate(investiq_event_loop_lag_seconds_bucket{{{CHOSEN}}}[$__rate_interval])))"
    )


def test_what_is_recorded_is_chosen_by_the_labels_that_it_has() -> None:
    assert latest(ERROR_RATIO) == 'job:investiq_request_errors:ratio_rate5m{job=~"$job"}'


def test_a_share_of_nothing_is_nothing_and_nothing_of_something_is_0() -> None:
    assert share("a", "b") == "(a or 0 * b) / (b > 0)"


@pytest.mark.parametrize(
    ("alert", "expr"),
    [
        (
            HIGH_ERROR_RATE,
            'job:investiq_request_errors:ratio_rate5m{job=~"$job", job=~"investiq-api|signal-models|frontend"}',
        ),
        (
            HOST_MEMORY_LOW,
            f'node_memory_MemAvailable_bytes{{{CHOSEN}, job="node"}} / '
            f'node_memory_MemTotal_bytes{{{CHOSEN}, job="node"}}',
        ),
        (
            API_SATURATED,
            "histogram_quantile(0.9, sum by (job, le) "
            f'(rate(investiq_event_loop_lag_seconds_bucket{{{CHOSEN}, job="investiq-api"}}[$__rate_interval])))',
        ),
        # How much in a quarter of an hour is what is alerted on: another window would be another number.
        (HOST_OOM_KILL, f'increase(node_vmstat_oom_kill{{{CHOSEN}, job="node"}}[15m])'),
    ],
)
def test_the_query_of_an_alert_is_drawn_with_the_window_of_the_picture(alert: Alert, expr: str) -> None:
    assert of_alert(alert) == expr


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_can_be_drawn_and_asks_for_the_same_metrics(alert: Alert) -> None:
    drawn, asked = (
        [node.name for node in nodes(parse(text)) if isinstance(node, Selector)]
        for text in (expand_variables(of_alert(alert)), alert.query)
    )
    assert drawn == asked


def test_the_panels_of_a_service_take_a_histogram_that_is_not_ours() -> None:
    histogram = ExternalMetric("http_request_duration_seconds", Kind.HISTOGRAM, ("shop",), ("code",))
    panels = red_panels(histogram, PanelUnit.SECONDS, matching("code", "5.."), eq("job", "shop"))
    requests, errors, duration = panels
    of = f'{{{CHOSEN}, job="shop"}}[$__rate_interval]'
    assert requests.queries[0].expr == f"sum by (job) (rate(http_request_duration_seconds_count{of}))"
    assert 'code=~"5..", job="shop"' in errors.queries[0].expr
    assert [query.legend for query in duration.queries] == ["p50", "p95", "p99"]
    assert all(f"http_request_duration_seconds_bucket{of}" in query.expr for query in duration.queries)
