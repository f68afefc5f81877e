"""Probes from outside: what the blackbox exporter asks, and which answer is a good one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from investiq.config import addresses
from investiq.config.schema import Config
from investiq.monitoring import names

__all__ = ["HEALTH_MODULE", "Probe", "blackbox_document", "probes"]

HEALTH_MODULE = "http_health"


@dataclass(frozen=True, slots=True)
class Probe:
    """A health endpoint that is asked from outside.

    Attributes:
        service: the scrape job of what is probed: the probe's alerts are about that, not about the exporter.
    """

    url: str
    service: str


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


def probes(config: Config) -> tuple[Probe, ...]:
    """The health endpoints that are probed."""
    servers = {
        names.API: addresses.api(config),
        names.SIGNALS: addresses.signals(config),
        names.WEB: addresses.web(config),
    }
    return tuple(Probe(f"{addresses.base_url(address)}/health", service) for service, address in servers.items())
