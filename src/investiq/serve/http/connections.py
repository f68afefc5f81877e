"""What connections may cost: bounded headers, a deadline for each thing that a client owes, a bounded number of them.

uvicorn bounds the size of headers, where h11 reads them, and closes idle connections. The rest is here, on the hooks of
its `H11Protocol`: tests/serve/http/test_connections.py says what is expected of them, and pyproject.toml admits no
other minor version.

When a peer, or all together, have as many connections as they may, a new one takes the place of one that waits for its
client: first of one that has never sent a whole request, then of one that is idle. So whoever sends its request at
once, as Alertmanager's heartbeat and the command line do, is served while thousands of others hang.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import h11
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from investiq.serve.http.access import address_bucket, parse_address
from investiq.serve.http.problems import problem_response

__all__ = ["MAX_HEADER_BYTES", "BoundedConnection", "ConnectionTable", "Deadlines", "raise_descriptor_limit"]

_log = structlog.get_logger(__name__)

MAX_HEADER_BYTES: Final = 32 * 1024
"""Of a request line with its headers."""

MOST_CONNECTIONS: Final = 1_000
RESERVED_DESCRIPTORS: Final = 100
"""For the ledger, the logs, and whom we call ourselves."""

_REMINDER_SECONDS = 60.0
_CLOSE_WAIT = 8  # tcp_states.h: the other end has closed


class Owed(Enum):
    """What a connection waits for."""

    FIRST_BYTE = auto()
    HEADERS = auto()
    BODY = auto()
    READING = auto()
    """That the client takes what was sent."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """In how many seconds a client must have done what it owes."""

    first_byte: float = 10.0
    headers: float = 10.0
    body: float = 30.0
    reading: float = 30.0

    def of(self, owed: Owed) -> float:
        """Those of one thing."""
        seconds: float = getattr(self, owed.name.lower())
        return seconds


def raise_descriptor_limit() -> int:
    """Let this process open as many files as the system allows it; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class ConnectionTable:
    """The open connections of a server by peer, oldest first.

    Args:
        most: in all.
        most_of_a_peer: with one address; of IPv6, with one /64.
    """

    def __init__(self, most: int, most_of_a_peer: int) -> None:
        self.most = most
        self.most_of_a_peer = most_of_a_peer
        self._peers: dict[str, dict[BoundedConnection, None]] = {}
        self._count = 0
        self._told_at = -_REMINDER_SECONDS

    @classmethod
    def for_descriptors(cls, descriptors: int) -> ConnectionTable:
        """What fits into so many open files; a single peer gets a quarter of it."""
        unbounded = descriptors == resource.RLIM_INFINITY
        free = MOST_CONNECTIONS if unbounded else descriptors - RESERVED_DESCRIPTORS
        most = max(20, min(MOST_CONNECTIONS, free))
        return cls(most, most // 4)

    def admit(self, connection: BoundedConnection) -> bool:
        """Take a new connection in; False when there is no place, and none that waits could make one."""
        own = self._peers.get(connection.peer, {})
        if len(own) >= self.most_of_a_peer and not self._make_room(connection.peer):
            return False
        if self._count >= self.most and not self._make_room(max(self._peers, key=lambda peer: len(self._peers[peer]))):
            return False
        self._peers.setdefault(connection.peer, {})[connection] = None
        self._count += 1
        return True

    def release(self, connection: BoundedConnection) -> None:
        """Forget a connection; nothing happens when it is not known."""
        own = self._peers.get(connection.peer, {})
        if connection in own:
            del own[connection]
            self._count -= 1
        if not own:
            self._peers.pop(connection.peer, None)

    def _make_room(self, peer: str) -> bool:
        victim = _least_useful(self._peers[peer])
        self._tell(peer, found=victim is not None)
        if victim is None:
            return False
        self.release(victim)
        victim.transport.abort()
        return True

    def _tell(self, peer: str, *, found: bool) -> None:
        if time.monotonic() - self._told_at >= _REMINDER_SECONDS:
            self._told_at = time.monotonic()
            outcome = "the oldest that waited were closed" if found else "a new one was refused"
            _log.warning("too_many_connections", peer=peer, of_peer=len(self._peers[peer]), outcome=outcome)


def _least_useful(connections: Iterable[BoundedConnection]) -> BoundedConnection | None:
    waiting = [connection for connection in connections if connection.waits_for_client]
    return next((connection for connection in waiting if connection.cycle is None), next(iter(waiting), None))


def _has_gone(connection: socket.socket) -> bool:
    if not hasattr(socket, "TCP_INFO") or connection.family == socket.AF_UNIX:
        return False
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _CLOSE_WAIT


class BoundedConnection(H11Protocol):
    """One connection; uvicorn makes it, with what `serve` has bound to `table` and `deadlines`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        table: ConnectionTable,
        deadlines: Deadlines,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.peer = ""
        self._table = table
        self._deadlines = deadlines
        self._owed: Owed | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def waits_for_client(self) -> bool:
        """Nothing of ours is under way: it owes us something, or it is idle."""
        return self._owed is not None or self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it in, or close it at once: for want of room, or because its client has given up.

        A request that waited for a restart must not be obeyed long after whoever sent it has gone.
        """
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn says which transport it means
        self.peer = address_bucket(parse_address(self.client[0]) if self.client else None)
        if not _has_gone(self.transport.get_extra_info("socket")) and self._table.admit(self):
            self._expect(Owed.FIRST_BYTE)
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give its place free."""
        self._expect(None)
        self._unset_keepalive_if_required()
        self._table.release(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and wait for the rest of what has begun."""
        super().data_received(data)
        if not self.flow.write_paused and not self.transport.is_closing():
            self._expect(self._unfinished())

    def on_response_complete(self) -> None:
        """An answer is out, and must be read: also when the connection is closed behind it."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._expect(Owed.READING)

    def pause_writing(self) -> None:
        """The client does not read."""
        super().pause_writing()
        self._expect(Owed.READING)

    def resume_writing(self) -> None:
        """It has read."""
        super().resume_writing()
        self._expect(Owed.BODY if self.conn.their_state is h11.SEND_BODY else None)

    def timeout_keep_alive_handler(self) -> None:
        """It was idle for too long. Closing alone would wait until it has read what was sent."""
        super().timeout_keep_alive_handler()
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or too much of it, like every other failure."""
        self._refuse(400, "bad_request", f"this is no HTTP request, or it has over {MAX_HEADER_BYTES} bytes of headers")

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: there are no WebSockets here, and who asks for one gets the answer to a plain request."""

    def _unfinished(self) -> Owed | None:
        return {h11.IDLE: Owed.HEADERS, h11.SEND_BODY: Owed.BODY}.get(self.conn.their_state)

    def _expect(self, owed: Owed | None) -> None:
        """Wait for `owed`; a deadline that runs for it already runs on."""
        if owed is self._owed:
            return
        if self._deadline is not None:
            self._deadline.cancel()
        self._owed = owed
        self._deadline = None
        if owed is not None:
            self._deadline = self.loop.call_later(self._deadlines.of(owed), self._is_late, owed)

    def _is_late(self, owed: Owed) -> None:
        self._expect(None)
        if owed is Owed.READING:
            if self.transport.get_write_buffer_size():
                self.transport.abort()
        elif owed is Owed.FIRST_BYTE:
            self.transport.abort()
        else:
            seconds = self._deadlines.of(owed)
            self._refuse(
                408, "request_timeout", f"the {owed.name.lower()} of the request took longer than {seconds:g} s"
            )

    def _refuse(self, status: int, reason: str, message: str) -> None:
        """Answer by ourselves, where no answer has begun, and close the connection."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        if self.cycle is not None:
            self.cycle.disconnected = True  # the application must not answer too
        headers = {"connection": "close", "cache-control": "no-store", "x-content-type-options": "nosniff"}
        answer = problem_response({}, status, reason, message, headers)
        head = h11.Response(status_code=status, headers=answer.raw_headers, reason=b"")
        for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        if self.transport.get_write_buffer_size():
            self._expect(Owed.READING)
