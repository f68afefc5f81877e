"""The alerts that say that a part, or a service of the user, is dead: what else is wrong with it then is a symptom."""

from __future__ import annotations

from investiq.monitoring.rules.api import FRONTEND_DOWN, SERVICE_DOWN
from investiq.monitoring.rules.edge import EDGE_DOWN
from investiq.monitoring.rules.monitoring import EXPORTER_DOWN
from investiq.monitoring.rules.signals import ML_SERVICE_DOWN
from investiq.monitoring.rules.trading import AGENT_DOWN

__all__ = ["DOWN_ALERTS"]

DOWN_ALERTS = (
    SERVICE_DOWN.name,
    ML_SERVICE_DOWN.name,
    FRONTEND_DOWN.name,
    AGENT_DOWN.name,
    EXPORTER_DOWN.name,
    EDGE_DOWN.name,
)
