"""The dashboards, one module per subject, each exposing `DASHBOARD`."""

from __future__ import annotations

from investiq.foundation.config.schema import Config
from investiq.monitoring.dashboards import (
    alerts,
    analysis,
    api,
    backup,
    edge,
    host,
    market,
    monitoring,
    overview,
    services,
    signals,
    slo,
    trading,
)
from investiq.monitoring.dashboards.panel import Dashboard

__all__ = ["dashboards_of"]


def dashboards_of(config: Config) -> tuple[Dashboard, ...]:
    """Every dashboard for what `config` has watched, in the order in which they are listed."""
    return (
        overview.DASHBOARD,
        alerts.DASHBOARD,
        api.DASHBOARD,
        trading.DASHBOARD,
        market.DASHBOARD,
        analysis.DASHBOARD,
        signals.DASHBOARD,
        slo.DASHBOARD,
        monitoring.DASHBOARD,
        host.DASHBOARD,
        *((edge.DASHBOARD,) if config.edge.enabled else ()),
        backup.DASHBOARD,
        *(services.dashboard(service) for service in config.services),
    )
