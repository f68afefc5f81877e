"""Another user's program that wants the connections to a port: binds it in every way there is, and counts what it gets.

`port_thief.py ADDRESS PORT SOCKETS SECONDS` prints how many of its own connections to ADDRESS it was given, with so
many sockets at once and so much patience. Two sockets work on a port that is bound but does not listen: after the
first, the kernel skips its check of the second.
"""

from __future__ import annotations

import itertools
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing

ADDRESSES = ("127.0.0.1", "127.0.0.2", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1")  # noqa: S104  the point of it
OPTIONS = ((), (socket.SO_REUSEADDR,), (socket.SO_REUSEPORT,), (socket.SO_REUSEADDR, socket.SO_REUSEPORT))
Way = tuple[str, tuple[int, ...], bool]


def ways() -> Iterator[Way]:
    for address, options in itertools.product(ADDRESSES, OPTIONS):
        yield address, options, False
        if address in ("::", "::1"):
            yield address, options, True


def listening(way: Way, port: int) -> socket.socket:
    address, options, v6only = way
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        for option in options:
            listener.setsockopt(socket.SOL_SOCKET, option, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
        listener.bind((address, port))
        listener.listen()
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def stolen(ways: tuple[Way, ...], target: str, port: int, seconds: float) -> int:
    with ExitStack() as held:
        try:
            listeners = [held.enter_context(closing(listening(way, port))) for way in ways]
            held.enter_context(socket.create_connection((target, port), timeout=seconds))
        except OSError:
            return 0
        return sum(map(has_connection, listeners))


def has_connection(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except OSError:
        return False
    return True


def main() -> None:
    target, port, sockets, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    chosen = itertools.chain.from_iterable(itertools.permutations(ways(), n) for n in range(1, sockets + 1))
    print(sum(stolen(one, target, port, seconds) for one in chosen))  # noqa: T201  read by the test


if __name__ == "__main__":
    main()
