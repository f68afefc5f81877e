"""Writes the configuration of the monitoring programs: for this machine with its secrets, and the committed copy.

The content comes from `monitoring`; here it becomes text and files.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Mapping
from importlib import resources
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import yaml

from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.config.paths import PANELS_FILE, Paths
from investiq.foundation.config.reference import configuration_page
from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import replace_whole
from investiq.foundation.telemetry.reference import metrics_page
from investiq.foundation.topology import AGENT, GRAFANA
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.dashboards.events import EVENTS
from investiq.monitoring.dashboards.panels_file import panels_document
from investiq.monitoring.routing.messages import TEMPLATE_FILE, notification_template
from investiq.monitoring.routing.routes import alertmanager_document
from investiq.monitoring.routing.silencing import known_alerts
from investiq.monitoring.rules import alerts_of, recordings_of
from investiq.monitoring.rules.rule_file import rule_document
from investiq.monitoring.scraping.alloy import alloy_configuration
from investiq.monitoring.scraping.jobs import METRICS_TOKEN_FILE, jobs, prometheus_document
from investiq.monitoring.scraping.probes import blackbox_document
from investiq.operate.render.doors_page import doors_page
from investiq.operate.render.web_config import WEB_FOLDER, web_configs, with_next_passwords

__all__ = [
    "HEADER",
    "RenderError",
    "render_committed",
    "render_runtime",
    "rule_documents",
    "write_committed",
    "write_runtime",
]

HEADER = "# rendered by `investiq render`, do not edit: the source is src/investiq/monitoring\n"
COMMITTED_DASHBOARDS = PurePosixPath("/etc/grafana/dashboards")
"""Where the committed files expect the dashboards: beside the provisioning of Grafana's packages and images."""
COMMITTED_PASSWORD = PurePosixPath("/etc/grafana/prometheus.password")
"""And the password of Prometheus, which only Grafana's user may read there."""
COMMITTED_LOGS = PurePosixPath("/var/log/investiq")
"""Where the committed file expects the logs, and Loki."""
COMMITTED_LOKI = "http://127.0.0.1:3100"
ALLOY_FILE = "alloy.alloy"
_HEADER_ALLOY = HEADER.replace("#", "//", 1)
EXECUTABLES = frozenset({"monitoring/validate.sh"})


class RenderError(InvestIQError):
    """The configuration of a monitoring program would not work."""

    reason = "render"
    fix = "correct the setting: `investiq config show` names its source"


def write_runtime(config: Config, directory: Path, without: Collection[str] = ()) -> tuple[Path, ...]:
    """Write the files that the programs of this machine start with, and return their paths.

    The folder gets mode 0700 and each file 0600, since some hold secrets. Each file that changes is replaced whole, so
    that a program that reloads meanwhile reads the old one or the new one; a rule file of a subject that is no more
    goes.

    Args:
        without: scrape jobs whose program this machine does not have: nothing to scrape is not a dead service.

    Raises:
        RenderError: a receiver's address, or a service of the user, cannot work.
    """
    texts = render_runtime(config, without)
    for path in (directory, *sorted({(directory / name).parent for name in texts})):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    for name, text in texts.items():
        if not _stands(directory / name, text):
            replace_whole(directory / name, text, 0o600)
    _remove_orphans(directory, texts)
    return tuple(directory / name for name in texts)


def render_runtime(config: Config, without: Collection[str] = ()) -> dict[str, str]:
    """File name -> text of what `write_runtime` writes.

    Raises:
        RenderError: a receiver's address, or a service of the user, cannot work.
        UnusableTokenFile: the password of a program cannot be read.
    """
    _check_receivers(config)
    _check_services(config)
    texts = _monitoring_files(config, without, with_next_passwords(prometheus_document(config, without), config))
    for name, text in texts.items():
        if "${" in text:
            raise RenderError(f"{name} would hold an unexpanded ${{...}}: no monitoring program expands variables")
    paths = Paths.of(config)
    password_file = paths.password(topology.PROMETHEUS.name)
    texts |= _grafana_files(config, paths.monitoring / "grafana" / "dashboards", password_file)
    texts |= {f"{WEB_FOLDER}/{process.name}.yml": _yaml(document) for process, document in web_configs(config)}
    texts[PANELS_FILE] = panels_document(dashboards_of(config), EVENTS, known_alerts(config)).text()
    if config.logging.loki_url is not None:
        texts[ALLOY_FILE] = _HEADER_ALLOY + alloy_configuration(paths.logs.absolute(), config.logging.loki_url)
    token = config.api.metrics_token
    return texts | ({METRICS_TOKEN_FILE: token.get_secret_value()} if token is not None else {})


def render_committed() -> dict[PurePosixPath, str]:
    """Path from the root of the repository -> text: the same files for the defaults, without any secret."""
    texts = _monitoring_files(Config(), (), prometheus_document(Config()))
    texts |= _grafana_files(Config(), COMMITTED_DASHBOARDS, COMMITTED_PASSWORD)
    files = {f"monitoring/{name}": text for name, text in texts.items()}
    files["monitoring/validate.sh"] = _template("validate.sh")
    files[f"monitoring/{ALLOY_FILE}"] = _HEADER_ALLOY + alloy_configuration(COMMITTED_LOGS, COMMITTED_LOKI)
    files["docs/metrics.md"] = metrics_page()
    files["docs/configuration.md"] = configuration_page()
    files["docs/doors.md"] = doors_page()
    return {PurePosixPath(path): text for path, text in files.items()}


def write_committed(root: Path) -> tuple[Path, ...]:
    """Write the committed files under `root` and return those that changed."""
    changed = []
    for path, text in render_committed().items():
        file = root / path
        if not file.exists() or file.read_bytes() != text.encode("utf-8"):
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_whole(file, text, 0o755 if str(path) in EXECUTABLES else 0o644)
            changed.append(file)
    return tuple(changed)


def rule_documents(config: Config, without: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """File name -> document of the rules that Prometheus evaluates."""
    console = topology.console_url(config)
    recordings = recordings_of(config)
    return {
        f"rules/{subject}.yml": rule_document(subject, alerts, console, recordings.get(subject, ()))
        for subject, alerts in alerts_of(config, without).items()
        if alerts
    }


def _monitoring_files(config: Config, without: Collection[str], scraping: Mapping[str, Any]) -> dict[str, str]:
    documents = {
        "prometheus.yml": scraping,
        "alertmanager.yml": alertmanager_document(config),
        "blackbox.yml": blackbox_document(config),
        **rule_documents(config, without),
    }
    texts = {name: _yaml(document) for name, document in documents.items()}
    return texts | {TEMPLATE_FILE: notification_template(config)}


def _grafana_files(config: Config, dashboards: PurePath, password_file: PurePath) -> dict[str, str]:
    """What Grafana is provisioned with: `provisioning` is its folder of that name.

    Args:
        dashboards: where Grafana finds the dashboards.
        password_file: where it finds the password of Prometheus.
    """
    from investiq.monitoring.dashboards import grafana  # noqa: PLC0415  Grafana's SDK costs a third of a second

    console = topology.console_url(config)
    source = grafana.data_source(topology.PROMETHEUS.url(config), password_file)
    return {
        "grafana/provisioning/datasources/prometheus.yml": _yaml(source),
        "grafana/provisioning/dashboards/investiq.yml": _yaml(grafana.dashboards_provider(str(dashboards))),
        **{
            f"grafana/dashboards/{dashboard.name}.json": grafana.dashboard_json(dashboard, EVENTS, console)
            for dashboard in dashboards_of(config)
        },
    }


def _check_receivers(config: Config) -> None:
    """Alertmanager refuses a URL without a scheme and starts with a wrong key: say it before, and say the setting."""
    notify = config.notify
    for setting in ("discord_webhook_url", "webhook_url", "deadmans_switch_url"):
        secret = getattr(notify, setting)
        value = secret.get_secret_value() if secret is not None else None
        if value is not None and (not value.startswith(("http://", "https://")) or _unusable(value)):
            raise RenderError(f"notify.{setting} is not an http(s) URL: set the address itself, such as https://…")
    if notify.pagerduty_key is not None and _unusable(notify.pagerduty_key.get_secret_value()):
        raise RenderError("notify.pagerduty_key is not an Events v2 routing key: it has 32 letters and digits")


def _check_services(config: Config) -> None:
    ours = {job.name for job in jobs(config.model_copy(update={"services": ()}))} | {GRAFANA.job, AGENT.job}
    for service in config.services:
        if service.name in ours:
            raise RenderError(
                f"services: {service.name} is a scrape job of InvestIQ itself: give the service another name"
            )
        if service.token_file is not None and not service.token_file.is_file():
            where = f"services: {service.name}: token_file {service.token_file}"
            raise RenderError(f"{where} is not there: put the token of its metrics into that file")


def _unusable(value: str) -> bool:
    return "${" in value or any(character.isspace() for character in value)


class _Dumper(yaml.SafeDumper):
    """Block style that reads well: lists indented, long text folded by nobody, several lines as a literal block."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:
        return True  # two receivers may share a setting: each says it in full, without anchors


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _yaml(document: Mapping[str, Any]) -> str:
    return HEADER + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _stands(path: Path, text: str) -> bool:
    """Whether the file holds just this already, for its owner alone: to write thirty to the disk takes its time."""
    try:
        found = path.lstat()
        return (
            found.st_mode == stat.S_IFREG | 0o600
            and found.st_uid == os.geteuid()
            and path.read_bytes() == text.encode()
        )
    except OSError:
        return False


def _template(name: str) -> str:
    return (resources.files("investiq.operate.render") / "templates" / name).read_text(encoding="utf-8")


def _remove_orphans(directory: Path, rendered: Iterable[str]) -> None:
    kept = {directory / name for name in rendered}
    leftover = (*directory.glob("rules/*.yml"), *directory.glob("grafana/dashboards/*.json"))
    for path in (*leftover, directory / METRICS_TOKEN_FILE):
        if path not in kept:
            path.unlink(missing_ok=True)
