"""The checks of what expressions mean: each finds its planted fault, names it, and is content with sound ones."""

from __future__ import annotations

from typing import Any

import pytest

from investiq.foundation.telemetry.catalogue import Kind, Metric
from investiq.foundation.vocabulary import Part, Subject
from investiq.monitoring.checks.expressions import Expression, expressions
from investiq.monitoring.checks.labels import check_labels
from investiq.monitoring.checks.rates import check_rates
from investiq.monitoring.checks.thresholds import check_thresholds
from investiq.monitoring.checks.usage import check_usage

DURATION = "investiq_request_duration_milliseconds"


def _of(expression: str, **recorded: str) -> list[Expression]:
    recording = [{"record": name.replace("__", ":"), "expr": text} for name, text in recorded.items()]
    rules: list[dict[str, Any]] = [*recording, {"alert": "X", "expr": expression}]
    return expressions({"x.yml": {"groups": [{"name": "x", "rules": rules}]}})


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("rate(investiq_active_connections[5m]) > 1", "rate() of investiq_active_connections, which is a gauge"),
        ("increase(node_timex_offset_seconds[5m]) > 1", "increase() of node_timex_offset_seconds, which is a gauge"),
        ("deriv(investiq_trades_total[5m]) > 1", "deriv() of investiq_trades_total, which is a counter"),
        ("investiq_errors_total > 0", "the total of investiq_errors_total since its program started"),
        (f"sum({DURATION}_count) > 0", f"the total of {DURATION}_count since its program started"),
        ("max_over_time(investiq_trades_total[5m]) > 0", "the total of investiq_trades_total since"),
        (f"rate({DURATION}[5m]) > 0", f"{DURATION} is a histogram: its base name selects nothing"),
        ("rate(investiq_trades_total[5s]) > 0", "rate() over 5s of investiq_trades_total: no two samples lie so close"),
    ],
)
def test_a_rate_of_a_gauge_and_a_counter_without_rate_are_found(expression: str, what: str) -> None:
    (finding,) = check_rates(_of(expression)).findings
    assert finding.what.startswith(what)
    assert finding.place.where == "x.yml: X"


def test_a_rate_of_what_is_recorded_is_found() -> None:
    recorded = {"job__requests__rate5m": "sum by (job) (rate(investiq_requests_total[5m]))"}
    (finding,) = check_rates(_of("rate(job:requests:rate5m[5m]) > 0", **recorded)).findings
    assert finding.what.startswith("rate() of job:requests:rate5m, which is a gauge")


@pytest.mark.parametrize(
    "expression",
    [
        "sum by (job) (rate(investiq_errors_total[5m])) > 0",
        "rate((investiq_errors_total)[5m:1m]) > 0",
        "absent(investiq_errors_total)",
        "delta(investiq_active_connections[5m]) > 1",
        "rate(of_somebody[5m]) > 0",
    ],
)
def test_sound_rates_pass(expression: str) -> None:
    assert check_rates(_of(expression)).findings == ()


P95 = f"histogram_quantile(0.95, sum by (le) (rate({DURATION}_bucket[5m])))"


@pytest.mark.parametrize("expression", [f"{P95} > 5000", f"10000 <= {P95}", f"{P95} >= 5000 and up == 1"])
def test_a_threshold_that_no_bucket_reaches_is_found(expression: str) -> None:
    (finding,) = check_thresholds(_of(expression)).findings
    assert finding.what.endswith("is not below the last bucket, 5000: the quantile never exceeds it")


def test_a_threshold_of_a_recorded_quantile_that_no_bucket_reaches_is_found() -> None:
    (finding,) = check_thresholds(_of("job:duration:p95 > 60000", job__duration__p95=P95)).findings
    assert finding.what.startswith("the threshold 60000")


def _share(op: str = "/") -> str:
    failed = f'sum by (job) (rate({DURATION}_count{{status=~"5.."}}[5m]))'
    return f"{failed} {op} (sum by (job) (rate({DURATION}_count[5m])) > 0)"


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("up == 2", "up == 2 is never true: up is between 0 and 1"),
        ("investiq_trading_halted > 1", "investiq_trading_halted > 1 is never true"),
        ("1 < up", "1 < up is never true: up is between 0 and 1"),
        ("avg by (job) (up) > 1", "avg by (job) (up) > 1 is never true"),
        ("rate(investiq_trades_total[5m]) < 0", "rate(investiq_trades_total[5m]) < 0 is never true"),
        ("count(up) < 1", "count(up) < 1 is never true: count(up) is at least 1"),
        ("1 - up > 1", "1 - up > 1 is never true: 1 - up is between 0 and 1"),
        ("(up == 0) == 1", "(up == 0) == 1 is never true: up == 0 is always 0"),
        ("sum(up > bool 0.5) < 0", "sum(up > bool 0.5) < 0 is never true"),
        ("absent(up) == 0", "absent(up) == 0 is never true: absent(up) is always 1"),
        ("clamp_max(up, 0.5) > 0.5", "clamp_max(up, 0.5) > 0.5 is never true"),
        (f"max by (job) ({P95}) > 20000", "max by (job) (histogram_quantile"),
        (f"{P95} / 1000 > 20", "histogram_quantile"),
        (f"{_share()} > 1", "sum by (job)"),
        ("investiq_model_loaded > on (job) up + 1", "investiq_model_loaded > on (job) up + 1 is never true"),
    ],
)
def test_a_value_that_is_never_reached_is_found(expression: str, what: str) -> None:
    (finding,) = check_thresholds(_of(expression)).findings
    assert finding.what.startswith(what)


def test_a_value_that_what_is_recorded_never_reaches_is_found() -> None:
    (finding,) = check_thresholds(_of("job:failed:ratio > 1.5", job__failed__ratio=_share())).findings
    assert finding.what == "job:failed:ratio > 1.5 is never true: job:failed:ratio is between 0 and 1"


@pytest.mark.parametrize(
    "expression",
    [
        "up < 1",
        "sum(up) > 5",
        f"{_share()} > 0.99",
        f"{_share('+')} > 3",
        f"{P95} / 1000 > 4",
        "investiq_daily_loss_ratio < 0",
        "delta(investiq_equity_dollars[5m]) < 0",
        f"sum(rate({DURATION}_count[5m])) / sum(rate({DURATION}_count{{status='200'}}[5m])) > 1",
        f"rate({DURATION}_count{{status='500'}}[5m]) / ignoring (status) rate({DURATION}_count[5m]) > 1",
        "(up == 0) + 1 == 1",
        "up > bool 0 == 0",
        "of_somebody == 7",
        "(up or of_somebody) > 1",
    ],
)
def test_a_value_that_can_be_reached_passes(expression: str) -> None:
    assert check_thresholds(_of(expression)).findings == ()


@pytest.mark.parametrize("expression", [f"{P95} > 4000", f"{P95} < 60000", "up >= 1"])
def test_a_threshold_within_the_buckets_passes(expression: str) -> None:
    assert check_thresholds(_of(expression)).findings == ()


ERRORS = "sum by (job) (rate(investiq_errors_total[5m]))"
DRIFT, ENGINES = "investiq_feature_drift_psi", "investiq_engine_results_total"


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        (f"{ERRORS} / sum(rate(investiq_requests_total[5m]))", "/ matches (job) with ()"),
        (f"{ERRORS} / sum by (job, instance) (rate(investiq_requests_total[5m]))", "/ matches (job) with (instance"),
        (f"{ERRORS} > 0 and investiq_trading_halted", "and matches (job) with (instance, job)"),
        ("investiq_dependency_health == 0 unless investiq_trading_halted == 1", "unless matches (instance, job, name)"),
        (f"{ERRORS} * on (instance) investiq_trading_halted", "on(instance), but there is no instance in (job)"),
        ("up * on (instanc) investiq_trading_halted", "on(instanc), but there is no instanc in (instance, job)"),
        (
            f"{ERRORS} > 0 and ignoring (instance) investiq_dependency_health",
            "and ignoring (instance) matches (job) with",
        ),
        (f'{DRIFT}{{feature="gap"}} / {DRIFT}{{feature="rsi_14"}}', "/ matches series of feature gap and rsi_14"),
        (
            'up{job="frontend"} == 0 and up{job=~"inbox|node"} == 1',
            "and matches series of job frontend and inbox, node",
        ),
        (
            " / ".join(f'sum by (status) (rate({ENGINES}{{status="{status}"}}[5m]))' for status in ("failed", "ok")),
            "/ matches series of status failed and ok",
        ),
        (f"{P95} > 1 and {ERRORS} > 0", "and matches () with (job)"),
    ],
)
def test_sides_that_never_match_are_found(expression: str, what: str) -> None:
    findings = check_labels(_of(expression)).findings
    assert [finding.what for finding in findings if finding.what.startswith(what)]


def test_a_side_that_is_recorded_and_never_matches_is_found() -> None:
    (finding,) = check_labels(_of("job:errors:rate5m and investiq_trading_halted", job__errors__rate5m=ERRORS)).findings
    assert finding.what.startswith("and matches (job) with (instance, job)")


@pytest.mark.parametrize(
    "expression",
    [
        f"{ERRORS} / sum by (job) (rate(investiq_requests_total[5m])) > 0.05",
        "investiq_dependency_health == 0 unless on (job) investiq_trading_halted == 1",
        f"{ERRORS} > 0 or investiq_trading_halted",
        "node_filesystem_avail_bytes / of_somebody",
        f"2 * {ERRORS} > 1",
        "time() - investiq_model_trained_timestamp_seconds > 10",
        "topk(3, investiq_feature_drift_psi) and investiq_feature_drift_psi > 0.2",
        f'{DRIFT}{{feature="gap"}} / ignoring (feature) {DRIFT}{{feature="rsi_14"}}',
        f'sum by (job) (rate({ENGINES}{{status="failed"}}[5m])) / sum by (job) (rate({ENGINES}{{status="ok"}}[5m]))',
        'up{job="frontend"} == 0 and up{job=~"frontend|node"} == 0',
    ],
)
def test_sides_that_can_match_pass(expression: str) -> None:
    assert check_labels(_of(expression)).findings == ()


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("sum by (nmae) (investiq_dependency_health)", "sum by (nmae), but there is no nmae in (instance, job, name)"),
        ("count by (servce) (up)", "count by (servce), but there is no servce in (instance, job)"),
        (f"histogram_quantile(0.9, sum by (job) (rate({DURATION}_bucket[5m])))", "histogram_quantile() of (job)"),
        (f"histogram_quantile(0.9, rate({DURATION}_count[5m]))", "histogram_quantile() of (endpoint"),
    ],
)
def test_a_label_that_is_not_there_to_group_by_is_found(expression: str, what: str) -> None:
    (finding,) = check_labels(_of(expression)).findings
    assert finding.what.startswith(what)


def test_what_an_alert_or_label_replace_adds_may_be_grouped_by() -> None:
    for expression in ("max by (slo) (ALERTS)", 'sum by (x) (label_replace(up, "x", "$1", "job", "(.*)"))'):
        assert check_labels(_of(expression)).findings == ()


def _recorded_with_labels(expression: str) -> list[Expression]:
    """A constant and a sum, recorded with a label each, and an alert on both."""
    rules = [
        {"record": "slo:objective:ratio", "expr": "vector(0.9)", "labels": {"slo": "a"}},
        {"record": "slo:bad:rate", "expr": "sum(up) or 0 * sum(up)", "labels": {"slo": "a", "service": "b"}},
        {"alert": "X", "expr": expression},
    ]
    return expressions({"x.yml": {"groups": [{"name": "x", "rules": rules}]}})


def test_the_labels_that_a_recording_adds_are_labels_of_its_series() -> None:
    (finding,) = check_labels(_recorded_with_labels("slo:bad:rate / slo:objective:ratio > 1")).findings
    assert finding.what.startswith("/ matches (service, slo) with (slo)")
    assert check_labels(_recorded_with_labels("slo:bad:rate / on (slo) slo:objective:ratio > 1")).findings == ()


def test_what_is_recorded_and_read_by_nobody_is_found() -> None:
    chain = {"job__up__sum": "sum(up)", "job__up__more": "job:up:sum + 1"}
    found = check_usage([], _of("up == 0", **chain)).findings
    assert [finding.place.where for finding in found] == ["x.yml: job:up:sum", "x.yml: job:up:more"]
    assert check_usage([], _of("up == 0", **chain), {"job:up:more"}).findings == ()
    assert check_usage([], _of("job:up:more == 0", **chain)).findings == ()
    (finding,) = check_usage([], _of("job:up:sum == 0", **chain)).findings
    assert finding.place.where == "x.yml: job:up:more"


def _metric(unused_because: str = "") -> Metric:
    return Metric("investiq_x_total", Kind.COUNTER, Subject.API, "x", (Part.API,), unused_because=unused_because)


def test_a_metric_that_nothing_looks_at_is_found() -> None:
    (finding,) = check_usage([_metric()], _of("up == 0")).findings
    assert (finding.place.where, finding.what) == ("investiq_x_total", "no rule, panel or SLO looks at it")


def test_a_metric_that_says_why_it_is_unused_passes_until_it_is_used() -> None:
    assert check_usage([_metric("read by hand")], _of("up == 0")).findings == ()


@pytest.mark.parametrize("name", ["investiq_trades_total", f"{DURATION}_bucket"])
def test_a_metric_that_an_expression_selects_is_used(name: str) -> None:
    metric = Metric(name.removesuffix("_bucket"), Kind.COUNTER, Subject.API, "x", (Part.API,))
    assert check_usage([metric], _of(f"rate({name}[5m]) > 0")).findings == ()
    because = Metric(metric.name, Kind.COUNTER, Subject.API, "x", (Part.API,), unused_because="read by hand")
    (finding,) = check_usage([because], _of(f"rate({name}[5m]) > 0")).findings
    assert finding.what == "it says that it is unused (read by hand), and is used"
