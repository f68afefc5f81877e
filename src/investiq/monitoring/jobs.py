"""The scrape jobs of Prometheus."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from investiq.config import addresses
from investiq.config.schema import Config
from investiq.monitoring import names
from investiq.monitoring.foreign.blackbox import PROBED
from investiq.monitoring.probes import HEALTH_MODULE, probes

__all__ = ["METRICS_TOKEN_FILE", "Job", "jobs", "prometheus_document"]

METRICS_TOKEN_FILE = "metrics_token"  # noqa: S105  a file name, beside prometheus.yml
RULE_FILES = "rules/*.yml"

# A target shows its first `up` only after a scrape: with the guide's ten seconds, a stack that has started in eight
# would need eighteen until every target is green.
_SCRAPE_INTERVAL = "5s"
_SCRAPE_TIMEOUT = "4s"  # longer than a blackbox probe may take (3 s), shorter than the interval
# Ten seconds and a minute of patience are the guide's settings: a killed API pages about 80 seconds later.
_EVALUATION_INTERVAL = "10s"


@dataclass(frozen=True, slots=True)
class Job:
    """One scrape job.

    Attributes:
        targets: `host:port` of what is scraped, or the URLs to probe where `module` is given.
        services: for each target that is probed, the scrape job that it has itself.
        module: the blackbox module that probes the targets, through the exporter at `via`.
        token: the targets may ask for the metrics token.
    """

    name: str
    targets: tuple[str, ...]
    services: tuple[str, ...] = ()
    module: str | None = None
    via: str | None = None
    token: bool = False


def jobs(config: Config) -> tuple[Job, ...]:
    """Every scrape job, in the order of the contract."""
    agent = (Job(names.AGENT, (addresses.agent(config),)),) if config.agent_runs else ()
    return (
        Job(names.API, (addresses.api(config),), token=config.api.metrics_token is not None),
        Job(names.SIGNALS, (addresses.signals(config),)),
        Job(names.WEB, (addresses.web(config),)),
        Job(names.PROMETHEUS, (addresses.prometheus(config),)),
        Job(names.ALERTMANAGER, (addresses.alertmanager(config),)),
        _probes(config),
        Job(names.BLACKBOX, (addresses.blackbox(config),)),
        Job(names.NODE, (addresses.node(config),)),
        Job(names.INBOX, (addresses.inbox(config),)),
        *agent,
    )


def _probes(config: Config) -> Job:
    wanted = probes(config)
    return Job(
        names.PROBES,
        tuple(probe.url for probe in wanted),
        tuple(probe.service for probe in wanted),
        module=HEALTH_MODULE,
        via=addresses.blackbox(config),
    )


def prometheus_document(config: Config, without: Collection[str] = ()) -> dict[str, Any]:
    """prometheus.yml, without the jobs named in `without`. Paths in it are relative to the file."""
    return {
        "global": {
            "scrape_interval": _SCRAPE_INTERVAL,
            "scrape_timeout": _SCRAPE_TIMEOUT,
            "evaluation_interval": _EVALUATION_INTERVAL,
        },
        "rule_files": [RULE_FILES],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [addresses.alertmanager(config)]}]}]},
        "scrape_configs": [_scrape_config(job) for job in jobs(config) if job.name not in without],
    }


def _scrape_config(job: Job) -> dict[str, Any]:
    document: dict[str, Any] = {"job_name": job.name}
    if job.module is not None:
        document |= {"metrics_path": "/probe", "params": {"module": [job.module]}}
    if job.token:
        document["authorization"] = {"type": "Bearer", "credentials_file": METRICS_TOKEN_FILE}
    document["static_configs"] = _static_configs(job)
    if job.via is not None:
        document["relabel_configs"] = [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": job.via},
        ]
    return document


def _static_configs(job: Job) -> list[dict[str, Any]]:
    if not job.services:
        return [{"targets": list(job.targets)}]
    probed = zip(job.targets, job.services, strict=True)
    return [{"targets": [target], "labels": {PROBED: service}} for target, service in probed]
