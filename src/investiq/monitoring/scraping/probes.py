"""Probes from outside: what the blackbox exporter asks, and which answer is a good one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from investiq.foundation import topology
from investiq.foundation.config.paths import Paths
from investiq.foundation.config.schema import Config
from investiq.foundation.topology import API

__all__ = ["METRICS_TOKEN_FILE", "Probe", "blackbox_document", "probes"]

METRICS_TOKEN_FILE = "metrics_token"  # noqa: S105  a file name, beside prometheus.yml

HEALTH_MODULE = "http_health"
"""For parts of ours: their health answers are documents that say more than the status code."""
ANSWERS_MODULE = "http_2xx"
"""For services of the user, of whose answers no more is known."""
EDGE_MODULE = "https_edge"
"""For nginx at the edge: by the name of the console, and with a certificate that is good for it."""


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
    return {"modules": {name: module for name, module in _modules(config).items() if name in used}}


def _modules(config: Config) -> dict[str, Any]:
    asked = {"method": "GET", "preferred_ip_protocol": "ip4", "follow_redirects": False}
    health: dict[str, Any] = {
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
    if API.network_names(config):  # from elsewhere, the API says how it is to who shows the metrics token
        token = Paths.of(config).monitoring / METRICS_TOKEN_FILE
        health["http"]["authorization"] = {"type": "Bearer", "credentials_file": str(token)}
    # Where no status codes are named, those from 200 to 299 are good.
    edge = {**health, "http": {**health["http"], **_by_name(config)}}
    answers = {"prober": "http", "timeout": "3s", "http": asked}
    return {HEALTH_MODULE: health, ANSWERS_MODULE: answers, EDGE_MODULE: edge}


def _by_name(config: Config) -> dict[str, Any]:
    """What a browser does by itself: it asks for a name, in TLS and in HTTP. The name need not lead here from here."""
    name = str(config.edge.console)
    tls = {"server_name": name}
    if config.edge.certificate is None:  # the one of a laptop, whose authority the system does not know
        tls["ca_file"] = str(Paths.of(config).edge_ca)
    return {"fail_if_not_ssl": True, "tls_config": tls, "headers": {"Host": name}}


def probes(config: Config) -> tuple[Probe, ...]:
    """The health endpoints that are probed: those of our servers, and those of the user's services."""
    ours = (
        Probe(f"{process.url(config)}{process.health[0]}", process.job)
        for process in topology.PROCESSES
        if process.probed
    )
    edge = (Probe(f"https://{_edge_target(config)}/health", topology.EDGE.job, EDGE_MODULE),)
    theirs = (
        Probe(f"{service.url.rstrip('/')}{service.health_path}", service.name, ANSWERS_MODULE)
        for service in config.services
        if service.health_path is not None
    )
    return (*ours, *(edge if config.edge.enabled else ()), *theirs)


def _edge_target(config: Config) -> str:
    return topology.target(config.edge.host, config.edge.port)
