"""Who is logged in at the browser that asks: the API says, and what it said is remembered for a moment."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeVar

import httpx2

from investiq.clients.api import ApiRefused, AsyncInvestIQClient, SessionClient
from investiq.clients.session import ClientError
from investiq.foundation.config import Config, Paths
from investiq.foundation.contract.api import NewSession, Session
from investiq.foundation.contract.console import CONSOLE_HEADER, ORIGIN_HEADER
from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import Access
from investiq.serve.http.moving_window import MovingWindow
from investiq.serve.web.browser_session import person_at, presented
from investiq.serve.web.sources import API_SECONDS, api_url

__all__ = ["Logins", "NotLoggedIn", "SessionEnded", "TooManyAttempts", "Who"]

SHOWN_SECONDS = 10.0
"""How long it is shown who is logged in without asking again; before a change, the API is asked each time."""

ATTEMPTS_A_MINUTE = 30
"""Wrong keys, links and sessions. Nobody guesses one: it spares the API, and what this machine may ask of it."""

_REMEMBERED = 1_000

Value = TypeVar("Value")


class NotLoggedIn(InvestIQError):
    """The request shows no session."""

    reason = "not_logged_in"


class SessionEnded(NotLoggedIn):
    """The request shows a session that has ended, or none of this installation."""

    reason = "session_ended"


class TooManyAttempts(InvestIQError):
    """So many wrong credentials came that no more are tried for a while."""

    reason = "too_many_attempts"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who is logged in.

    Attributes:
        name: of the key.
        session: the id of the session.
    """

    name: str
    scope: Access
    session: str
    expires_at: datetime

    @classmethod
    def of(cls, session: Session) -> Who:
        until = datetime.fromisoformat(session["expires_at"])
        return cls(session["name"], Access(session["scope"]), session["id"], until)


class Logins:
    """Logs in and out, and recognises who has logged in.

    Its connection to the API has no key: what is done over it is done by somebody who is logged in, or not at all.
    """

    def __init__(
        self,
        config: Config,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = AsyncInvestIQClient(api_url(config), timeout=API_SECONDS, transport=transport)
        self._clock = clock
        self._token = Paths.of(config).console_token if config.client.url is None else None
        self._known: OrderedDict[str, tuple[Who, float]] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._attempts = _Attempts()

    async def log_in(self, *, key: str | None = None, link: str | None = None) -> NewSession:
        """A session for who shows this.

        Raises:
            TooManyAttempts: of wrong ones.
            ClientError: the API refuses it, or does not answer.
        """
        self._attempts.check()
        try:
            return await self._acting(None).log_in(key=key, link=link)
        except ApiRefused as error:
            if error.status == 401:
                self._attempts.count()
            raise

    async def log_out(self) -> None:
        """End the session that the present request shows, if it shows one.

        Raises:
            ClientError: the API does not answer: the session lives on until it ends by itself.
        """
        secret = presented()
        if secret is None:
            return
        try:
            await self.client(secret).log_out()
        except ApiRefused as error:
            if error.status != 401:  # it has ended before
                raise
        self._forget(secret)

    async def shown(self) -> Who | None:
        """Who is shown as logged in; what is only shown may be some seconds old."""
        try:
            return (await self.recognise(asked_seconds_ago=SHOWN_SECONDS))[1]
        except InvestIQError:
            return None

    async def recognise(self, asked_seconds_ago: float = 0.0) -> tuple[str, Who]:
        """The secret that the present request shows, and whose it is.

        While the API does not answer, whom it knew before is believed until the session ends by itself: a silence must
        be possible just then, and everything else asks the API again.

        Raises:
            NotLoggedIn, SessionEnded: it shows none, or one that has ended.
            TooManyAttempts: nothing unknown is tried for a while.
            ClientError: the API does not answer, and this one was not known.
        """
        secret = presented()
        if secret is None:
            raise NotLoggedIn("not logged in")
        digest = _digest(secret)
        who, asked_at = self._known.get(digest, (None, 0.0))
        if who is not None and self._clock() - asked_at < asked_seconds_ago and datetime.now(UTC) < who.expires_at:
            return secret, who
        try:
            return secret, await self._ask(secret, digest, known=who is not None)
        except ClientError:
            if who is None or datetime.now(UTC) >= who.expires_at:
                raise
            return secret, who

    def client(self, secret: str) -> SessionClient:
        """The API as it is for who has this session."""
        return self._acting(secret)

    def _acting(self, secret: str | None) -> SessionClient:
        return SessionClient(self._connection, secret, self._introduction())

    def _introduction(self) -> dict[str, str]:
        """From where the person comes, and that it is the console that says so; to the API of this machine alone."""
        origin = person_at()
        if origin is None or self._token is None:
            return {}
        try:
            return {CONSOLE_HEADER: self._token.read_text("ascii").strip(), ORIGIN_HEADER: origin}
        except (OSError, UnicodeDecodeError):
            return {}  # then the audit log has the address of the console

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connection.aclose()

    async def _ask(self, secret: str, digest: str, *, known: bool) -> Who:
        if digest in self._ended:
            raise SessionEnded("the session has ended")
        if not known:
            self._attempts.check()
        try:
            who = Who.of(await self.client(secret).session())
        except ApiRefused as error:
            if error.status not in (401, 404):
                raise
            if not known:
                self._attempts.count()
            self._forget(secret)
            raise SessionEnded("the session has ended") from error
        _remember(self._known, digest, (who, self._clock()))
        return who

    def _forget(self, secret: str) -> None:
        self._known.pop(_digest(secret), None)
        # A page that was left open goes on showing it: the API need not hear of it again.
        _remember(self._ended, _digest(secret), None)


class _Attempts:
    """Counts wrong credentials, whoever sends them: behind a proxy, all come from one address."""

    def __init__(self) -> None:
        self._window = MovingWindow(ATTEMPTS_A_MINUTE)

    def check(self) -> None:
        if not self._window.remaining():
            raise TooManyAttempts("too many failed logins: try again in a minute")

    def count(self) -> None:
        self._window.take()


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _remember(memory: OrderedDict[str, Value], digest: str, what: Value) -> None:
    memory[digest] = what
    memory.move_to_end(digest)
    while len(memory) > _REMEMBERED:
        memory.popitem(last=False)
