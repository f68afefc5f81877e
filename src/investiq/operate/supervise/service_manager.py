"""What the supervisor tells the service manager that started it, by the protocol of sd_notify(3)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass

from investiq.operate.supervise.status import Phase, StackSnapshot

__all__ = ["ServiceManager"]

_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """The service manager of this process.

    Attributes:
        address: of its socket; empty where nobody listens.
        watchdog_seconds: it ends whoever is silent for so long; 0 where it does not.
    """

    address: str = ""
    watchdog_seconds: float = 0.0

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> ServiceManager:
        """Who started this process. The variables go: what it starts in its turn is not to speak for it."""
        address, microseconds = environ.pop("NOTIFY_SOCKET", ""), environ.pop("WATCHDOG_USEC", "0")
        is_ours = environ.pop("WATCHDOG_PID", "") in ("", str(os.getpid()))
        return cls(address, int(microseconds) / _MICROSECONDS if is_ours and microseconds.isdigit() else 0.0)

    def tell(self, *lines: str) -> None:
        """Send one message; a service manager that is gone is no reason to end."""
        if not self.address:
            return
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
            contextlib.suppress(OSError),
        ):
            channel.setblocking(False)
            channel.sendto("\n".join(lines).encode(), address)

    async def follow(self, snapshots: AsyncIterator[StackSnapshot]) -> None:
        """Tell how the stack is, from its start to its end."""
        ready = False
        async for snapshot in snapshots:
            if snapshot.phase is Phase.RUNNING and not ready:
                ready = True
                self.tell("READY=1", f"STATUS={_summary(snapshot)}")
            elif snapshot.phase is Phase.STOPPING:
                self.tell("STOPPING=1", "STATUS=stopping")
            else:
                self.tell(f"STATUS={_summary(snapshot)}")

    async def keep_alive(self) -> None:
        """Show that this event loop still turns, twice in the time after which it counts as hung."""
        while self.watchdog_seconds:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_seconds / 2)


def _summary(snapshot: StackSnapshot) -> str:
    known = [part for part in snapshot.parts if not part.optional]
    unwell = [f"{part.name} {part.state}" for part in known if not part.state.is_well]
    return f"{len(known) - len(unwell)} of {len(known)} parts are well" + (f"; {', '.join(unwell)}" if unwell else "")
