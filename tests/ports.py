"""Ports for tests that speak over real sockets."""

from __future__ import annotations

import socket
from contextlib import ExitStack

__all__ = ["closed_port", "free_port", "free_ports"]


def free_port() -> int:
    """A port that nobody listens on now, and that a server of the test may take."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def closed_port() -> int:
    """A port that nobody listens on."""
    return free_port()


def free_ports(number: int) -> list[int]:
    """Several at once: one by one, the system could give the same port twice."""
    with ExitStack() as sockets:
        listeners = [sockets.enter_context(socket.socket()) for _ in range(number)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [int(listener.getsockname()[1]) for listener in listeners]
