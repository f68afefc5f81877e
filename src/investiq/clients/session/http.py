"""Asks a server: one question with its time limit, a few of them at a time, and each failure as what it means."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import httpx2

from investiq.clients.session.answer import Answer, kind_of_failure, read_answer, why_untrusted
from investiq.clients.session.credentials import HttpCredentials, tls_context
from investiq.clients.session.errors import CREDENTIALS_WANTED, BadResponse, ClientError, Refused, TimedOut, Unreachable
from investiq.clients.session.listener import TrustedUsers
from investiq.clients.session.next_steps import OURS, TYPED, NextSteps
from investiq.foundation.config import Config
from investiq.foundation.telemetry import tracing
from investiq.foundation.telemetry.logging import request_headers
from investiq.foundation.topology import Process

__all__ = ["HttpSession", "HttpSettings", "ServerClient"]

_REDIRECTS = range(300, 400)
_NO_SUCH_PATH = (404, 405)
_SHAPE = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What reading JSON of another shape than expected raises."""
_BROKEN_OFF = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)

Params = Mapping[str, str | int | float | Sequence[str]]


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How to ask.

    Attributes:
        timeout_seconds: of one question, from connecting to the last byte of its answer.
        at_once: questions under way at the same time.
        trusted: whose server may be asked, where it is on this machine; None trusts whoever has the port.
        transport: replaces the network, in tests.
    """

    timeout_seconds: float = 5.0
    at_once: int = 100
    credentials: HttpCredentials = field(default_factory=HttpCredentials)
    trusted: TrustedUsers | None = field(default_factory=TrustedUsers)
    next_steps: NextSteps = OURS
    transport: httpx2.AsyncBaseTransport | None = None


DEFAULT = HttpSettings()


class HttpSession:
    """Asks one server; or several of one machine, by absolute addresses.

    Args:
        name: as it stands within a sentence, such as "the inbox".
        url: base address.
        part: of this installation, whose log may say more.

    Attributes:
        answered: how many answers came; progress is told by it.
    """

    def __init__(self, name: str, url: str, settings: HttpSettings | None = None, *, part: str = "") -> None:
        settings = settings or DEFAULT
        self.answered = 0
        self._name = name
        self._part = part
        self._url = url
        self._settings = settings
        self._next_steps = settings.next_steps
        self._turn = asyncio.Semaphore(settings.at_once)
        self._client = httpx2.AsyncClient(
            base_url=url,
            headers=settings.credentials.headers(),
            auth=settings.credentials.auth(),
            verify=tls_context(url, settings.credentials.ca_file),
            timeout=settings.timeout_seconds,
            # A proxy of the environment leads elsewhere than to this machine, or to a part of this installation.
            trust_env=settings.next_steps is TYPED and not _is_loopback(url),
            transport=settings.transport,
            event_hooks=settings.trusted.async_hooks() if settings.trusted is not None else {},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ask(
        self,
        path: str,
        params: Params | None = None,
        *,
        method: str = "GET",
        body: object = None,
        credentials: HttpCredentials | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """What is answered at `path`, below the base address or absolute.

        Args:
            credentials: in place of those of the session, for an absolute address.
            headers: further ones.

        Raises:
            ForeignListener: another user's program has its port.
            Unreachable, TimedOut: nothing answers.
            Refused: it wants other credentials.
            BadResponse: it leads elsewhere, or does not end.
        """
        options: dict[str, Any] = {"params": params, "json": body, "headers": headers}
        if credentials is not None:
            options["auth"] = credentials.auth()
        async with self._turn:
            answer = await self._exchange(method, path, options)
        self.answered += 1
        if answer.status in _REDIRECTS:
            what = f"{answer.url} redirects to {answer.headers.get('location', 'nowhere')}"
            raise BadResponse(what, self._fix(self._next_steps.redirected))
        if answer.status in CREDENTIALS_WANTED:
            what = f"{answer.url} answers {answer.status}: it wants other credentials"
            raise Refused(what, self._fix(self._next_steps.credentials), status=answer.status)
        return answer

    async def json(self, path: str, params: Params | None = None, accept: Collection[int] = (200,)) -> Any:
        """The JSON document at `path`.

        Raises:
            ClientError: as in `ask`; also BadResponse for a status that is not one of `accept`, and for no JSON.
        """
        answer = await self.ask(path, params)
        if answer.status not in accept:
            raise self.bad_status(answer)
        if answer.document is None:
            raise self.not_its_json(answer)
        return answer.document

    async def change(self, method: str, path: str, body: object = None) -> Answer:
        """The answer to a change that was made.

        Raises:
            ClientError: as in `ask`; also Refused where the server does not take it, and BadResponse where it fails.
        """
        answer = await self.ask(path, method=method, body=body)
        if 400 <= answer.status < 500:
            said = f"{answer.status}: {' '.join(answer.text.split())[:200]}"
            raise Refused(f"{self._name} at {self._url} refuses it ({said})", status=answer.status, said=said)
        if not answer.is_success:
            raise self.bad_status(answer)
        return answer

    @contextmanager
    def reading(self, path: str) -> Iterator[None]:
        """What is read inside comes from the JSON at `path`.

        Raises:
            BadResponse: it is of another shape.
        """
        try:
            yield
        except _SHAPE as error:
            how = f"its JSON is not as expected: {type(error).__name__}: {error}"
            raise self._foreign(self._absolute(path), how) from error

    def bad_status(self, answer: Answer) -> BadResponse:
        """It is not what its status says that one can go on with."""
        if answer.status in _NO_SUCH_PATH:  # whatever is asked here, that server has
            return self._foreign(answer.url, f"{answer.status}: {_start(answer.text)}")
        what = f"{answer.url} answers {answer.status}: {_start(answer.text)}"
        return BadResponse(what, self._fix(self._next_steps.bad_status))

    def not_its_json(self, answer: Answer) -> BadResponse:
        """It is something else than what that server says."""
        return self._foreign(answer.url, f"with something else than its JSON: {_start(answer.text)}")

    async def _exchange(self, method: str, path: str, options: Mapping[str, Any]) -> Answer:
        try:
            # httpx2 limits each step by itself: an answer that drips in could take for ever.
            async with asyncio.timeout(self._settings.timeout_seconds):
                try:
                    return await self._once(method, path, options)
                except _BROKEN_OFF:
                    # A kept connection that the server closed meanwhile. To read again is safe, to change again is not.
                    if method != "GET":
                        raise
                    return await self._once(method, path, options)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            raise self._translated(error, self._absolute(path), method) from error

    async def _once(self, method: str, path: str, options: Mapping[str, Any]) -> Answer:
        with tracing.call(method, self._absolute(path)) as call:
            headers = {**request_headers(), **(options.get("headers") or {}), **call.headers}
            async with self._client.stream(method, path, **{**options, "headers": headers}) as response:
                call.answered(response.status_code)
                return await read_answer(response)

    def _translated(self, error: Exception, url: str, method: str) -> ClientError:
        kind, why = kind_of_failure(error), str(error) or type(error).__name__
        if kind is TimedOut:
            doubt = "" if method == "GET" else "; it may or may not have happened"
            what = f"{self._name} at {url} did not answer in time ({self._settings.timeout_seconds:g} s){doubt}"
            return TimedOut(what, self._fix(self._next_steps.timed_out))
        if kind is BadResponse:
            return self._foreign(url, why)
        if untrusted := why_untrusted(error):
            what = f"the certificate of {url} is not trusted: {untrusted}"
            return Unreachable(what, self._fix(self._next_steps.certificate))
        what = self._next_steps.silent.format(server=self._name, base=self._url, url=url, why=why)
        return Unreachable(what, self._fix(self._next_steps.unreachable))

    def _foreign(self, url: str, how: str) -> BadResponse:
        what = f"{url} answers, but not as {self._name} does ({how})"
        return BadResponse(what, self._fix(self._next_steps.foreign))

    def _fix(self, next_step: str) -> str:
        return next_step.format(server=self._name, part=self._part)

    def _absolute(self, path: str) -> str:
        return path if "://" in path else f"{self._url}{path}"


class ServerClient:
    """What the clients of all servers share; an async context manager.

    Every method that asks may raise each `ClientError`.

    Args:
        url: base address.
    """

    name: ClassVar[str]
    process: ClassVar[Process]

    def __init__(self, url: str, settings: HttpSettings | None = None) -> None:
        self.url = url
        self.http = HttpSession(self.name, url, settings, part=self.process.name)

    @classmethod
    def of(cls, config: Config, settings: HttpSettings | None = None) -> Self:
        """For the server of this installation, with the password that it asks for."""
        credentials, trusted = HttpCredentials.of(cls.process, config), TrustedUsers.of(config)
        settings = replace(settings or DEFAULT, credentials=credentials, trusted=trusted)
        return cls(cls.process.url(config), settings)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self.http.aclose()


def _start(text: str) -> str:
    return repr(" ".join(text[:400].split())[:80])


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
