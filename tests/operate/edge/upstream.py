"""Stands behind nginx in the place of every program, lets everybody in, and keeps what arrived, byte by byte."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from investiq.foundation.contract.edge import JUDGE_PATH

__all__ = ["Arrived", "upstream"]

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Investiq-Visitor: mary\r\n\r\nok"


class Arrived:
    """The requests that came, without those that ask who may come in.

    Attributes:
        judgement: what those are answered.
    """

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.judged: list[bytes] = []
        self.judgement = _ANSWER

    def head(self) -> dict[str, list[str]]:
        """Header -> its values, of the one request that came."""
        (request,) = self.requests
        found: dict[str, list[str]] = {}
        for line in request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(": ")
            found.setdefault(name.lower(), []).append(value)
        return found

    def paths(self) -> list[str]:
        return [request.split(b" ", 2)[1].decode("latin-1") for request in self.requests]


@contextmanager
def upstream(*ports: int) -> Iterator[Arrived]:
    """Listening on those ports."""
    arrived = Arrived()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while head := self._head():
                length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if _is_length(line)), 0)
                whole = head + self.rfile.read(length)
                asked = f"GET {JUDGE_PATH} ".encode()
                judges = head.startswith(asked)
                (arrived.judged if judges else arrived.requests).append(whole)
                self.wfile.write(arrived.judgement if judges else _ANSWER)

        def _head(self) -> bytes:
            head = b""
            while line := self.rfile.readline():
                head += line
                if line == b"\r\n":
                    return head
            return b""

    servers = [_Server(("127.0.0.1", port), Handler) for port in ports]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield arrived
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def _is_length(line: bytes) -> bool:
    return line.startswith(b"content-length:")
