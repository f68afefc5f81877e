"""What may be silenced, for how long, and what a deploy window leaves alone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from investiq.monitoring.rules import ALERTS
from investiq.monitoring.rules.api import HIGH_ERROR_RATE, SERVICE_DOWN
from investiq.monitoring.rules.monitoring import WATCHDOG, WATCHER_DOWN
from investiq.monitoring.rules.trading import CIRCUIT_BREAKER_TRIPPED, MONITORING_HEARTBEAT_LOST
from investiq.monitoring.silencing import (
    LONGEST_SILENCE,
    RESTART_ALERTS,
    NotSilenceable,
    check_length,
    check_name,
    deploy_matchers,
)
from investiq.telemetry.catalogue import Part, Subject


def test_every_rule_but_the_heartbeat_may_be_silenced() -> None:
    for alert in ALERTS:
        if alert != WATCHDOG:
            check_name(alert.name, ALERTS)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ServiceDwn", "did you mean ServiceDown"),
        ("servicedown", "did you mean ServiceDown"),
        ("Zzzz", "docs/runbooks names them all"),
        ("Watchdog", "it is the heartbeat"),
    ],
)
def test_a_name_that_cannot_be_silenced_is_refused_with_the_next_step(name: str, says: str) -> None:
    with pytest.raises(NotSilenceable, match=re.escape(says)):
        check_name(name, ALERTS)


def test_a_silence_ends_within_a_week() -> None:
    check_length(timedelta(days=7), LONGEST_SILENCE)
    for length in (timedelta(0), timedelta(days=7, seconds=1)):
        with pytest.raises(NotSilenceable):
            check_length(length, LONGEST_SILENCE)


def test_a_deploy_window_names_alerts_that_exist_and_parts_of_ours() -> None:
    names, services = deploy_matchers()
    assert {alert.name for alert in ALERTS} >= set(names.alternatives) == set(RESTART_ALERTS)
    assert set(services.alternatives) == {part.value for part in Part}


def test_a_deploy_window_leaves_alone_what_a_restart_does_not_explain() -> None:
    assert SERVICE_DOWN.name in RESTART_ALERTS
    for alert in (CIRCUIT_BREAKER_TRIPPED, MONITORING_HEARTBEAT_LOST, HIGH_ERROR_RATE):
        assert alert.name not in RESTART_ALERTS
    assert not [alert.name for alert in ALERTS if alert.subject is Subject.HOST and alert.name in RESTART_ALERTS]
    # ServiceDown of Prometheus and Alertmanager has the same name, but is no part of ours.
    assert WATCHER_DOWN.name in RESTART_ALERTS
    assert {"prometheus", "alertmanager"}.isdisjoint(deploy_matchers()[1].alternatives)
