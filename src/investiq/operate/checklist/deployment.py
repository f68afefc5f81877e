"""The deployment as a point of the checklist gets to know it: clients of what runs, and what `validate` finds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from investiq.clients.alertmanager.client import AlertmanagerReader
from investiq.clients.api import AsyncInvestIQClient
from investiq.clients.api.connection import connect_async
from investiq.clients.inbox import InboxClient
from investiq.clients.prometheus import Prometheus
from investiq.clients.session import HttpSession, HttpSettings, TrustedUsers
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.findings import CheckResult
from investiq.operate.validate.live.run import LIVE_CHECKS, validate_live

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
        outside: the same at the address at which people open the console.
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
    _validated: dict[str, CheckResult] = field(default_factory=dict, init=False)

    async def validated(self, checks: Collection[str] = tuple(LIVE_CHECKS)) -> Sequence[CheckResult]:
        """What these checks of `investiq validate` find; each is made once, however many points ask for it."""
        if missing := [check for check in checks if check not in self._validated]:
            found = await validate_live(self.config, only=missing, tell=self.tell)
            self._validated |= {one.check: one for one in found}
        return [self._validated[check] for check in LIVE_CHECKS if check in checks]


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
        HttpSession("the proxy", topology.console_url(config), nobody) as outside,
    ):
        yield Deployment(
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
