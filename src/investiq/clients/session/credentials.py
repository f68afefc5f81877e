"""How to get at a server: credentials, and certificates to trust."""

from __future__ import annotations

import ssl
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from investiq.clients.session.errors import UnusableCredentials
from investiq.foundation.config import Config, Paths
from investiq.foundation.documents.text import UnreadableFile, read_text
from investiq.foundation.topology import API, INBOX, NEXT_USER, OURS, PROGRAM_USER, Process

if TYPE_CHECKING:
    import httpx2

__all__ = ["HttpCredentials", "tls_context"]


@dataclass(frozen=True, slots=True)
class HttpCredentials:
    """How to get at a server.

    Attributes:
        token_file: holds a bearer token.
        basic_auth_file: holds `user:password`.
        ca_file: certificates to trust, in place of the system's.
        own_token, own_password: hold what a part of this installation asks for; read for each request.
        next_password: holds the password that is shown in its place while that is rotated; else it is not there.
    """

    token_file: Path | None = None
    basic_auth_file: Path | None = None
    ca_file: Path | None = None
    own_token: Path | None = None
    own_password: Path | None = None
    next_password: Path | None = None

    @classmethod
    def of(cls, process: Process, config: Config) -> HttpCredentials:
        """What a part of this installation asks for, where it is no API key."""
        if process is INBOX:
            return cls(own_token=Paths.of(config).inbox_token)
        if process is API and process.network_names(config):  # it trusts its own machine only
            return cls(own_token=Paths.of(config).console_key)
        if process.asks_password:
            paths = Paths.of(config)
            next_one = paths.next_password(process.name)
            return cls(own_password=paths.password(process.name), next_password=next_one)
        return cls()

    @classmethod
    def of_metrics(cls, process: Process, config: Config) -> HttpCredentials:
        """What it asks for at /metrics: from this machine, our servers want nothing there, and no token but its own."""
        if process in OURS:
            return cls(own_token=Paths.of(config).metrics_token) if process.network_names(config) else cls()
        return cls.of(process, config)

    def headers(self) -> dict[str, str]:
        """The bearer token, where there is one.

        Raises:
            UnusableCredentials: its file cannot be used.
        """
        if self.token_file is None:
            return {}
        token = _line_of(self.token_file)
        if not token.isascii():
            raise UnusableCredentials(f"{self.token_file} holds what no header can carry", "write the token into it")
        return {"Authorization": f"Bearer {token}"}

    def auth(self) -> httpx2.Auth | None:
        """What is shown with each request, besides the bearer token of `headers`.

        Raises:
            UnusableCredentials: the file of user and password cannot be used.
        """
        from investiq.clients.session.shown import Shown  # noqa: PLC0415  150 ms that who only probes need not pay

        if self.own_token is not None or self.own_password is not None:
            return Shown(self.own_authorization)
        if self.basic_auth_file is None:
            return None
        user, colon, password = _line_of(self.basic_auth_file).partition(":")
        if not colon:
            raise UnusableCredentials(f"{self.basic_auth_file} has no colon", "write user:password into it")
        shown = _basic(user, password)
        return Shown(lambda: shown)

    def own_authorization(self) -> str | None:
        """The header for a part of this installation. Its file is read each time, so that one that is made or replaced
        later is used without a restart. While it does not exist, requests go without: what asks for it says so.
        """
        with suppress(OSError, UnicodeDecodeError):
            if self.own_token is not None:
                return f"Bearer {_secret(self.own_token)}"
            if self.own_password is not None:
                return self._own_basic(self.own_password)
        return None

    def _own_basic(self, file: Path) -> str:
        with suppress(FileNotFoundError):
            if self.next_password is not None:
                return _basic(NEXT_USER, _secret(self.next_password))
        return _basic(PROGRAM_USER, _secret(file))


def _secret(file: Path) -> str:
    return file.read_text("ascii").strip()


def _basic(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode('ascii')}"


def tls_context(url: str, ca_file: Path | None = None) -> ssl.SSLContext:
    """Which certificates to trust at `url`: those of the system, or of `ca_file` in their place.

    Raises:
        UnusableCredentials: the file holds none.
    """
    if not url.startswith("https:"):
        # Plain HTTP needs no certificates; to load those of the world takes longer than most questions do.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UnusableCredentials(f"{ca_file} holds no certificates ({error})", "give a file in PEM form") from error


def _line_of(file: Path) -> str:
    try:
        line = read_text(file).strip()
    except UnreadableFile as error:
        raise UnusableCredentials(error.message, "give a file of one line that you may read") from error
    if not line or not line.isprintable():
        raise UnusableCredentials(f"{file} does not hold one line", "write the secret into it, and nothing else")
    return line
