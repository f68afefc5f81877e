"""What the two clients share: settings of the connection, the key, and the translation of failures."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import httpx2

from investiq import __version__
from investiq.clients.session.answer import kind_of_failure, why_untrusted
from investiq.clients.session.credentials import tls_context
from investiq.clients.session.errors import BadResponse, ClientError, TimedOut, Unreachable
from investiq.clients.session.listener import TrustedUsers

__all__ = ["BearerKey", "Settings", "settings", "translate_errors", "trusted_with"]

CONNECT_SECONDS = 2.0
_NEXT_STEP = "is it running? (`investiq status`)"


class BearerKey(httpx2.Auth):
    """Presents the API key. A key given as a path is read again for each request, so that a key which is made or
    replaced later is used without a restart; while the file does not exist, requests go without a key.
    """

    def __init__(self, key: str | Path | None) -> None:
        self._key = key

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the header (the interface of httpx)."""
        if key := self._current():
            request.headers["Authorization"] = f"Bearer {key}"
        yield request

    def _current(self) -> str | None:
        if not isinstance(self._key, Path):
            return self._key
        try:
            return self._key.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None


def trusted_with(key: str | Path | None) -> TrustedUsers:
    """Who may be sent `key`: the owner of its file knows it already."""
    return TrustedUsers((key,) if isinstance(key, Path) else ())


class Settings(TypedDict):
    """Arguments for a client of httpx."""

    base_url: str
    auth: httpx2.Auth
    timeout: httpx2.Timeout
    headers: dict[str, str]
    trust_env: bool
    verify: ssl.SSLContext


def settings(base_url: str, key: str | Path | None, timeout: float) -> Settings:
    """How both clients connect. `timeout` is in seconds, for connecting as well as for waiting."""
    return Settings(
        base_url=base_url.rstrip("/"),
        auth=BearerKey(key),
        timeout=httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
        headers={"User-Agent": f"investiq/{__version__}", "Accept": "application/json"},
        # A proxy from the environment cannot reach a server on our own loopback, and a .netrc would replace the key.
        trust_env=False,
        verify=tls_context(base_url),
    )


@contextmanager
def translate_errors(base_url: str, method: str, path: str) -> Iterator[None]:
    """Turn what the HTTP library raises into our errors."""
    try:
        yield
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
        raise _translated(error, base_url, method, path) from error


def _translated(error: Exception, base_url: str, method: str, path: str) -> ClientError:
    kind = kind_of_failure(error)
    if kind is TimedOut:
        doubt = "" if method == "GET" else "; it may or may not have happened"
        return TimedOut(f"{base_url} did not answer {method} {path} in time{doubt}")
    if kind is BadResponse:
        return BadResponse(f"{method} {base_url}{path} failed: {error}")
    if isinstance(error, httpx2.RemoteProtocolError):
        return Unreachable(f"{base_url} closed the connection before it answered {method} {path}", _NEXT_STEP)
    if untrusted := why_untrusted(error):
        return Unreachable(f"the certificate of {base_url} is not trusted: {untrusted}")
    return Unreachable(f"no answer from {base_url}", _NEXT_STEP)
