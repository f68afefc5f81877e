"""What the two clients share: settings of the connection, the key, and the translation of failures."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import httpx2

from investiq import __version__
from investiq.clients.api.errors import BadResponse, TimedOut, Unreachable

__all__ = ["BearerKey", "Settings", "settings", "translate_errors"]

CONNECT_SECONDS = 2.0


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


class Settings(TypedDict):
    """Arguments for a client of httpx."""

    base_url: str
    auth: httpx2.Auth
    timeout: httpx2.Timeout
    headers: dict[str, str]
    trust_env: bool
    verify: ssl.SSLContext | bool


def settings(base_url: str, key: str | Path | None, timeout: float) -> Settings:
    """How both clients connect. `timeout` is in seconds, for connecting as well as for waiting."""
    return Settings(
        base_url=base_url.rstrip("/"),
        auth=BearerKey(key),
        timeout=httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
        headers={"User-Agent": f"investiq/{__version__}", "Accept": "application/json"},
        # A proxy from the environment cannot reach a server on our own loopback, and a .netrc would replace the key.
        trust_env=False,
        # Plain HTTP needs no certificates; to load those of the world takes longer than most calls do.
        verify=True if base_url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )


@contextmanager
def translate_errors(base_url: str, method: str, path: str) -> Iterator[None]:
    """Turn what the HTTP library raises into our errors."""
    try:
        yield
    except httpx2.TimeoutException as error:
        doubt = "" if method == "GET" else "; it may or may not have happened"
        raise TimedOut(f"{base_url} did not answer {method} {path} in time{doubt}") from error
    except (httpx2.NetworkError, httpx2.ProxyError) as error:
        raise Unreachable(f"no answer from {base_url}: is it running? (`investiq status`)") from error
    except httpx2.RemoteProtocolError as error:
        raise Unreachable(f"{base_url} closed the connection before it answered {method} {path}") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise BadResponse(f"{method} {base_url}{path} failed: {error}") from error
