"""What may be silenced, for how long, and what a deploy window leaves alone."""

from __future__ import annotations

from investiq.foundation.config import Config
from investiq.foundation.vocabulary import Part, Subject
from investiq.monitoring.routing.silencing import RESTART_ALERTS, deploy_matchers, known_alerts, unsilenceable_reasons
from investiq.monitoring.rules import ALERTS, CONDITIONAL
from investiq.monitoring.rules.api import HIGH_ERROR_RATE, SERVICE_DOWN
from investiq.monitoring.rules.monitoring import WATCHDOG, WATCHER_DOWN
from investiq.monitoring.rules.trading import CIRCUIT_BREAKER_TRIPPED, MONITORING_HEARTBEAT_LOST


def test_every_rule_but_the_heartbeat_may_be_silenced() -> None:
    known = unsilenceable_reasons(known_alerts(Config()))
    assert [name for name, why in known.items() if why] == [WATCHDOG.name]
    assert "it is the heartbeat" in known[WATCHDOG.name]
    assert {alert.name for alert in (*ALERTS, *CONDITIONAL)} == set(known)


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
