"""Which alerts people may silence, and which of them a planned restart of our parts sets off.

A silence keeps an alert from being notified; it goes on to fire, and shows as silenced wherever alerts are shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from investiq.foundation.config import Config
from investiq.foundation.vocabulary import Part
from investiq.monitoring.alert import Alert
from investiq.monitoring.rules import CONDITIONAL, alerts_of
from investiq.monitoring.rules.api import DEPENDENCY_DOWN, FRONTEND_DOWN, PROBE_FAILING, SERVICE_ABSENT, SERVICE_DOWN
from investiq.monitoring.rules.monitoring import TARGET_MISSING, WATCHDOG
from investiq.monitoring.rules.signals import ML_SERVICE_DOWN, MODEL_NOT_LOADED, SIGNAL_ENGINE_FALLBACK
from investiq.monitoring.rules.slo import BURNS_FAST
from investiq.monitoring.rules.trading import AGENT_DOWN, AGENT_STALLED
from investiq.promql.matcher import Matcher, eq

__all__ = [
    "LONGEST_WINDOW",
    "RESTART_ALERTS",
    "deploy_matchers",
    "known_alerts",
    "unsilenceable_reasons",
]

LONGEST_WINDOW = timedelta(hours=1)
"""A restart takes minutes. Whoever needs longer opens another window, and knows that nobody is watching."""

_HEARTBEAT = (
    f"{WATCHDOG.name} cannot be silenced: it is the heartbeat, which pages nobody, and without which trading halts. "
    "Its loss is MonitoringHeartbeatLost"
)

RESTART_ALERTS: tuple[str, ...] = (
    # Nothing answers meanwhile.
    SERVICE_DOWN.name,
    FRONTEND_DOWN.name,
    ML_SERVICE_DOWN.name,
    AGENT_DOWN.name,
    PROBE_FAILING.name,
    # A target that the new configuration brings or moves is not there until Prometheus has read it.
    SERVICE_ABSENT.name,
    TARGET_MISSING,
    # Parts that are up already wait for those that are not.
    DEPENDENCY_DOWN.name,
    MODEL_NOT_LOADED.name,
    SIGNAL_ENGINE_FALLBACK.name,
    AGENT_STALLED.name,
    # A planned outage spends its share of a budget, which stays spent. What it fires outlives it by five minutes.
    BURNS_FAST,
)
"""What a restart of our parts may fire.

Nothing else is silenced: neither a tripped breaker, which is still halted after the restart, nor a lost heartbeat, nor
the host; and errors and waiting of what does answer are faults of the new version.
"""


def deploy_matchers() -> tuple[Matcher, ...]:
    """The one silence of a deploy window: these alerts, about parts of ours."""
    return eq("alertname", *RESTART_ALERTS), eq("service", *(part.value for part in Part))


def known_alerts(config: Config) -> tuple[Alert, ...]:
    """Every alert that has a rule here, or would have one with other settings: what may be named.

    Raises:
        ConfigError: a threshold of an SLO cannot be.
    """
    return (*(alert for alerts in alerts_of(config).values() for alert in alerts), *CONDITIONAL)


def unsilenceable_reasons(alerts: Iterable[Alert]) -> dict[str, str]:
    """The name of each alert, and why it cannot be silenced; empty where it can."""
    return {alert.name: _HEARTBEAT if alert.name == WATCHDOG.name else "" for alert in alerts}
