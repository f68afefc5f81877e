"""The alerts and recording rules, one module per subject, each exposing `ALERTS`, and `RECORDINGS` where it has any."""

from __future__ import annotations

from collections.abc import Collection

from investiq.foundation.config.schema import Config, ServiceConfig
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.alert import Alert
from investiq.monitoring.recording import Recording
from investiq.monitoring.rules import analysis, api, host, market, monitoring, services, signals, slo, trading
from investiq.monitoring.scraping.jobs import jobs
from investiq.monitoring.slo import slos_of

__all__ = ["ALERTS", "BY_SUBJECT", "CONDITIONAL", "RECORDINGS", "RECORDINGS_BY_SUBJECT", "alerts_of", "recordings_of"]


def alerts_of(config: Config, without: Collection[str] = ()) -> dict[Subject, tuple[Alert, ...]]:
    """The alerts of each subject that has any, for what `config` has watched.

    Args:
        without: scrape jobs whose program this machine does not have.

    Raises:
        ConfigError: a threshold of an SLO cannot be.
    """
    of_services = services.alerts(config.services)
    watched = [job for job in jobs(config) if job.name not in without]
    return {
        Subject.API: api.ALERTS,
        Subject.MARKET: market.ALERTS,
        Subject.ANALYSIS: analysis.ALERTS,
        Subject.TRADING: trading.ALERTS,
        Subject.SIGNALS: signals.ALERTS,
        Subject.HOST: host.ALERTS,
        Subject.MONITORING: monitoring.alerts(watched),
        **({Subject.SERVICES: of_services} if of_services else {}),
        Subject.SLO: slo.alerts(slos_of(config)),
    }


def recordings_of(config: Config) -> dict[Subject, tuple[Recording, ...]]:
    """The recording rules of each subject that has any.

    Raises:
        ConfigError: a threshold of an SLO cannot be.
    """
    return {
        Subject.API: api.RECORDINGS,
        Subject.HOST: host.RECORDINGS,
        Subject.SLO: slo.recordings(slos_of(config)),
    }


BY_SUBJECT: dict[Subject, tuple[Alert, ...]] = alerts_of(Config())
"""The alerts of the default settings; the subject names the rule file, the runbook and the promtool tests."""

ALERTS: tuple[Alert, ...] = tuple(alert for alerts in BY_SUBJECT.values() for alert in alerts)

_SOME_SERVICE = ServiceConfig(name="some-service", url="http://127.0.0.1")

CONDITIONAL: tuple[Alert, ...] = (*monitoring.CONDITIONAL, *services.alerts([_SOME_SERVICE]))
"""Alerts that only some settings have watched."""

RECORDINGS_BY_SUBJECT: dict[Subject, tuple[Recording, ...]] = recordings_of(Config())

RECORDINGS: tuple[Recording, ...] = tuple(one for several in RECORDINGS_BY_SUBJECT.values() for one in several)
