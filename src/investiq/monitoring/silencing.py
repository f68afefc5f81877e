"""What people may silence and for how long, and which alerts a planned restart of our parts sets off.

A silence keeps an alert from being notified; it goes on to fire, and shows as silenced wherever alerts are shown.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from datetime import timedelta

from investiq.errors import InvestIQError
from investiq.monitoring.alert import Alert
from investiq.monitoring.promql import Matcher, eq
from investiq.monitoring.rules.api import DEPENDENCY_DOWN, FRONTEND_DOWN, PROBE_FAILING, SERVICE_ABSENT, SERVICE_DOWN
from investiq.monitoring.rules.monitoring import TARGET_MISSING, WATCHDOG
from investiq.monitoring.rules.signals import ML_SERVICE_DOWN, MODEL_NOT_LOADED, SIGNAL_ENGINE_FALLBACK
from investiq.monitoring.rules.slo import BURNS_FAST
from investiq.monitoring.rules.trading import AGENT_DOWN, AGENT_STALLED
from investiq.telemetry.catalogue import Part

__all__ = [
    "DEPLOY_COMMENT",
    "LONGEST_SILENCE",
    "LONGEST_WINDOW",
    "RESTART_ALERTS",
    "NotSilenceable",
    "check_length",
    "check_name",
    "deploy_matchers",
]

LONGEST_SILENCE = timedelta(days=7)
"""What is not mended in a week wants a changed rule: a longer silence is forgotten, and with it the fault."""

LONGEST_WINDOW = timedelta(hours=1)
"""A restart takes minutes. Whoever needs longer opens another window, and knows that nobody is watching."""

DEPLOY_COMMENT = "deploy window: "
"""How the comment of a deploy window's silence begins: the silence itself is the record of the deployment."""

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


class NotSilenceable(InvestIQError):
    """That cannot be silenced, or not for so long."""

    reason = "usage"


def deploy_matchers() -> tuple[Matcher, ...]:
    """The one silence of a deploy window: these alerts, about parts of ours."""
    return eq("alertname", *RESTART_ALERTS), eq("service", *(part.value for part in Part))


def check_name(name: str, alerts: Collection[Alert]) -> None:
    """Refuse a name that no rule has, since a misspelt silence silences nothing, and the heartbeat.

    Raises:
        NotSilenceable: with the nearest name, or the reason.
    """
    if name == WATCHDOG.name:
        raise NotSilenceable(
            f"{WATCHDOG.name} cannot be silenced: it is the heartbeat, which pages nobody, and without which trading "
            "halts. Its loss is MonitoringHeartbeatLost"
        )
    known = {alert.name.lower(): alert.name for alert in alerts}
    if known.get(name.lower()) == name:
        return
    near = [known[one] for one in difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)]
    advice = f"did you mean {near[0]}?" if near else "docs/runbooks names them all"
    raise NotSilenceable(f"no rule is called {name}: {advice}", suggestions=near)


def check_length(length: timedelta, longest: timedelta) -> None:
    """Refuse a silence of no time, and one that would be forgotten.

    Raises:
        NotSilenceable: it is not between a second and `longest`.
    """
    if length < timedelta(seconds=1):
        raise NotSilenceable("a silence lasts a second at least, such as 10m")
    if length > longest:
        limit = f"{longest.days} days" if longest.days > 1 else f"{longest.total_seconds() / 3600:.0f} hour"
        raise NotSilenceable(f"the longest is {limit}: what lasts longer is forgotten, and so is the fault under it")
