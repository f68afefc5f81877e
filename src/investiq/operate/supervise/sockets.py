"""The listening sockets of our own servers, bound by the supervisor before anything starts and kept until it ends.

Whoever holds a port is who its clients speak to, with their keys and tokens. So no port of ours is ever free while the
stack runs: a part gets its sockets handed over, connections wait in them while it starts or comes back, and
while it is held or has crashed for good they are reset at once.

Browsers and curl try ::1 first where a person writes localhost. So what listens on 127.0.0.1 alone has a twin there,
and the other way round: left free, another user's page would be what people open, with their key or session.

The sockets never stop listening. One that is bound and shut for reading would do, were it not for the kernel: another
user may then bind all addresses beside it (Linux 6.18, SO_REUSEPORT and IPv6) and gets its connections. Of two that
listen, the one of exactly that address gets them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import socket
import struct
import sys
from collections.abc import Iterator, Sequence

__all__ = ["PartSockets", "bind", "bind_twin", "deafen", "with_sockets"]

_BACKLOG = 2048
_AT_ONCE = 100
_NO_MORE_FILES_SECONDS = 1.0
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing resets the connection."""

_TWINS = {"127.0.0.1": (socket.AF_INET6, "::1"), "::1": (socket.AF_INET, "127.0.0.1")}
_NO_SUCH_ADDRESS = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # linux/filter.h: return 0, the bytes of a packet to keep

# sd_listen_fds(3): the sockets are 3 and what follows, in a process whose own number is told. Only it knows that.
_AS_SYSTEMD = """
import fcntl, os, sys
sockets = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 64) for one in sys.argv[1].split(",")]
for number, one in enumerate(sockets, start=3):
    os.dup2(one, number)
os.closerange(3 + len(sockets), 4096)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(sockets)))
os.execv(sys.argv[2], sys.argv[2:])
"""


def with_sockets(argv: Sequence[str], descriptors: Sequence[int], *, as_systemd: bool) -> tuple[str, ...]:
    """The command that serves on these sockets, which it inherits."""
    if not descriptors:
        return tuple(argv)
    if as_systemd:
        return (sys.executable, "-I", "-S", "-c", _AS_SYSTEMD, ",".join(map(str, descriptors)), *argv)
    return (*argv, *(argument for descriptor in descriptors for argument in ("--fd", str(descriptor))))


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on every address of `host`, as a server that binds for itself would have them.

    Raises:
        OSError: it cannot be; nothing stays bound.
    """
    with contextlib.ExitStack() as undo:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        sockets = [undo.enter_context(_listening(family, address)) for family, *_, address in dict.fromkeys(found)]
        undo.pop_all()
    return sockets


def bind_twin(host: str, port: int) -> list[socket.socket]:
    """A socket that listens on the other loopback address; none where `host` is on both, or on neither.

    Raises:
        OSError: somebody else has that port there.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    hosts = {str(address[0]) for *_, address in found}
    twins = [twin for one, twin in _TWINS.items() if one in hosts and twin[1] not in hosts]
    try:
        return [_listening(family, (address, port)) for family, address in twins]
    except OSError as error:
        if error.errno in _NO_SUCH_ADDRESS:  # a machine without IPv6
            return []
        raise


def deafen(listener: socket.socket) -> None:
    """Let it keep its port and take no connection: whoever tries it soon tries the next address of the name.

    A refusal would be quicker, and needs a socket that does not listen: see above. Where the system has no such filter,
    or a container forbids it, the port is given back: a socket that resets would keep people from the next address.
    """
    program = ctypes.create_string_buffer(_DROP_ALL)
    try:
        if sys.platform != "linux":
            raise OSError(errno.ENOPROTOOPT, "no socket filters")
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", 1, ctypes.addressof(program)))
    except OSError:
        listener.close()


def _listening(family: int, address: object) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Connections of a server that has ended may linger without keeping the port from the next.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


class PartSockets:
    """The sockets of one part. Connections wait in them, unless they are turned away."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self._sockets = sockets
        self._turned_away: asyncio.AbstractEventLoop | None = None

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What the part inherits."""
        return tuple(listener.fileno() for listener in self._sockets)

    def offer(self) -> None:
        """Let connections wait for the part, which accepts them when it can."""
        if self._turned_away is not None:
            for descriptor in self.descriptors:
                self._turned_away.remove_reader(descriptor)
            self._turned_away = None

    def turn_away(self) -> None:
        """Reset every connection at once, those that wait too."""
        if self._turned_away is None:
            self._turned_away = asyncio.get_running_loop()
            for listener in self._sockets:
                self._turned_away.add_reader(listener, self._reset, listener)

    def close(self) -> None:
        """Give the ports back."""
        self.offer()
        for listener in self._sockets:
            listener.close()

    def _reset(self, listener: socket.socket) -> None:
        try:
            for connection in _waiting(listener):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                connection.close()
        except OSError:  # no descriptor left: the loop would call again at once, and for ever
            if self._turned_away is not None:
                self._turned_away.remove_reader(listener)
                self._turned_away.call_later(_NO_MORE_FILES_SECONDS, self._again, listener)

    def _again(self, listener: socket.socket) -> None:
        if self._turned_away is not None:
            self._turned_away.add_reader(listener, self._reset, listener)


def _waiting(listener: socket.socket) -> Iterator[socket.socket]:
    """The connections that nobody has accepted yet, so many that the loop gets its turn."""
    for _ in range(_AT_ONCE):
        try:
            yield listener.accept()[0]
        except (BlockingIOError, ConnectionAbortedError):
            return
