"""What the blackbox exporter tells: of what it probes, and about itself."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import STATE, Kind
from investiq.foundation.topology import BLACKBOX, PROBES
from investiq.monitoring.exporters.external_metric import ExternalMetric

__all__ = ["CERTIFICATE_EXPIRY", "CONFIG_RELOADED", "METRICS", "PROBED", "PROBE_DURATION", "PROBE_SUCCESS"]

PROBED = "service"
"""The label that our scrape configuration gives each probe: the scrape job of what is probed."""

PROBE_SUCCESS = ExternalMetric("probe_success", Kind.GAUGE, (PROBES,), added=(PROBED,), bounds=STATE)
PROBE_DURATION = ExternalMetric("probe_duration_seconds", Kind.GAUGE, (PROBES,), added=(PROBED,))
CERTIFICATE_EXPIRY = ExternalMetric("probe_ssl_earliest_cert_expiry", Kind.GAUGE, (PROBES,), added=(PROBED,))
"""When the first certificate of the chain ends, in Unix seconds; only where the probe spoke TLS and verified it."""
CONFIG_RELOADED = ExternalMetric(
    "blackbox_exporter_config_last_reload_successful", Kind.GAUGE, (BLACKBOX.job,), bounds=STATE
)

METRICS = (PROBE_SUCCESS, PROBE_DURATION, CERTIFICATE_EXPIRY, CONFIG_RELOADED)
