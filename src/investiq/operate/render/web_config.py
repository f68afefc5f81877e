"""Who may ask a monitoring program anything: its `--web.config.file`, read anew for each request.

What it guards is told by `prometheus/exporter-toolkit` (docs/web-configuration.md): every path, health and preflight
requests included.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import bcrypt

from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.config.paths import rendered_path
from investiq.foundation.files import provide_token, replace_whole
from investiq.foundation.topology import NEXT_USER, PROGRAM_USER, Process

__all__ = [
    "WEB_FOLDER",
    "provide_grafana_password",
    "provide_passwords",
    "web_config",
    "web_config_text",
    "web_configs",
    "with_next_passwords",
]

WEB_FOLDER = "web"
"""Beside the other rendered files."""

_ROUNDS = "05"
"""Nobody guesses 256 random bits, however fast: a slow hash would only let wrong passwords burn the processor."""

_ALPHABETS = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
)


def provide_passwords(config: Config) -> None:
    """Make sure that each program has its password in its file, before any of them starts.

    A rotation that was interrupted ends here: nobody shows the old password any more.

    Raises:
        UnusableTokenFile: a file cannot be made or read.
    """
    for process, file in _password_files(config):
        if (begun := _next_password(config, process)) is not None:
            replace_whole(file, begun + "\n")
            Paths.of(config).next_password(process.name).unlink(missing_ok=True)
            Paths.of(config).password_aside(process.name).unlink(missing_ok=True)
        provide_token(file)


def provide_grafana_password(config: Config) -> str | None:
    """Have the password of Grafana's admin in its file, where Grafana runs: as it is set, or a new one.

    Returns:
        The new one, the first time.

    Raises:
        UnusableTokenFile: a file cannot be made or read.
    """
    file, given = Paths.of(config).password(topology.GRAFANA.name), config.monitoring.grafana_admin_password
    if not config.monitoring.grafana:
        return None
    if given is None:
        is_new = not file.exists()
        made = provide_token(file)
        return made if is_new else None
    if not file.exists() or file.read_text("utf-8") != given.get_secret_value() + "\n":
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_whole(file, given.get_secret_value() + "\n")
    return None


def web_configs(config: Config) -> Iterator[tuple[Process, dict[str, Any]]]:
    """The document of each program that has its password already.

    Raises:
        UnusableTokenFile: a file holds none.
    """
    for process, file in _password_files(config):
        if file.exists():
            yield process, web_config(provide_token(file), _next_password(config, process))


def web_config(password: str, next_password: str | None = None) -> dict[str, Any]:
    """Only `PROGRAM_USER` with this password may ask; the same password gives the same document.

    Args:
        next_password: of `NEXT_USER`, while the password is rotated.
    """
    users = {PROGRAM_USER: password} | ({NEXT_USER: next_password} if next_password is not None else {})
    return {"basic_auth_users": {user: _hash(secret.encode("ascii")) for user, secret in users.items()}}


def with_next_passwords(document: Any, config: Config) -> Any:
    """What Prometheus is told, with the new password of each program whose password is being rotated."""
    paths = Paths.of(config)
    files = [
        process
        for process, _ in _password_files(config)
        if paths.next_password(process.name).exists() and not paths.password_aside(process.name).exists()
    ]
    shown = {
        rendered_path(lambda paths, name=process.name: paths.password(name)): {  # type: ignore[misc]
            "username": NEXT_USER,
            "password_file": rendered_path(lambda paths, name=process.name: paths.next_password(name)),  # type: ignore[misc]
        }
        for process in files
    }
    return _replaced(document, shown) if shown else document


def _replaced(document: Any, shown: Mapping[str, Mapping[str, str]]) -> Any:
    match document:
        case {"password_file": str(file)} if file in shown:
            return dict(shown[file])
        case dict():
            return {name: _replaced(value, shown) for name, value in document.items()}
        case list():
            return [_replaced(value, shown) for value in document]
        case _:
            return document


def _next_password(config: Config, process: Process) -> str | None:
    paths = Paths.of(config)
    for file in (paths.next_password(process.name), paths.password_aside(process.name)):
        if file.exists():
            return provide_token(file)
    return None


def web_config_text(password: str) -> str:
    """The same as the text of its file. JSON is YAML, and a hash needs no care in it."""
    return json.dumps(web_config(password)) + "\n"


def _password_files(config: Config) -> Iterator[tuple[Process, Path]]:
    for process in topology.PROCESSES:
        if process.asks_password:
            yield process, Paths.of(config).password(process.name)


def _hash(password: bytes) -> str:
    # A salt keeps equal passwords from showing, and lists of hashes from helping. These passwords are random, so that
    # one which follows from them does both, and rendering twice writes the same file.
    drawn = base64.b64encode(sha256(b"salt:" + password).digest()[:16]).rstrip(b"=")
    salt = b"$2b$%b$%b" % (_ROUNDS.encode(), drawn.translate(bytes.maketrans(*_ALPHABETS)))
    return bcrypt.hashpw(password, salt).decode("ascii")
