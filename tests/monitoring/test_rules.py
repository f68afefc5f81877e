"""The alerts as a whole: unique, routable, and each honest about what it does without data."""

from __future__ import annotations

from collections import Counter

import pytest

from investiq.foundation.config import Config
from investiq.foundation.topology import NODE
from investiq.foundation.vocabulary import Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.recording import Recording
from investiq.monitoring.rules import ALERTS, RECORDINGS, alerts_of
from investiq.monitoring.rules.rule_file import rule_document
from investiq.monitoring.scraping.jobs import jobs
from investiq.operate.slo.status import READ
from investiq.promql.parse import parse
from investiq.promql.tree import Selector, nodes
from tests.monitoring.services import SERVICES


def test_the_contract_names_are_there() -> None:
    kept = {"ServiceDown", "HighErrorRate", "HighLatency", "CircuitBreakerTripped", "MLServiceDown", "Watchdog"}
    assert kept <= {alert.name for alert in ALERTS}


def test_no_two_alerts_of_a_subject_share_name_and_severity() -> None:
    counted = Counter((alert.subject, alert.name, alert.severity) for alert in ALERTS)
    assert [key for key, number in counted.items() if number > 1] == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_what_pages_when_there_is_no_data_is_another_alert(alert: Alert) -> None:
    others = {other.name for other in ALERTS} - {alert.name}
    assert (alert.covered_by in others) == (alert.no_data is NoData.COVERED)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_what_pages_when_there_is_no_data_looks_at_whether_there_is_any(alert: Alert) -> None:
    """An alert on something else says nothing of a dead emitter, and would be without data itself."""
    covering = [other.expr for other in ALERTS if other.name == alert.covered_by]
    assert all(expr.startswith(("up{", "absent(", "absent_over_time(")) for expr in covering)


def test_only_what_reads_no_series_always_has_data() -> None:
    """It needs no silent test, so it is no way around one."""
    always = [parse(alert.expr) for alert in ALERTS if alert.no_data is NoData.NEVER]
    assert not any(isinstance(node, Selector) for tree in always for node in nodes(tree))


def test_only_the_watchdog_is_for_machines() -> None:
    assert [alert.name for alert in ALERTS if alert.severity is Severity.NONE] == ["Watchdog"]


def test_every_scraped_program_has_an_alert_for_its_death_but_the_probes() -> None:
    """The probes die with their exporter, which has one: one fault is one page."""
    config = Config(services=SERVICES)
    alerts = [alert for alerts in alerts_of(config).values() for alert in alerts]
    for job in jobs(config):
        matching = [alert for alert in alerts if alert.expr.startswith("up{") and _mentions(alert.expr, job.name)]
        assert len(matching) == (0 if job.probes else 1), job.name


def test_every_scraped_target_is_missed_by_one_alert_when_it_vanishes() -> None:
    config = Config(services=SERVICES)
    alerts = [alert for alerts in alerts_of(config).values() for alert in alerts]
    absent = " or ".join(alert.expr for alert in alerts if alert.expr.startswith("absent"))
    for job in jobs(config):
        assert f'job="{job.name}"' in absent, job.name
        assert not job.probes or all(f'instance="{target}"' in absent for target in job.targets)


def test_a_program_that_this_machine_lacks_is_not_missed() -> None:
    (missing,) = [a for a in alerts_of(Config(), [NODE.job])[Subject.MONITORING] if a.name == "TargetMissing"]
    assert NODE.job not in missing.expr
    assert "alertmanager" in missing.expr


def test_recordings_stand_in_a_group_of_their_own_and_are_read() -> None:
    recording = Recording(name="job:a:rate5m", subject=Subject.API, query="sum by (job) (rate(a[5m]))")
    groups = rule_document(Subject.API, [], "http://127.0.0.1", [recording])["groups"]
    assert groups == [{"name": "api:recorded", "rules": [{"record": "job:a:rate5m", "expr": recording.query}]}]
    read = " ".join([*(alert.expr for alert in ALERTS), *(other.query for other in RECORDINGS)])
    told = {recording.name for recording in READ}  # by `investiq slo`
    assert all(recording.name in read or recording.name in told for recording in RECORDINGS)


def test_recordings_with_an_interval_of_their_own_stand_in_a_group_of_their_own() -> None:
    often = Recording(name="slo:a:b", subject=Subject.SLO, query="a", static={"slo": "x"})
    seldom = Recording(name="slo:a:c", subject=Subject.SLO, query="b", interval_seconds=60)
    assert rule_document(Subject.SLO, [], "", [seldom, often])["groups"] == [
        {"name": "slo:recorded", "rules": [{"record": "slo:a:b", "expr": "a", "labels": {"slo": "x"}}]},
        {"name": "slo:recorded:1m", "interval": "1m", "rules": [{"record": "slo:a:c", "expr": "b"}]},
    ]


def test_a_recording_is_not_evaluated_so_seldom_that_its_readers_see_gaps() -> None:
    with pytest.raises(ValueError, match="would have gaps"):
        Recording(name="slo:a:b", subject=Subject.SLO, query="a", interval_seconds=240)


def test_a_recording_is_named_level_metric_operation() -> None:
    with pytest.raises(ValueError, match="is not level:metric:operation"):
        Recording(name="request_rate", subject=Subject.API, query="a")


def _mentions(expression: str, job: str) -> bool:
    inside = expression.partition('"')[2].partition('"')[0]
    return job in inside.split("|")


def test_an_alert_without_comparison_fires_on_any_result() -> None:
    watchdog = next(alert for alert in ALERTS if alert.name == "Watchdog")
    assert watchdog.expr == "time()"
