"""What may be silenced, for how long, and what a deploy window leaves alone."""

from __future__ import annotations

from investiq.clients.alertmanager.silence import DEPLOY_MATCHERS
from investiq.foundation.config import Config
from investiq.foundation.vocabulary import Part, RestartAlert, Subject
from investiq.monitoring.routing.silencing import known_alerts, unsilenceable_reasons
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
    names, services = DEPLOY_MATCHERS
    assert {alert.name for alert in ALERTS} >= set(names.alternatives)
    assert set(services.alternatives) == {part.value for part in Part}


def test_a_deploy_window_leaves_alone_what_a_restart_does_not_explain() -> None:
    assert SERVICE_DOWN.name in set(RestartAlert)
    for alert in (CIRCUIT_BREAKER_TRIPPED, MONITORING_HEARTBEAT_LOST, HIGH_ERROR_RATE):
        assert alert.name not in set(RestartAlert)
    assert not [alert.name for alert in ALERTS if alert.subject is Subject.HOST and alert.name in set(RestartAlert)]
    # ServiceDown of Prometheus and Alertmanager has the same name, but is no part of ours.
    assert WATCHER_DOWN.name in set(RestartAlert)
    assert {"prometheus", "alertmanager"}.isdisjoint(DEPLOY_MATCHERS[1].alternatives)
