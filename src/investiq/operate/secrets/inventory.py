"""Every secret by name: what it is, where it comes from, who uses it. Never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from investiq.foundation import topology
from investiq.foundation.config import Config, LoadedConfig, Paths
from investiq.foundation.config.fields import settings
from investiq.foundation.token_files import previous_tokens
from investiq.operate.secrets.passwords import is_under_way

__all__ = ["SESSIONS", "OwnSecret", "SecretKind", "SecretState", "own_secrets", "secret_states"]

SESSIONS = "sessions"


class SecretKind(StrEnum):
    """How a secret of ours is replaced."""

    KEY = "key"
    TOKEN = "token"  # noqa: S105
    PASSWORD = "password"  # noqa: S105
    SESSIONS = "sessions"


@dataclass(frozen=True, slots=True)
class OwnSecret:
    """A secret that this installation makes for itself.

    Attributes:
        program: whose password it is.
    """

    name: str
    kind: SecretKind
    file: Path | None
    used_by: str
    program: str = ""


@dataclass(frozen=True, slots=True)
class SecretState:
    """What is told of a secret.

    Attributes:
        source: where it comes from: a file, a variable, a line of investiq.toml; empty where it is not set.
        changed_at: of its file, where it has one.
        rotates: whether `investiq secrets rotate` replaces it.
        note: what to know: that an old one opens still, that a rotation waits to be ended.
    """

    name: str
    source: str
    changed_at: datetime | None
    used_by: str
    rotates: bool
    note: str = ""


_USED_BY: Mapping[str, str] = {
    "database_url": "the API, and commands that read the ledger",
    "alpaca_api_key": "nobody yet: kept for the Alpaca broker",
    "alpaca_secret_key": "nobody yet: kept for the Alpaca broker",
    "api.metrics_token": "Prometheus and other scrapers show it to every server",
    "monitoring.grafana_admin_password": "whoever logs in to Grafana as admin",
    "notify.discord_webhook_url": "Alertmanager, and the API when the monitoring is lost",
    "notify.pagerduty_key": "Alertmanager, and the API when the monitoring is lost",
    "notify.webhook_url": "Alertmanager, and the API when the monitoring is lost",
    "notify.deadmans_switch_url": "Alertmanager",
    "client.key": "commands, and the console",
    "tracing.token": "every server, to the collector of traces",
}
"""Who uses a secret of the configuration. A setting that is missing here is told by its description."""


def own_secrets(config: Config) -> tuple[OwnSecret, ...]:
    """Those that can be rotated, in the order in which they are listed."""
    paths = Paths.of(config)
    return (
        OwnSecret("admin-key", SecretKind.KEY, paths.admin_key, "commands on this machine"),
        OwnSecret("agent-key", SecretKind.KEY, paths.agent_key, "the agent"),
        OwnSecret("console-key", SecretKind.KEY, paths.console_key, "the console, where reading needs a key"),
        OwnSecret(SESSIONS, SecretKind.SESSIONS, None, "whoever is logged in to the console"),
        OwnSecret("heartbeat-token", SecretKind.TOKEN, paths.heartbeat_token, "Alertmanager shows it to the API"),
        OwnSecret("inbox-token", SecretKind.TOKEN, paths.inbox_token, "Alertmanager, the API, console and commands"),
        OwnSecret("console-token", SecretKind.TOKEN, paths.console_token, "the console tells the API who acts by it"),
        OwnSecret("metrics-token", SecretKind.TOKEN, paths.metrics_token, "scrapers elsewhere show it to every server"),
        *(
            OwnSecret(
                f"{process.name}-password",
                SecretKind.PASSWORD,
                paths.password(process.name),
                f"Prometheus, console and commands ask {process.title} with it",
                process.name,
            )
            for process in topology.PROCESSES
            if process.asks_password
        ),
    )


def secret_states(loaded: LoadedConfig, now: datetime | None = None) -> list[SecretState]:
    """Ours first, then those that are set in the configuration, then the tokens of your services."""
    return [*_own(loaded.config, now or datetime.now(UTC)), *_configured(loaded), *_of_services(loaded.config)]


def _own(config: Config, now: datetime) -> Iterator[SecretState]:
    for secret in own_secrets(config):
        made = secret.file is None or secret.file.exists()
        source = str(secret.file) if secret.file is not None else "the ledger"
        note = _note(secret, config, now)
        yield SecretState(secret.name, source if made else "", _changed(secret.file), secret.used_by, True, note)


def _note(secret: OwnSecret, config: Config, now: datetime) -> str:
    if secret.kind is SecretKind.TOKEN and secret.file is not None:
        ends = [one.until for one in previous_tokens(secret.file, now)]
        return f"the one before opens until {max(ends):%H:%M:%S} UTC" if ends else ""
    if secret.program and is_under_way(Paths.of(config), secret.program):
        return f"its rotation was not ended: `investiq secrets rotate {secret.name}` goes on with it"
    return ""


def _configured(loaded: LoadedConfig) -> Iterator[SecretState]:
    for key, setting in settings().items():
        if setting.secret:
            source = loaded.source(key) if key in loaded.sources else None
            used_by = _USED_BY.get(key, setting.description)
            changed = _changed(source.file) if source else None
            yield SecretState(key, source.text if source else "", changed, used_by, rotates=False)


def _of_services(config: Config) -> Iterator[SecretState]:
    for service in config.services:
        if (file := service.token_file) is not None:
            name = f"services.{service.name}.token_file"
            yield SecretState(name, str(file), _changed(file), f"Prometheus shows it to {service.name}", rotates=False)


def _changed(file: Path | None) -> datetime | None:
    try:
        return None if file is None else datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return None
