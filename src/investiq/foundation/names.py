"""The scrape jobs by name. Ours come from the catalogue; a rule refers to these and types no job again."""

from __future__ import annotations

from investiq.foundation.vocabulary import Part

__all__ = [
    "AGENT",
    "ALERTMANAGER",
    "API",
    "BLACKBOX",
    "GRAFANA",
    "INBOX",
    "NODE",
    "PROBES",
    "PROMETHEUS",
    "SIGNALS",
    "WEB",
]

API = Part.API.value
SIGNALS = Part.SIGNALS.value
WEB = Part.WEB.value
INBOX = Part.INBOX.value
AGENT = Part.AGENT.value
PROMETHEUS = "prometheus"
ALERTMANAGER = "alertmanager"
PROBES = "blackbox"
"""The probes from outside. `up` is 1 for them as long as the exporter answers; the verdict is `probe_success`."""
BLACKBOX = "blackbox-exporter"
"""The exporter's own metrics."""
NODE = "node"
GRAFANA = "grafana"
"""Scraped only where it is installed."""
