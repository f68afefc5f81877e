"""The clients. `endpoints` has their methods; here is how each connects, sends and closes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

import httpx2

from investiq.clients.api.call import ApiCall, AwaitingClient, BlockingClient
from investiq.clients.api.endpoints import Endpoints, ReadingEndpoints
from investiq.clients.api.transport import settings, translate_errors, trusted_with
from investiq.clients.session.answer import read_answer, read_answer_blocking
from investiq.clients.session.listener import TrustedUsers
from investiq.foundation.telemetry import tracing
from investiq.foundation.telemetry.logging import request_headers

__all__ = ["AsyncInvestIQClient", "AsyncReadingClient", "InvestIQClient", "SessionClient"]

Answer = TypeVar("Answer")
LOCAL = "http://127.0.0.1:3000"


class InvestIQClient(Endpoints, BlockingClient):
    """Speaks to the API at `base_url`; to be shared between threads. Use it as a context manager, or `close()`.

    Args:
        key: API key, or the file that holds it; None to read from loopback.
        timeout: seconds that a call may take.
        trusted: whose server may be sent the key, where it is on this machine; default: this user's, root's, and that
            of the owner of the key's file.
        transport: replaces the network, in tests.

    Every method raises a `ClientError`: ForeignListener, Unreachable, TimedOut, ApiRefused or
    BadResponse. Nothing is sent twice by
    itself.
    """

    def __init__(
        self,
        base_url: str = LOCAL,
        key: str | Path | None = None,
        *,
        timeout: float = 10.0,
        trusted: TrustedUsers | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout = timeout
        hooks = (trusted or trusted_with(key)).hooks()
        self._http = httpx2.Client(**settings(base_url, key, timeout), transport=transport, event_hooks=hooks)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, call: ApiCall[Answer]) -> Answer:
        """The answer to `call`."""
        with (
            translate_errors(self.base_url, call.method, call.path),
            tracing.call(call.method, self.base_url + call.path) as traced,
            self._http.stream(**call.request_with({**request_headers(), **traced.headers})) as response,
        ):
            traced.answered(response.status_code)
            answer = read_answer_blocking(response, self._timeout)
        return call.parse(answer)


class _AsyncConnection(AwaitingClient):
    """How a client for tasks of an event loop connects. An async context manager, or `aclose()`."""

    def __init__(
        self,
        base_url: str = LOCAL,
        key: str | Path | None = None,
        *,
        timeout: float = 10.0,
        trusted: TrustedUsers | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout = timeout
        hooks = (trusted or trusted_with(key)).async_hooks()
        self._http = httpx2.AsyncClient(**settings(base_url, key, timeout), transport=transport, event_hooks=hooks)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: ApiCall[Answer]) -> Answer:
        """The answer to `call`."""
        # One limit for the whole: an answer that drips in could take for ever.
        with (
            translate_errors(self.base_url, call.method, call.path),
            tracing.call(call.method, self.base_url + call.path) as traced,
        ):
            request = call.request_with({**request_headers(), **traced.headers})
            async with asyncio.timeout(self._timeout), self._http.stream(**request) as response:
                traced.answered(response.status_code)
                answer = await read_answer(response)
        return call.parse(answer)


class AsyncInvestIQClient(Endpoints, _AsyncConnection):
    """The same for tasks of an event loop: its methods are awaited."""


class AsyncReadingClient(ReadingEndpoints, _AsyncConnection):
    """Has no method that changes anything, whatever its key would allow."""


class SessionClient(Endpoints, AwaitingClient):
    """Acts with the secret of one session; without one, it can log in.

    Args:
        connection: a client without a key, which would take the place of the session.
        headers: sent with each request.
    """

    def __init__(
        self, connection: AwaitingClient, session: str | None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._connection = connection
        self._session = session
        self._headers = headers

    async def send(self, call: ApiCall[Answer]) -> Answer:
        """The answer to `call`."""
        credential = {"Authorization": f"Bearer {self._session}"} if self._session else {}
        return await self._connection.send(replace(call, headers={**call.headers, **self._headers, **credential}))
