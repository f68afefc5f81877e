"""Two services that a user could have: one that wakes somebody, and one that may wait until morning."""

from __future__ import annotations

from decimal import Decimal

from investiq.foundation.config.schema import ServiceConfig, ServiceObjective

__all__ = ["SERVICES"]

SERVICES = (
    ServiceConfig(
        name="billing",
        url="http://127.0.0.1:8080",
        slos=(
            ServiceObjective(kind="availability", objective=Decimal("0.99")),
            ServiceObjective(kind="latency", objective=Decimal("0.95"), threshold=1.0),
        ),
    ),
    ServiceConfig(name="search", url="http://127.0.0.1:8081", severity="warning"),
)
