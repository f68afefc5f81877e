"""Registries of images: the digest that a tag stands for, by the OCI distribution specification and Docker's tokens.

https://github.com/opencontainers/distribution-spec, https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx2

from investiq.clients.session import BadResponse, Refused, TimedOut, Unreachable

__all__ = ["Registry"]

_DOCKER_HUB: Final = "registry-1.docker.io"
_MANIFESTS: Final = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')
_UNAUTHORIZED: Final = 401
_MOST_BYTES: Final = 1 << 20
"""Of a token's document."""


class Registry:
    """Asks registries anonymously, by HTTPS; one on this machine without it. A context manager."""

    def __init__(self, seconds: float = 15.0) -> None:
        self._http = httpx2.Client(timeout=seconds)

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def digest(self, repository: str, tag: str) -> str:
        """What `repository:tag` stands for now: `sha256:` and 64 hexadecimal digits.

        Raises:
            Unreachable, TimedOut: the registry does not answer.
            Refused: it has no such image, or wants a log-in.
            BadResponse: it answers something else.
        """
        host, name = _place(repository)
        url = f"{_scheme(host)}://{host}/v2/{name}/manifests/{tag}"
        answer = self._ask("HEAD", url, {"Accept": _MANIFESTS})
        if answer.status_code == _UNAUTHORIZED:
            token = self._token(answer.headers.get("www-authenticate", ""), url)
            answer = self._ask("HEAD", url, {"Accept": _MANIFESTS, "Authorization": f"Bearer {token}"})
        if answer.status_code != 200:
            raise Refused(f"{url} answers {answer.status_code}", status=answer.status_code)
        digest = answer.headers.get("docker-content-digest", "")
        if not _DIGEST.fullmatch(digest):
            raise BadResponse(f"{url} names no digest", "is it a registry?")
        return digest

    def _token(self, challenge: str, asked: str) -> str:
        """What the registry's own server of tokens gives to anybody who only reads."""
        scheme, _, rest = challenge.partition(" ")
        named = dict(_PARAMETER.findall(rest))
        realm = urlsplit(named.pop("realm", ""))
        host = urlsplit(asked).netloc
        if scheme.lower() != "bearer" or realm.scheme != _scheme(realm.netloc) or not realm.netloc:
            raise BadResponse(f"{asked} asks for a log-in that is not known here: {challenge[:100]!r}")
        wanted = {key: named[key] for key in ("service", "scope") if key in named}
        answer = self._ask("GET", realm.geturl(), {}, wanted)
        try:
            document = answer.json() if answer.status_code == 200 and len(answer.content) <= _MOST_BYTES else {}
            token = document.get("token") or document.get("access_token")
        except (ValueError, AttributeError):
            token = None
        if not isinstance(token, str) or not token.isprintable():
            raise Refused(f"{realm.netloc} gives no token for {host}", status=answer.status_code)
        return token

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], params: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        try:
            return self._http.request(method, url, headers=headers, params=params)
        except httpx2.TimeoutException as error:
            raise TimedOut(f"{url} does not answer in time", "try again later") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise Unreachable(f"{url} cannot be reached ({type(error).__name__})", "try where it can be") from error


def _place(repository: str) -> tuple[str, str]:
    """Host and name as Docker reads them: without a host it is Docker Hub, whose own images are in `library`."""
    first, slash, rest = repository.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return _DOCKER_HUB, repository if slash else f"library/{repository}"


def _scheme(host: str) -> str:
    return "http" if host.partition(":")[0] in ("localhost", "127.0.0.1") else "https"
