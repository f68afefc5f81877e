"""Who may ask a monitoring program anything: its `--web.config.file`, read anew for each request.

What it guards is told by `prometheus/exporter-toolkit` (docs/web-configuration.md): every path, health and preflight
requests included.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import bcrypt

from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.files import provide_token
from investiq.foundation.topology import PROGRAM_USER, Process

__all__ = ["WEB_FOLDER", "provide_passwords", "web_config", "web_config_text", "web_configs"]

WEB_FOLDER = "web"
"""Beside the other rendered files."""

_ROUNDS = "05"
"""Nobody guesses 256 random bits, however fast: a slow hash would only let wrong passwords burn the processor."""

_ALPHABETS = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
)


def provide_passwords(config: Config) -> None:
    """Make sure that each program has its password in its file.

    Raises:
        UnusableTokenFile: a file cannot be made or read.
    """
    for _, file in _password_files(config):
        provide_token(file)


def web_configs(config: Config) -> Iterator[tuple[Process, dict[str, Any]]]:
    """The document of each program that has its password already.

    Raises:
        UnusableTokenFile: a file holds none.
    """
    for process, file in _password_files(config):
        if file.exists():
            yield process, web_config(provide_token(file))


def web_config(password: str) -> dict[str, Any]:
    """Only `PROGRAM_USER` with this password may ask; the same password gives the same document."""
    return {"basic_auth_users": {PROGRAM_USER: _hash(password.encode("ascii"))}}


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
