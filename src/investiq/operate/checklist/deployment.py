"""The deployment as a point of the checklist gets to know it: clients of what runs, and what `validate` finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from investiq.clients.alertmanager.client import AlertmanagerReader
from investiq.clients.api import AsyncInvestIQClient
from investiq.clients.api.connection import connect_async
from investiq.clients.inbox import InboxClient
from investiq.clients.prometheus import Prometheus
from investiq.clients.session import HttpSession, HttpSettings, TrustedUsers
from investiq.foundation.config import Config
from investiq.foundation.findings import CheckResult
from investiq.operate.validate.live.run import validate_live

__all__ = ["Deployment", "open_deployment"]

Tell = Callable[[str], None]

_ANSWER_SECONDS = 10.0
_STRANGER_SECONDS = 3.0


@dataclass(slots=True, kw_only=True)
class Deployment:
    """What runs.

    Attributes:
        own: asks the parts of this machine, each with the credentials that are given for it.
        stranger: asks as somebody who has no credentials, whoever listens.
        outside: the same at `web.public_url`, where that is set.
        tell: is told what goes on.
    """

    config: Config
    prometheus: Prometheus
    alertmanager: AlertmanagerReader
    inbox: InboxClient
    api: AsyncInvestIQClient
    own: HttpSession
    stranger: HttpSession
    outside: HttpSession
    tell: Tell
    _validated: asyncio.Task[list[CheckResult]] | None = field(default=None, init=False)

    async def validated(self, checks: Collection[str] = ()) -> Sequence[CheckResult]:
        """What `investiq validate` finds now: all of it, or these checks. It is asked once, however many points ask."""
        if self._validated is None:
            self._validated = asyncio.create_task(validate_live(self.config, tell=self.tell))
        # A point that may wait no longer must not take the answer from the others.
        found = await asyncio.shield(self._validated)
        return [one for one in found if not checks or one.check in checks]

    async def end(self) -> None:
        """Ask nothing any more."""
        if self._validated is not None:
            self._validated.cancel()
            await asyncio.wait([self._validated])


@asynccontextmanager
async def open_deployment(config: Config, tell: Tell = lambda _: None) -> AsyncIterator[Deployment]:
    """The deployment that `config` describes, as long as it is looked at."""
    trusted = TrustedUsers.of(config)
    near = HttpSettings(timeout_seconds=_ANSWER_SECONDS, trusted=trusted)
    nobody = HttpSettings(timeout_seconds=_STRANGER_SECONDS, trusted=None)
    async with (
        Prometheus.of(config, near) as prometheus,
        AlertmanagerReader.of(config, near) as alertmanager,
        InboxClient.of(config, near) as inbox,
        connect_async(config, _ANSWER_SECONDS) as api,
        HttpSession("the part", "http://127.0.0.1", near) as own,
        HttpSession("the part", "http://127.0.0.1", nobody) as stranger,
        HttpSession("the proxy", config.web.public_url or "http://127.0.0.1", nobody) as outside,
    ):
        deployment = Deployment(
            config=config,
            prometheus=prometheus,
            alertmanager=alertmanager,
            inbox=inbox,
            api=api,
            own=own,
            stranger=stranger,
            outside=outside,
            tell=tell,
        )
        try:
            yield deployment
        finally:
            await deployment.end()
