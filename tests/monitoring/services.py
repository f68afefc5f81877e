"""Two services that a user could have: one that wakes somebody, and one that may wait until morning."""

from __future__ import annotations

from investiq.config.schema import ServiceConfig

__all__ = ["SERVICES"]

SERVICES = (
    ServiceConfig(name="billing", url="http://127.0.0.1:8080"),
    ServiceConfig(name="search", url="http://127.0.0.1:8081", severity="warning"),
)
