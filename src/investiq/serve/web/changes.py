"""The callbacks that change something, and who may do so.

What a page reads, it reads by clients that can change nothing (`sources`). Whatever can is in an `Actor`, and an actor
is made here alone, for a callback that was declared here, from the session of who sent the request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import structlog
from dash import Dash
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from investiq.clients.alertmanager.client import Alertmanager
from investiq.clients.api import SessionClient
from investiq.foundation.config import Config
from investiq.foundation.contract.access import covers
from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import Access
from investiq.serve.web.browser_session import answer_with
from investiq.serve.web.logins import Logins, NotLoggedIn, SessionEnded, TooManyAttempts, Who
from investiq.serve.web.permission import insufficient, refusal_notice
from investiq.serve.web.silencer import Silencer
from investiq.serve.web.sources import Transports, settings

__all__ = ["Actor", "Changes"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who is logged in and may do what a callback does.

    Attributes:
        client: the API, asked with this one's session: it decides again.
        silencer: Alertmanager, which knows nobody: that this one may, was asked before.
    """

    who: Who
    client: SessionClient
    silencer: Silencer


class Changes:
    """Declares the callbacks that change something.

    Attributes:
        declared: the output of each, with the access that it needs.
    """

    def __init__(self, config: Config, transports: Transports) -> None:
        self.declared: dict[str, Access] = {}
        self.logins = Logins(config, transports.api)
        self._alertmanager = Alertmanager.of(config, settings(transports.alertmanager))
        self._silencer = Silencer(self._alertmanager)

    def callback(
        self,
        app: Dash,
        *dependencies: Any,
        needs: Access,
        to: str,
        refused: Callable[[Component], Any],
        asked: Callable[..., bool] = lambda *_: True,
        **options: Any,
    ) -> Callable[[Callable[..., Awaitable[Any]]], None]:
        """A decorator: the callback gets an `Actor` before what Dash gives it, or is not called at all.

        Args:
            needs: the access of who may do this.
            to: what it does, as it stands after "Log in to".
            refused: the callback's outputs for somebody who may not: they show this, and keep what was typed.
            asked: whether somebody asked for the change; Dash also calls when a button is drawn anew.
        """

        def register(change: Callable[..., Awaitable[Any]]) -> None:
            @wraps(change)
            async def checked(*arguments: Any) -> Any:
                if not asked(*arguments):
                    raise PreventUpdate
                try:
                    actor = await self._actor(needs, to)
                except InvestIQError as error:
                    answer_with(_STATUSES.get(type(error), 503))
                    _log.warning("change_refused", to=to, reason=error.reason)
                    return refused(refusal_notice(error, to))
                return await change(actor, *arguments)

            before = set(app.callback_map)
            app.callback(*dependencies, **options)(checked)
            self.declared |= dict.fromkeys(set(app.callback_map) - before, needs)

        return register

    async def aclose(self) -> None:
        """Close all connections."""
        await self.logins.aclose()
        await self._alertmanager.aclose()

    async def _actor(self, needs: Access, to: str) -> Actor:
        secret, who = await self.logins.recognise()
        if not covers(who.scope, needs):
            raise NotEntitled(insufficient(who.name, who.scope, needs, to))
        return Actor(who, self.logins.client(secret), self._silencer)


class NotEntitled(InvestIQError):
    """Who is logged in has a key that does not allow this."""

    reason = "insufficient_scope"


_STATUSES = {NotLoggedIn: 401, SessionEnded: 401, NotEntitled: 403, TooManyAttempts: 429}
