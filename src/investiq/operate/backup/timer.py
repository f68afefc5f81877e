"""Units of systemd that make backups and prove them, for who lets the system do it rather than the supervisor."""

from __future__ import annotations

import getpass
import re
import sys
from pathlib import Path
from typing import ClassVar

from investiq.foundation.config import LoadedConfig
from investiq.foundation.errors import InvestIQError
from investiq.operate.backup.schedule import LONGEST_TURNS

__all__ = ["NotATime", "units"]

_NAME = "investiq-backup"
_DAY_HOURS = 24.0


class NotATime(InvestIQError):
    """This is no time of day."""

    reason: ClassVar[str] = "usage"


def units(loaded: LoadedConfig, at: str, user: str | None) -> dict[str, str]:
    """File name -> text of the service and its timer, for the installation in this folder.

    Args:
        at: time of day, HH:MM, where backups are made once a day.
        user: who makes them; default: who asks.

    Raises:
        NotATime: `at` is none.
    """
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", at):
        raise NotATime(f"{at!r} is no time of day: expected one such as 22:30")
    return {f"{_NAME}.service": _service(loaded, user or getpass.getuser()), f"{_NAME}.timer": _timer(loaded, at)}


def _service(loaded: LoadedConfig, user: str) -> str:
    config = loaded.config
    named = ("--config", str(loaded.path)) if loaded.path is not None else ()
    command = (sys.executable, "-m", "investiq", *named, "--no-input", "backup", "--verify")
    lines = [
        "[Unit]",
        "Description=InvestIQ backup, and the proof that it can be restored",
        "",
        "[Service]",
        "Type=oneshot",
        f"User={user}",
        f"WorkingDirectory={_escaped(str(Path.cwd()))}",
        f"Environment={_quoted(f'INVESTIQ_DATA_DIR={config.data_dir}')}",
        *_left_out(loaded),
        f"ExecStart={' '.join(_quoted(word).replace('$', '$$') for word in command)}",
        f"TimeoutStartSec={LONGEST_TURNS * config.backup.max_hours + 1:g}h",
        "UMask=0077",
        "NoNewPrivileges=true",
    ]
    return "\n".join(lines) + "\n"


def _left_out(loaded: LoadedConfig) -> list[str]:
    """What this shell has set, which systemd knows nothing of; the values may be secret."""
    names = {source.text for key, source in loaded.sources.items() if source.text.isupper() and key != "data_dir"}
    if not names:
        return []
    return [
        f"# Set in the shell that made this, but not here: {', '.join(sorted(names))} (EnvironmentFile= takes them)"
    ]


def _timer(loaded: LoadedConfig, at: str) -> str:
    hours = loaded.config.backup.every_hours or _DAY_HOURS
    when = [f"OnCalendar=*-*-* {at}", "Persistent=true"]
    if hours != _DAY_HOURS:
        when = ["OnBootSec=15min", f"OnUnitActiveSec={round(hours * 3600)}s"]
    lines = ["[Unit]", "Description=InvestIQ backups", "", "[Timer]", *when, "", "[Install]", "WantedBy=timers.target"]
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    """One word of a command line of systemd."""
    if re.fullmatch(r"[\w@+,./:=-]+", word, re.ASCII):
        return word
    return '"{}"'.format(_escaped(word).replace("\\", "\\\\").replace('"', '\\"'))


def _escaped(text: str) -> str:
    """Percent signs would be read as specifiers."""
    return text.replace("%", "%%")
