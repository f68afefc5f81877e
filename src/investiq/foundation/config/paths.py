"""Where things lie under `data_dir`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from investiq.foundation.config.schema import Config

__all__ = ["PANELS_FILE", "Paths", "rendered_path"]

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
    def checklist(self) -> Path:
        """What `investiq checklist` found when it last looked at every point."""
        return self.data_dir / "checklist.json"

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

    def password(self, program: str) -> Path:
        """What a monitoring program asks for; no other program's password opens it."""
        return self.keys / f"{program}.password"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def run(self) -> Path:
        return self.data_dir / "run"

    @property
    def monitoring(self) -> Path:
        """Rendered configuration of the monitoring programs, with secrets: mode 0700."""
        return self.data_dir / "monitoring"

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


_SOMEWHERE = Paths(Path("/data"), Path("/models"))


def rendered_path(file: Callable[[Paths], Path]) -> str:
    """How a rendered configuration names `file`: from its own folder, so that it says nothing of this machine."""
    return os.path.relpath(file(_SOMEWHERE), _SOMEWHERE.monitoring)
