"""Ports for tests that speak over real sockets."""

from __future__ import annotations

import errno
import itertools
import os
import random
import socket
from contextlib import ExitStack

__all__ = ["closed_port", "free_port", "free_ports"]

_FIRST, _NUMBER = 12_000, 2_500
"""Of a worker of pytest-xdist: no other one takes a port between the moment it is picked and that it is bound."""
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
_START = random.SystemRandom().randrange(_NUMBER)
_COUNT = itertools.count(_START)


def free_port() -> int:
    """A port that nobody listens on now, and that a server of the test may take."""
    (port,) = free_ports(1)
    return port


def closed_port() -> int:
    """A port that nobody listens on."""
    return free_port()


def free_ports(number: int) -> list[int]:
    """Several, each another.

    Below those that the system gives to outgoing connections, which could take one before its server does.
    """
    with ExitStack() as probes:
        return [_probed(probes) for _ in range(number)]


def _probed(probes: ExitStack) -> int:
    while True:
        port = _FIRST + _WORKER * _NUMBER + next(_COUNT) % _NUMBER
        probe = probes.enter_context(socket.socket())
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port
