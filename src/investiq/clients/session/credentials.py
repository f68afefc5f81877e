"""How to get at a server that is not this machine's: credentials, and certificates to trust."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx2

from investiq.clients.session.errors import UnusableCredentials

__all__ = ["HttpCredentials", "tls_context"]


@dataclass(frozen=True, slots=True)
class HttpCredentials:
    """How to get at a server that is not this machine's.

    Attributes:
        token_file: holds a bearer token.
        basic_auth_file: holds `user:password`.
        ca_file: certificates to trust, in place of the system's.
    """

    token_file: Path | None = None
    basic_auth_file: Path | None = None
    ca_file: Path | None = None

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

    def basic(self) -> httpx2.BasicAuth | None:
        """User and password, where there are some.

        Raises:
            UnusableCredentials: their file cannot be used.
        """
        if self.basic_auth_file is None:
            return None
        user, colon, password = _line_of(self.basic_auth_file).partition(":")
        if not colon:
            raise UnusableCredentials(f"{self.basic_auth_file} has no colon", "write user:password into it")
        return httpx2.BasicAuth(user, password)


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
        line = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableCredentials(
            f"{file} cannot be read ({error})", "give a file of one line that you may read"
        ) from error
    if not line or not line.isprintable():
        raise UnusableCredentials(f"{file} does not hold one line", "write the secret into it, and nothing else")
    return line
