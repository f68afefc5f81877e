"""The alerts and recording rules, one module per subject, each exposing `ALERTS`, and `RECORDINGS` where it has any."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

from investiq.foundation.config.schema import Config, EdgeConfig, MonitoringConfig, ServiceConfig
from investiq.foundation.topology import NGINX_EXPORTER
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.alert import Alert
from investiq.monitoring.recording import Recording
from investiq.monitoring.rules import (
    analysis,
    api,
    backup,
    edge,
    host,
    market,
    monitoring,
    services,
    signals,
    slo,
    trading,
)
from investiq.monitoring.scraping.jobs import jobs
from investiq.monitoring.slo import slos_of

__all__ = ["ALERTS", "CONDITIONAL", "RECORDINGS", "alerts_of", "recordings_of"]

_Rule = TypeVar("_Rule", Alert, Recording)


def alerts_of(config: Config, without: Collection[str] = ()) -> dict[Subject, tuple[Alert, ...]]:
    """The alerts of each subject that has any, for what `config` has watched.

    Args:
        without: scrape jobs whose program this machine does not have.

    Raises:
        ConfigError: a threshold of an SLO cannot be.
    """
    watched = [job for job in jobs(config) if job.name not in without]
    always = (api, market, analysis, trading, signals, host, backup)
    return _by_subject(
        (
            *(alert for module in always for alert in module.ALERTS),
            *monitoring.alerts(watched),
            *(edge.ALERTS if any(job.name == NGINX_EXPORTER.job for job in watched) else ()),
            *services.alerts(config.services),
            *slo.alerts(slos_of(config)),
        )
    )


def recordings_of(config: Config) -> dict[Subject, tuple[Recording, ...]]:
    """The recording rules of each subject that has any.

    Raises:
        ConfigError: a threshold of an SLO cannot be.
    """
    return _by_subject((*api.RECORDINGS, *host.RECORDINGS, *slo.recordings(slos_of(config))))


def _by_subject(rules: Sequence[_Rule]) -> dict[Subject, tuple[_Rule, ...]]:
    """The subject names the rule file, the runbook and the promtool tests."""
    found = {subject: tuple(rule for rule in rules if rule.subject is subject) for subject in Subject}
    return {subject: of_subject for subject, of_subject in found.items() if of_subject}


def _identity(alert: Alert) -> tuple[Subject, str, str]:
    return alert.subject, alert.name, alert.severity


ALERTS: tuple[Alert, ...] = tuple(alert for alerts in alerts_of(Config()).values() for alert in alerts)
"""Those of the default settings."""

_FURTHER = (
    Config(monitoring=MonitoringConfig(grafana=True)),
    Config(edge=EdgeConfig(enabled=True, console="console.example.org")),
    Config(services=(ServiceConfig(name="some-service", url="https://127.0.0.1", health_path="/health"),)),
)
"""Settings under which more is watched than by default."""

_BY_IDENTITY = {
    _identity(alert): alert for config in _FURTHER for alerts in alerts_of(config).values() for alert in alerts
}
CONDITIONAL: tuple[Alert, ...] = tuple(
    alert for identity, alert in _BY_IDENTITY.items() if identity not in set(map(_identity, ALERTS))
)
"""Alerts that only some settings have watched."""

RECORDINGS: tuple[Recording, ...] = tuple(one for several in recordings_of(Config()).values() for one in several)
