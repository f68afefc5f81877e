"""Which alerts people may silence.

A silence keeps an alert from being notified; it goes on to fire, and shows as silenced wherever alerts are shown.
"""

from __future__ import annotations

from collections.abc import Iterable

from investiq.foundation.config import Config
from investiq.monitoring.alert import Alert
from investiq.monitoring.rules import CONDITIONAL, alerts_of
from investiq.monitoring.rules.monitoring import WATCHDOG

__all__ = ["known_alerts", "unsilenceable_reasons"]

_HEARTBEAT = (
    f"{WATCHDOG.name} cannot be silenced: it is the heartbeat, which pages nobody, and without which trading halts. "
    "Its loss is MonitoringHeartbeatLost"
)


def known_alerts(config: Config) -> tuple[Alert, ...]:
    """Every alert that has a rule here, or would have one with other settings: what may be named.

    Raises:
        ConfigError: a threshold of an SLO cannot be.
    """
    return (*(alert for alerts in alerts_of(config).values() for alert in alerts), *CONDITIONAL)


def unsilenceable_reasons(alerts: Iterable[Alert]) -> dict[str, str]:
    """The name of each alert, and why it cannot be silenced; empty where it can."""
    return {alert.name: _HEARTBEAT if alert.name == WATCHDOG.name else "" for alert in alerts}
