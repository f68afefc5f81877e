"""Where things lie under `data_dir`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from investiq.foundation.config.schema import Config
from investiq.foundation.setting_sources import RUN_FOLDER

__all__ = ["PANELS_FILE", "Paths", "ledger_url", "rendered_path"]

PANELS_FILE = "panels.json"


@dataclass(frozen=True, slots=True)
class Paths:
    """The files and folders of one installation."""

    data_dir: Path
    models: Path

    @classmethod
    def of(cls, config: Config) -> Paths:
        return cls(config.data_dir, config.signals.model_dir or config.data_dir / "models")

    @property
    def current_model(self) -> Path:
        """The trained model that serves; a link, there from the end of the first training."""
        return self.models / "current"

    @property
    def ledger(self) -> Path:
        return self.data_dir / "ledger.db"

    @property
    def inbox(self) -> Path:
        return self.data_dir / "inbox.db"

    @property
    def replay_state(self) -> Path:
        return self.data_dir / "replay.json"

    @property
    def prices(self) -> Path:
        """The columns of the user's own price files, kept so that a start need not read them again."""
        return self.data_dir / "prices"

    @property
    def scans(self) -> Path:
        """What scans that were interrupted have done so far."""
        return self.data_dir / "scans"

    @property
    def load(self) -> Path:
        """The reports of load tests."""
        return self.data_dir / "load"

    @property
    def traces(self) -> Path:
        """The spans that each part has kept."""
        return self.data_dir / "traces"

    @property
    def checklist(self) -> Path:
        """What `investiq checklist` found when it last looked at every point."""
        return self.data_dir / "checklist.json"

    @property
    def audit_witness(self) -> Path:
        """The newest row of the audit log, remembered outside of the database."""
        return self.data_dir / "audit-head.json"

    @property
    def keys(self) -> Path:
        return self.data_dir / "keys"

    @property
    def admin_key(self) -> Path:
        return self.keys / "admin.key"

    @property
    def agent_key(self) -> Path:
        return self.keys / "agent.key"

    @property
    def console_key(self) -> Path:
        """The console reads with it where the API wants a key for reading."""
        return self.keys / "console.key"

    @property
    def heartbeat_token(self) -> Path:
        """What Alertmanager shows the API when it delivers the heartbeat; not an API key."""
        return self.keys / "heartbeat.token"

    @property
    def inbox_token(self) -> Path:
        """What the inbox asks of whoever brings or reads notifications."""
        return self.keys / "inbox.token"

    @property
    def console_token(self) -> Path:
        """By it the API knows the console, and believes from where a person came to it."""
        return self.keys / "console.token"

    @property
    def metrics_token(self) -> Path:
        """What /metrics takes from outside besides the token that is configured; there once it was first rotated."""
        return self.keys / "metrics.token"

    @property
    def edge_token(self) -> Path:
        """By it our servers know the edge's nginx, and passes through it are signed with it."""
        return self.keys / "edge.token"

    @property
    def edge_certificate(self) -> Path:
        return self.keys / "edge.crt"

    @property
    def edge_certificate_key(self) -> Path:
        return self.keys / "edge.key"

    @property
    def edge_ca(self) -> Path:
        """The certificate of who signed the laptop's, where `investiq edge certificate` made that."""
        return self.keys / "edge-ca.crt"

    @property
    def edge_users(self) -> Path:
        """Who may come in with a password (auth = "basic"), as hashes."""
        return self.keys / "edge.htpasswd"

    def password(self, program: str) -> Path:
        """What a monitoring program asks for; no other program's password opens it."""
        return self.keys / f"{program}.password"

    def next_password(self, program: str) -> Path:
        """Its new one while it is rotated, and shown: whoever finds it here shows this one, as `NEXT_USER`."""
        return self.keys / f"{program}.password.next"

    def password_aside(self, program: str) -> Path:
        """Its new one while it is rotated: `NEXT_USER` with it opens already, or still. Prometheus does not show it."""
        return self.keys / f"{program}.password.aside"

    @property
    def backup_password(self) -> Path:
        """What the backups are encrypted with."""
        return self.keys / "backup.password"

    @property
    def backup(self) -> Path:
        """What backups and restores keep: restic's cache, what is being copied, and what is known of the last ones."""
        return self.data_dir / "backup"

    @property
    def interrupted_restore(self) -> Path:
        """What a restore is putting in place; after its end it is gone."""
        return self.backup / "restore.json"

    @property
    def textfile(self) -> Path:
        """Metrics of what does not run all the time, which the node exporter exposes."""
        return self.data_dir / "textfile"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def run(self) -> Path:
        return self.data_dir / RUN_FOLDER

    @property
    def monitoring(self) -> Path:
        """Rendered configuration of the monitoring programs, with secrets: mode 0700."""
        return self.data_dir / "monitoring"

    @property
    def edge(self) -> Path:
        """nginx's rendered configuration, with secrets, and what it writes: mode 0700."""
        return self.data_dir / "edge"

    @property
    def panels(self) -> Path:
        """The panels that the operations pages draw, rendered with the rest."""
        return self.monitoring / PANELS_FILE

    @property
    def prometheus(self) -> Path:
        return self.data_dir / "prometheus"

    @property
    def alertmanager(self) -> Path:
        return self.data_dir / "alertmanager"


def ledger_url(config: Config) -> str:
    """The SQLAlchemy URL of the ledger: `database_url`, or SQLite in data_dir. It may hold a password."""
    if config.database_url is not None:
        return config.database_url.get_secret_value()
    return f"sqlite:///{Paths.of(config).ledger}"


_SOMEWHERE = Paths(Path("/data"), Path("/models"))


def rendered_path(file: Callable[[Paths], Path]) -> str:
    """How a rendered configuration names `file`: from its own folder, so that it says nothing of this machine."""
    return os.path.relpath(file(_SOMEWHERE), _SOMEWHERE.monitoring)
