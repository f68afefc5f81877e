"""InvestIQ as a service of systemd: its units, the user that it runs as, and what is asked of systemctl.

One unit, for the supervisor. It owns the listening sockets, the order of start and stop, and the restarts of parts;
systemd restarts the supervisor, ends one that hangs, and confines them all. ARCHITECTURE.md says why.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import Protocol

from investiq.foundation.config import Config
from investiq.foundation.errors import InvestIQError
from investiq.foundation.subprocesses import ProgramRun, run
from investiq.operate.deploy.layout import BACKUP, SERVICE, USER, Layout

__all__ = [
    "NoService",
    "Service",
    "ServiceFailed",
    "Systemd",
    "default_configuration",
    "render_units",
    "system_files",
]

_START_SECONDS = 1500.0
"""The unit gives up before (TimeoutStartSec): a first start trains the model."""
_SECONDS = 180.0


class ServiceFailed(InvestIQError):
    """systemd could not do what it was asked for."""

    reason = "service_failed"


def render_units(layout: Layout, config: Config) -> dict[str, str]:
    """File name -> text of the units, for the configuration of the installation."""
    values = {
        "user": USER,
        "python": str(layout.current / "bin/python"),
        "config_file": str(layout.config_file),
        "credentials": str(layout.credentials),
        "state": str(layout.state),
        "capabilities": _capabilities(config),
        "backup_seconds": str(round(2 * config.backup.max_hours * 3600 + 600)),
    }
    return {name: _fill(name, values) for name in (SERVICE, *BACKUP)}


def system_files(layout: Layout) -> dict[Path, str]:
    """The other files of the installation, but for its versions and its configuration."""
    values = {
        "user": USER,
        "state": str(layout.state),
        "configuration": str(layout.configuration),
        "credentials": str(layout.credentials),
        "config_file": str(layout.config_file),
        "current": str(layout.current),
    }
    return {
        layout.sysusers: _fill("sysusers.conf", values),
        layout.tmpfiles: _fill("tmpfiles.conf", values),
        layout.command: _fill("investiq.sh", values),
    }


def default_configuration(layout: Layout) -> str:
    """The first investiq.toml of an installation."""
    return _fill("investiq.toml", {"data": str(layout.data), "credentials": str(layout.credentials)})


def _fill(name: str, values: dict[str, str]) -> str:
    text = (resources.files("investiq.operate.deploy") / "templates" / name).read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _capabilities(config: Config) -> str:
    """Those of the service: none, but where nginx is to listen on a port below 1024."""
    privileged = config.edge.enabled and any(0 < port < 1024 for port in config.ports().values())
    return "CAP_NET_BIND_SERVICE" if privileged else ""


class Service(Protocol):
    """What an installation asks of whoever runs it."""

    def reload(self) -> None:
        """Let it read the units anew, and make the user and the folders that they name."""

    def reload_units(self) -> None:
        """Let it read the units anew."""

    def start(self) -> None:
        """Start, and wait until every part is well. Raises: ServiceFailed: it did not become so."""

    def stop(self) -> None:
        """Stop, and wait until nothing of it runs."""

    def enable(self, backup: bool) -> None:
        """Have it start at the next boot, and with `backup` the timer of backups too."""

    def disable(self) -> None:
        """Stop it all, and have it not start again."""


@dataclass(frozen=True, slots=True)
class NoService:
    """For an installation that nobody runs yet: below a prefix, or where systemd does not run."""

    def reload(self) -> None: ...
    def reload_units(self) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def enable(self, backup: bool) -> None: ...
    def disable(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Systemd:
    """The service of this machine."""

    layout: Layout

    @classmethod
    def runs(cls) -> bool:
        """Whether systemd runs this machine: sd_booted(3)."""
        return Path("/run/systemd/system").is_dir()

    def reload(self) -> None:
        _ask(["systemd-sysusers", str(self.layout.sysusers)])
        _ask(["systemd-tmpfiles", "--create", str(self.layout.tmpfiles)])
        self.reload_units()

    def reload_units(self) -> None:
        _systemctl("daemon-reload")

    def start(self) -> None:
        _systemctl("reset-failed", SERVICE, may_fail=True)
        started = _systemctl("start", SERVICE, seconds=_START_SECONDS, may_fail=True)
        if not started.succeeded:
            log = run(["journalctl", "--no-pager", "--output=cat", "--lines=12", f"--unit={SERVICE}"], 20, {}).output
            raise ServiceFailed(f"{SERVICE} did not become healthy: {_last(log) or _last(started.output)}")

    def stop(self) -> None:
        _systemctl("stop", SERVICE)

    def enable(self, backup: bool) -> None:
        _systemctl("enable", SERVICE)
        _systemctl(*(("enable", "--now") if backup else ("disable", "--now")), BACKUP[1])

    def disable(self) -> None:
        for unit in (BACKUP[1], BACKUP[0], SERVICE):
            _systemctl("disable", "--now", unit, may_fail=True)


def _systemctl(*arguments: str, seconds: float = _SECONDS, may_fail: bool = False) -> ProgramRun:
    return _ask(["systemctl", *arguments], seconds, may_fail)


def _ask(command: list[str], seconds: float = _SECONDS, may_fail: bool = False) -> ProgramRun:
    try:
        done = run(command, seconds, {"LC_ALL": "C.UTF-8", "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"})
    except OSError as error:
        raise ServiceFailed(f"{command[0]} cannot be run ({error.strerror}): install systemd") from error
    if not done.succeeded and not may_fail:
        raise ServiceFailed(f"`{' '.join(command)}` failed: {_last(done.output) or f'exit code {done.exit_code}'}")
    return done


def _last(output: str) -> str:
    return " / ".join([line.strip() for line in output.splitlines() if line.strip()][-4:])
