"""Probes from outside: what the blackbox exporter asks, and which answer is a good one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from investiq.foundation import topology
from investiq.foundation.config.schema import Config

__all__ = ["Probe", "blackbox_document", "probes"]

HEALTH_MODULE = "http_health"
"""For parts of ours: their health answers are documents that say more than the status code."""
ANSWERS_MODULE = "http_2xx"
"""For services of the user, of whose answers no more is known."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A health endpoint that is asked from outside.

    Attributes:
        service: the scrape job of what is probed: the probe's alerts are about that, not about the exporter.
        module: of blackbox.yml: how it is asked, and which answer is a good one.
    """

    url: str
    service: str
    module: str = HEALTH_MODULE


def blackbox_document(config: Config) -> dict[str, Any]:
    """blackbox.yml."""
    used = {probe.module for probe in probes(config)}
    return {"modules": {name: module for name, module in _modules().items() if name in used}}


def _modules() -> dict[str, Any]:
    asked = {"method": "GET", "preferred_ip_protocol": "ip4", "follow_redirects": False}
    health = {
        "prober": "http",
        "timeout": "3s",
        "http": {
            **asked,
            "valid_status_codes": [200],
            # The frontend's catch-all answers 200 with a page to any path: only the body tells a health answer.
            # Degraded passes: the service does its work, and DependencyDown says what it misses.
            "fail_if_body_not_matches_regexp": [r'"status":\s*"(ok|degraded)"'],
        },
    }
    # Where no status codes are named, those from 200 to 299 are good.
    return {HEALTH_MODULE: health, ANSWERS_MODULE: {"prober": "http", "timeout": "3s", "http": asked}}


def probes(config: Config) -> tuple[Probe, ...]:
    """The health endpoints that are probed: those of our servers, and those of the user's services."""
    ours = (
        Probe(f"{process.url(config)}{process.health[0]}", process.job)
        for process in topology.PROCESSES
        if process.probed
    )
    theirs = (
        Probe(f"{service.url.rstrip('/')}{service.health_path}", service.name, ANSWERS_MODULE)
        for service in config.services
        if service.health_path is not None
    )
    return (*ours, *theirs)
