"""Replaces the password of a monitoring program while everything runs.

The program knows a user by one password alone, and whoever asks reads user and password at another moment than the
program does. So the new password first belongs to a second user, and both open:

    password   aside   next     the program takes   Prometheus shows   the others show
    old                         old                 old                old
    old        new              old, new            old                old
    old                new      old, new            next               next       (until the overlap is over)
    new                new      new, next           next               next
    new        new     new      new, next           new                next
    new        new              new, next           new                new        (until what was asked is answered)
    new                         new                 new                new

Every line is a state in which everything works, and the next follows from the files alone: whoever is interrupted
rotates again, and the same rotation goes on. The next start of a stack that is down ends it (`provide_passwords`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from investiq.clients.prometheus import Prometheus
from investiq.clients.session import ClientError
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import provide_token, replace_whole
from investiq.foundation.topology import Process
from investiq.operate.render.files import write_runtime
from investiq.operate.render.web_config import with_next_passwords
from investiq.operate.supervise.control import ControlClient, NotRunning
from investiq.operate.supervise.launch import missing_jobs
from investiq.operate.supervise.parts import stack_table
from investiq.operate.supervise.status import ProcessState

__all__ = ["PasswordRotation", "RotationStuck", "is_under_way"]

_LOADED_SECONDS = 30.0
_LOOK_SECONDS = 0.2
_LOOKS = 15
_IN_FLIGHT_SECONDS = 5.0
"""So long a request may be on its way that was made with what was shown before."""


class RotationStuck(InvestIQError):
    """Prometheus does not take its new configuration; both passwords open."""

    reason = "rotation_stuck"


def is_under_way(paths: Paths, program: str) -> bool:
    """Whether a rotation of its password was begun and not ended."""
    return paths.next_password(program).exists() or paths.password_aside(program).exists()


@dataclass(frozen=True)
class PasswordRotation:
    """The rotation of one program's password.

    Args:
        said: gets what it waits for.
    """

    config: Config
    process: Process
    overlap: timedelta
    said: Callable[[str], None]

    async def run(self) -> None:
        """See the module.

        Raises:
            RotationStuck: Prometheus does not follow; run it again once that is mended.
            UnusableTokenFile: a file holds no password.
            OSError: one cannot be written.
        """
        if not self._ends_already():
            self._begin()
            self._render()
            if self._aside.exists():
                self._aside.rename(self._next)
            await self._show()
            if await self._runs(self.process):  # else nobody can be asking it
                self.said(f"both passwords open for {self.overlap.total_seconds():g} s")
                await asyncio.sleep(self.overlap.total_seconds())
            replace_whole(self._file, provide_token(self._next) + "\n")
            self._render()
            replace_whole(self._aside, provide_token(self._next) + "\n")
        await self._show()
        self._next.unlink(missing_ok=True)  # not before: Prometheus has read it for each request
        if await self._runs(self.process):
            await asyncio.sleep(_IN_FLIGHT_SECONDS)
        self._aside.unlink()
        self._render()

    def _ends_already(self) -> bool:
        return self._aside.exists() and provide_token(self._aside) == provide_token(self._file)

    def _begin(self) -> None:
        provide_token(self._file)
        if not is_under_way(Paths.of(self.config), self.process.name):
            replace_whole(self._aside, secrets.token_urlsafe(32) + "\n")

    def _render(self) -> None:
        write_runtime(self.config, Paths.of(self.config).monitoring, missing_jobs(stack_table(self.config)))

    async def _show(self) -> None:
        """Have Prometheus show what the files say, and wait until it does."""
        self._render()
        if not await self._runs(topology.PROMETHEUS):
            return  # it reads the files when it starts
        wanted = _users(with_next_passwords(_as_rendered(self.config), self.config), self._names)
        self.said("waiting for Prometheus to show it")
        try:
            async with asyncio.timeout(_LOADED_SECONDS):
                while not await self._has_loaded(wanted):
                    pass
        except TimeoutError:
            raise RotationStuck(
                f"Prometheus has not taken its new configuration within {_LOADED_SECONDS:g} s, so both passwords of "
                f"{self.process.name} open: see logs/prometheus.log in data_dir, then rotate again"
            ) from None

    async def _has_loaded(self, wanted: set[tuple[str, str]]) -> bool:
        """Ask it once to reload, and look for a while. One that was just starting hears nothing yet."""
        await ControlClient(Paths.of(self.config).run).reload_part(topology.PROMETHEUS.name)
        for _ in range(_LOOKS):
            await asyncio.sleep(_LOOK_SECONDS)
            with suppress(ClientError):
                async with Prometheus.of(self.config) as prometheus:
                    if _users(await prometheus.config(), self._names) == wanted:
                        return True
        return False

    async def _runs(self, process: Process) -> bool:
        try:
            parts = (await ControlClient(Paths.of(self.config).run).status()).parts
        except NotRunning:
            return False
        up = (ProcessState.HEALTHY, ProcessState.UNHEALTHY, ProcessState.STARTING)
        return any(part.name == process.name and part.state in up for part in parts)

    @property
    def _names(self) -> frozenset[str]:
        return frozenset({self._file.name, self._next.name})

    @property
    def _file(self) -> Path:
        return Paths.of(self.config).password(self.process.name)

    @property
    def _next(self) -> Path:
        return Paths.of(self.config).next_password(self.process.name)

    @property
    def _aside(self) -> Path:
        return Paths.of(self.config).password_aside(self.process.name)


def _as_rendered(config: Config) -> Any:
    from investiq.monitoring.scraping.jobs import prometheus_document  # noqa: PLC0415

    return prometheus_document(config, missing_jobs(stack_table(config)))


def _users(document: Any, names: frozenset[str]) -> set[tuple[str, str]]:
    """User and file of each place in prometheus.yml that shows a password from one of the files `names`."""
    match document:
        case {"username": str(user), "password_file": str(file)}:
            name = Path(file).name
            return {(user, name)} if name in names else set()
        case dict():
            return set[tuple[str, str]]().union(*(_users(value, names) for value in document.values()))
        case list():
            return set[tuple[str, str]]().union(*(_users(value, names) for value in document))
        case _:
            return set()
