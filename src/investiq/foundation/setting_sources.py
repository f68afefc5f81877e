"""Where settings come from: one file and the environment, found and named, but not understood.

What they mean takes a schema, and longer to load than most commands to answer. Whether two processes were given the
same, and so have the same configuration, can be told without.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from investiq import __version__
from investiq.foundation.documents.text import read_text
from investiq.foundation.errors import InvestIQError

__all__ = [
    "CONFIG_FILE",
    "CREDENTIALS_VARIABLE",
    "DATA_DIR",
    "MOST_BYTES",
    "PATH_VARIABLE",
    "PREFIX",
    "RUN_FOLDER",
    "SHORT_NAMES",
    "ConfigError",
    "Given",
    "find_file",
    "given",
]

CONFIG_FILE = "investiq.toml"
PATH_VARIABLE = "INVESTIQ_CONFIG"
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"
"""Where systemd puts what `LoadCredential=` and `SetCredential=` of a unit name (systemd.exec(5))."""
PREFIX = "INVESTIQ_"
MOST_BYTES = 2 * 2**20
"""Of the configuration, and of a secret: a thousand services have a tenth of it."""

SHORT_NAMES = {
    "METRICS_TOKEN": "api.metrics_token",
    "DISCORD_WEBHOOK_URL": "notify.discord_webhook_url",
    "PAGERDUTY_KEY": "notify.pagerduty_key",
    "GRAFANA_ADMIN_PASSWORD": "monitoring.grafana_admin_password",
    "ALPACA_API_KEY": "alpaca_api_key",
    "ALPACA_SECRET_KEY": "alpaca_secret_key",
    "DATABASE_URL": "database_url",
}

DATA_DIR = ".investiq"
RUN_FOLDER = "run"
"""In data_dir: what a running supervisor keeps there."""

_DATA_DIR_KEY = "data_dir"
_BESIDE = ("PATH", "HOME")
"""Where programs are found, and what `~` stands for."""


class ConfigError(InvestIQError):
    """Something in the configuration cannot be used; the message lists every fault, one a line."""

    reason = "invalid_config"


@dataclass(frozen=True, slots=True)
class Given:
    """What a process was given to configure it.

    Attributes:
        data_dir: where its data is.
        fingerprint: the same for those that were given the same; it does not tell what.
    """

    data_dir: Path
    fingerprint: str


def find_file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file: the one asked for, or `investiq.toml` here if it exists.

    Raises:
        ConfigError: the one asked for does not exist, or what has that name is no file.
    """
    asked = path or (Path(environ[PATH_VARIABLE]) if environ.get(PATH_VARIABLE) else None)
    if asked is None:
        default = Path.cwd() / CONFIG_FILE
        if default.exists() and not default.is_file():  # of a pipe, the end would be waited for
            raise ConfigError(f"{default} is no file, though it has the name of the configuration: remove it")
        return default if default.exists() else None
    if not asked.is_file():
        raise ConfigError(
            f"{asked}: no such configuration file; leave out --config and ${PATH_VARIABLE} to use the defaults"
        )
    return asked.resolve()


def given(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Given | None:
    """What this process was given; None where something about it is wrong, which reading the configuration will say.

    Args:
        path, environ: as `config.load` takes them.
    """
    environ = os.environ if environ is None else environ
    try:
        file = find_file(path, environ)
        text = None if file is None else read_text(file, most_bytes=MOST_BYTES)
        pieces = [("version", __version__), ("user", os.geteuid()), ("place", str(file or Path.cwd())), ("file", text)]
        pieces += _environment(environ)
        return Given(_data_dir(file, text, environ), _fingerprint(pieces))
    except (InvestIQError, OSError, RuntimeError):  # the last for a ~ that is nobody's
        return None


def _fingerprint(pieces: list[tuple[str, object]]) -> str:
    import hashlib  # noqa: PLC0415  7 ms that most commands need not pay

    return hashlib.sha256(repr(pieces).encode("utf-8", "surrogateescape")).hexdigest()


def _environment(environ: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    """Every variable that can set something, and what the files hold that they name."""
    for name in sorted(environ):
        plain = name.removesuffix("_FILE")
        if name != PATH_VARIABLE and (name in _BESIDE or name.startswith(PREFIX) or plain in SHORT_NAMES):
            yield name, environ[name]
            if plain != name:
                yield f"file of {name}", read_text(Path(environ[name]), most_bytes=MOST_BYTES)
    folder = environ.get(CREDENTIALS_VARIABLE)
    for file in sorted(Path(folder).iterdir()) if folder else ():
        yield f"credential {file}", read_text(file, most_bytes=MOST_BYTES)


def _data_dir(file: Path | None, text: str | None, environ: Mapping[str, str]) -> Path:
    base = file.parent if file else Path.cwd()
    named = environ.get(f"{PREFIX}{_DATA_DIR_KEY.upper()}")
    if named is None and text is not None and _DATA_DIR_KEY in text:
        from investiq.foundation.documents import toml_documents  # noqa: PLC0415  who does not set it need not pay

        found = toml_documents.load(str(file), text).get(_DATA_DIR_KEY)
        named = found if isinstance(found, str) else None
    return (base / Path(DATA_DIR if named is None else named).expanduser()).resolve()
