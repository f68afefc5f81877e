"""Ports for tests that speak over real sockets."""

from __future__ import annotations

import socket

__all__ = ["closed_port", "free_port"]


def free_port() -> int:
    """A port that nobody listens on now, and that a server of the test may take."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def closed_port() -> int:
    """A port that nobody listens on."""
    return free_port()
