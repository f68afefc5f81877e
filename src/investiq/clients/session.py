"""Asks over HTTP, and tells a bad answer from none: what could not be asked is never called well, and never wrong."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from investiq.foundation.errors import InvestIQError

__all__ = ["Answer", "HttpCredentials", "HttpSession", "NotChecked"]

_ANSWER_SECONDS = 10.0
_AT_ONCE = 8
"""Questions under way at the same time: a monitoring that is asked should not feel it."""

_CREDENTIALS = "give credentials: --token-file FILE, or --basic-auth-file FILE with user:password"
_CERTIFICATE = "give --ca-file FILE with the certificates to trust (PEM), or the address by the name in its certificate"
_ADDRESS = "give its base address, such as http://127.0.0.1:9090; `investiq doctor` names who has a port here"
_REDIRECTS = range(300, 400)
_REFUSED = (401, 403, 407)


class NotChecked(InvestIQError):
    """A question could not be asked; the message says why, `fix` what to do."""

    reason = "not_checked"

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class HttpCredentials:
    """How to get at a monitoring that is not this machine's.

    Attributes:
        token_file: holds a bearer token.
        basic_auth_file: holds `user:password`.
        ca_file: certificates to trust, in place of the system's.
    """

    token_file: Path | None = None
    basic_auth_file: Path | None = None
    ca_file: Path | None = None

    def client(self, url: str) -> httpx2.AsyncClient:
        """A client for `url`.

        Raises:
            NotChecked: a file cannot be used.
        """
        return httpx2.AsyncClient(
            headers=self._headers(),
            auth=self._basic(),
            verify=self._context(url),
            timeout=_ANSWER_SECONDS,
            trust_env=not _is_loopback(url),  # a proxy of the environment leads elsewhere than to this machine
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {_line_of(self.token_file)}"} if self.token_file is not None else {}

    def _basic(self) -> httpx2.BasicAuth | None:
        if self.basic_auth_file is None:
            return None
        user, colon, password = _line_of(self.basic_auth_file).partition(":")
        if not colon:
            raise NotChecked(f"{self.basic_auth_file} has no colon", "write user:password into it")
        return httpx2.BasicAuth(user, password)

    def _context(self, url: str) -> ssl.SSLContext:
        if not url.startswith("https:"):
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # saves loading the certificates of the world
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise NotChecked(f"{self.ca_file} holds no certificates ({error})", "give a file in PEM form") from error


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer of any status that is neither a redirect nor a refusal of the credentials."""

    status: int
    text: str
    document: Any
    """The JSON document; None where it is none."""


class HttpSession:
    """Asks a few questions at a time.

    Attributes:
        answered: how many answers came; progress is told by it.
    """

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.answered = 0
        self._client = client
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def ask(self, url: str, params: Mapping[str, str] | None = None) -> Answer:
        """What is answered at `url`.

        Raises:
            NotChecked: nothing answers, or not to us.
        """
        async with self._turn:
            response = await self._response(url, params)
        self.answered += 1
        where = response.request.url.copy_with(query=None)
        if response.status_code in _REDIRECTS:
            to = response.headers.get("location", "nowhere")
            raise NotChecked(f"{where} redirects to {to}", "give the address that it redirects to")
        if response.status_code in _REFUSED:
            raise NotChecked(f"{where} answers {response.status_code}: it wants other credentials", _CREDENTIALS)
        return Answer(response.status_code, response.text, _document(response))

    async def json(self, url: str, params: Mapping[str, str] | None = None, accept: Collection[int] = (200,)) -> Any:
        """The JSON document at `url`.

        Raises:
            NotChecked: nothing answers, not to us, not with one of the statuses `accept`, or not with JSON.
        """
        answer = await self.ask(url, params)
        if answer.status not in accept:
            raise NotChecked(f"{url} answers {answer.status}: {_start(answer.text)}", _ADDRESS)
        if answer.document is None:
            raise NotChecked(f"{url} answers with something else than JSON: {_start(answer.text)}", _ADDRESS)
        return answer.document

    async def _response(self, url: str, params: Mapping[str, str] | None) -> httpx2.Response:
        try:
            return await self._client.get(url, params=params)
        except httpx2.TimeoutException:
            raise NotChecked(f"{url} does not answer within {_ANSWER_SECONDS:g} s", _ADDRESS) from None
        except httpx2.HTTPError as error:
            if untrusted := _untrusted(error):
                raise NotChecked(f"the certificate of {url} is not trusted: {untrusted}", _CERTIFICATE) from error
            raise NotChecked(f"nothing usable answers at {url} ({error or type(error).__name__})", _ADDRESS) from error


def _untrusted(error: BaseException | None) -> str | None:
    """Why a certificate was refused, where that is behind `error`."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error.verify_message if error is not None else None


def _document(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _start(text: str) -> str:
    return repr(" ".join(text.split())[:80])


def _line_of(file: Path) -> str:
    try:
        line = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotChecked(f"{file} cannot be read ({error})", "give a file of one line that you may read") from error
    if not line or not line.isprintable():
        raise NotChecked(f"{file} does not hold one line", "write the secret into it, and nothing else")
    return line


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
