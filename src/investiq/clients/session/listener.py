"""Whose server is at the other end of a connection within this machine: asked before anything is sent over it.

A port is whoever's who binds it first. A key that is sent to a server which is down reaches the next one on its port.
Over HTTPS the certificate tells; to other machines the network has to be trusted. Where there is no /proc, as on
macOS, nobody can tell, and everything is sent.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from investiq.clients.session.errors import ClientError
from investiq.foundation.config import Config, ConfigError, Paths
from investiq.foundation.listeners import connection_user, listeners_reached, owner, user_name

if TYPE_CHECKING:
    import httpx2

__all__ = ["ForeignListener", "TrustedUsers"]


class ForeignListener(ClientError):
    """Another user's program answers where ours should; nothing was sent to it."""

    reason = "foreign_listener"


@dataclass(frozen=True, slots=True)
class TrustedUsers:
    """Users whose servers on this machine may be sent a secret: who runs this process, root, and those named.

    Attributes:
        files: whoever owns one of them knows the secret already; one that does not exist names nobody.
        name: a further user, as the configuration names him.
    """

    files: tuple[Path, ...] = ()
    name: str | None = None
    always: frozenset[int] = field(default_factory=lambda: frozenset({0, os.geteuid()}))

    @classmethod
    def of(cls, config: Config) -> Self:
        """Of this installation: also the owner of its data, whom root may act for, and `client.server_user`."""
        return cls((Paths.of(config).data_dir,), config.client.server_user)

    def ids(self) -> frozenset[int]:
        """Their numbers, now."""
        return self.always | frozenset(self._named())

    def _named(self) -> Iterable[int]:
        for file in self.files:
            with suppress(OSError):
                yield file.stat().st_uid
        if self.name is not None:
            yield _number(self.name)

    def check(self, server: tuple[str, int], client: tuple[str, int]) -> None:
        """Make sure that one of them serves this connection, both ends of which are given.

        Raises:
            ForeignListener: another user does.
        """
        if not _within_this_machine(server[0], client[0]):
            return
        # In this order: a connection that belonged to a listener gone by now has been accepted, or was reset with it.
        reached = listeners_reached(*server[:2])
        accepted = connection_user(server, client)
        users = {listener.user for listener in reached} | ({accepted} if accepted is not None else set())
        if foreign := users - self.ids():
            raise _foreign(server, [one for one in reached if one.user in foreign], min(foreign))

    def hooks(self) -> Mapping[str, list[Callable[[httpx2.Request], None]]]:
        """`event_hooks` of a client that checks every new connection before it sends anything over it."""
        from investiq.clients.session.connection_hooks import blocking_hooks  # noqa: PLC0415  as who only probes

        return blocking_hooks(self.check)

    def async_hooks(self) -> Mapping[str, list[Callable[[httpx2.Request], Awaitable[None]]]]:
        """The same for a client whose requests are awaited."""
        from investiq.clients.session.connection_hooks import async_hooks  # noqa: PLC0415  does without httpx2

        return async_hooks(self.check)


def _number(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise ConfigError(f"client.server_user: this machine has no user {name!r}") from None


def _within_this_machine(server: str, client: str) -> bool:
    return server == client or ip_address(server.partition("%")[0]).is_loopback


def _foreign(server: tuple[str, int], listening: list[Any], user: int) -> ForeignListener:
    who = owner(server[1], listening) if listening else f"a program of user {user_name(user)}"
    return ForeignListener(
        f"port {server[1]} of this machine is held by {who}, so nothing was sent there",
        "end that program, then `investiq up`; where InvestIQ runs as that user on purpose, name it in "
        "client.server_user",
    )
