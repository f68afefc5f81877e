"""The scrape jobs of Prometheus."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from investiq.foundation import topology
from investiq.foundation.config.paths import rendered_path
from investiq.foundation.config.schema import Config, ServiceConfig
from investiq.foundation.topology import PROGRAM_USER, Process
from investiq.monitoring.exporters.blackbox import PROBED
from investiq.monitoring.scraping.probes import METRICS_TOKEN_FILE, Probe, probes

__all__ = ["EVALUATION_SECONDS", "METRICS_TOKEN_FILE", "SCRAPE_INTERVAL", "Job", "jobs", "prometheus_document"]

RULE_FILES = "rules/*.yml"

# A target shows its first `up` only after a scrape: with the guide's ten seconds, a stack that has started in eight
# would need eighteen until every target is green.
SCRAPE_INTERVAL = "5s"
_SCRAPE_TIMEOUT = "4s"  # longer than a blackbox probe may take (3 s), shorter than the interval
# Ten seconds and a minute of patience are the guide's settings: a killed API pages about 80 seconds later.
EVALUATION_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Job:
    """One scrape job.

    Attributes:
        targets: `host:port` of what is scraped, or the URLs to probe.
        probes: how each target is probed, through the exporter at `via`; empty for what is scraped itself.
        token_file: holds the bearer token that the targets ask for.
        asks: the monitoring program that is asked, where that wants its password.
        params: the query of the metrics' address, each name with its values.
    """

    name: str
    targets: tuple[str, ...]
    probes: tuple[Probe, ...] = ()
    via: str | None = None
    token_file: str | None = None
    asks: Process | None = None
    metrics_path: str = "/metrics"
    params: Mapping[str, Sequence[str]] = field(default_factory=dict)
    scheme: str = "http"


def jobs(config: Config) -> tuple[Job, ...]:
    """Every scrape job, in the order of the contract; then the services of the user."""
    return (
        *(job for process in topology.scraped(config) for job in _of_process(process, config)),
        *(_of_service(service) for service in config.services),
    )


def _of_process(process: Process, config: Config) -> Iterator[Job]:
    if process is topology.BLACKBOX:
        yield _probes(config)
    # From another machine, our servers tell nothing without the token: given, or made where addresses are set.
    shown = config.api.metrics_token is not None or bool(process.network_names(config))
    asks = process in topology.OURS and shown
    yield Job(
        process.job,
        (process.target(config),),
        token_file=METRICS_TOKEN_FILE if asks else None,
        asks=process if process.asks_password else None,
    )


def _of_service(service: ServiceConfig) -> Job:
    scheme, _, target = service.url.rstrip("/").partition("://")
    path, _, query = service.metrics_path.partition("?")
    return Job(
        service.name,
        (target,),
        token_file=str(service.token_file) if service.token_file is not None else None,
        # Both as they are meant: Prometheus encodes them, and would send a ? in the path as %3F.
        metrics_path=unquote(path),
        params=parse_qs(query, keep_blank_values=True),
        scheme=scheme,
    )


def _probes(config: Config) -> Job:
    wanted = probes(config)
    exporter = topology.BLACKBOX
    return Job(topology.PROBES, tuple(probe.url for probe in wanted), wanted, exporter.target(config), asks=exporter)


def basic_auth(process: Process) -> dict[str, str]:
    """How Prometheus shows a monitoring program its password, which it reads for each request."""
    return {"username": PROGRAM_USER, "password_file": rendered_path(lambda paths: paths.password(process.name))}


def prometheus_document(config: Config, without: Collection[str] = ()) -> dict[str, Any]:
    """prometheus.yml, without the jobs named in `without`. Paths in it are relative to the file."""
    return {
        "global": {
            "scrape_interval": SCRAPE_INTERVAL,
            "scrape_timeout": _SCRAPE_TIMEOUT,
            "evaluation_interval": f"{EVALUATION_SECONDS}s",
        },
        "rule_files": [RULE_FILES],
        "alerting": {"alertmanagers": [_alertmanager(config)]},
        "scrape_configs": [_scrape_config(job) for job in jobs(config) if job.name not in without],
    }


def _alertmanager(config: Config) -> dict[str, Any]:
    return {
        "basic_auth": basic_auth(topology.ALERTMANAGER),
        "static_configs": [{"targets": [topology.ALERTMANAGER.target(config)]}],
    }


def _scrape_config(job: Job) -> dict[str, Any]:
    document: dict[str, Any] = {"job_name": job.name}
    if job.probes:
        document["metrics_path"] = "/probe"
    elif job.metrics_path != "/metrics":
        document["metrics_path"] = job.metrics_path
    if job.params:
        document["params"] = {name: list(values) for name, values in job.params.items()}
    if job.scheme != "http":
        document["scheme"] = job.scheme
    if job.token_file is not None:
        document["authorization"] = {"type": "Bearer", "credentials_file": job.token_file}
    if job.asks is not None:
        document["basic_auth"] = basic_auth(job.asks)
    document["static_configs"] = _static_configs(job)
    if job.via is not None:
        document["relabel_configs"] = [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": job.via},
        ]
    return document


def _static_configs(job: Job) -> list[dict[str, Any]]:
    if not job.probes:
        return [{"targets": list(job.targets)}]
    return [
        # `params` would be the same for the whole job; this label says it for each probe.
        {"targets": [probe.url], "labels": {PROBED: probe.service, "__param_module": probe.module}}
        for probe in job.probes
    ]
