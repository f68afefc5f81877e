"""What nginx's exporter tells of the edge: connections and requests in all, from nginx's own status page."""

from __future__ import annotations

from investiq.foundation.telemetry.catalogue import STATE, Kind
from investiq.foundation.topology import NGINX_EXPORTER
from investiq.monitoring.exporters.external_metric import ExternalMetric

__all__ = ["ACCEPTED", "ACTIVE", "HANDLED", "METRICS", "REQUESTS", "UP", "WAITING"]

_JOB = (NGINX_EXPORTER.job,)

UP = ExternalMetric("nginx_up", Kind.GAUGE, _JOB, bounds=STATE)
ACCEPTED = ExternalMetric("nginx_connections_accepted", Kind.COUNTER, _JOB)
HANDLED = ExternalMetric("nginx_connections_handled", Kind.COUNTER, _JOB)
ACTIVE = ExternalMetric("nginx_connections_active", Kind.GAUGE, _JOB)
WAITING = ExternalMetric("nginx_connections_waiting", Kind.GAUGE, _JOB)
REQUESTS = ExternalMetric("nginx_http_requests_total", Kind.COUNTER, _JOB)

METRICS = (UP, ACCEPTED, HANDLED, ACTIVE, WAITING, REQUESTS)
