"""Probes from outside: what the blackbox exporter asks, and which answer is a good one."""

from __future__ import annotations

from typing import Any

from investiq.config import addresses
from investiq.config.schema import Config

__all__ = ["HEALTH_MODULE", "blackbox_document", "targets"]

HEALTH_MODULE = "http_health"


def blackbox_document() -> dict[str, Any]:
    """blackbox.yml."""
    health = {
        "prober": "http",
        "timeout": "3s",
        "http": {
            "method": "GET",
            "preferred_ip_protocol": "ip4",
            "follow_redirects": False,
            "valid_status_codes": [200],
            # The frontend's catch-all answers 200 with a page to any path: only the body tells a health answer.
            # Degraded passes: the service does its work, and DependencyDown says what it misses.
            "fail_if_body_not_matches_regexp": [r'"status":\s*"(ok|degraded)"'],
        },
    }
    return {"modules": {HEALTH_MODULE: health}}


def targets(config: Config) -> tuple[str, ...]:
    """The health endpoints that are probed."""
    parts = (addresses.api(config), addresses.signals(config), addresses.web(config))
    return tuple(f"{addresses.base_url(part)}/health" for part in parts)
