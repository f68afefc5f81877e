"""Asks servers of this machine over kept-alive connections, and reads what their processes spend on it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil

__all__ = ["connections", "microseconds", "pin"]

_CONNECTIONS = 8
Connections = list[socket.socket]


def pin(server: subprocess.Popen[bytes]) -> None:
    """The server on the last core of this machine, whoever asks it on the others; of one core, both share it."""
    cores = sorted(os.sched_getaffinity(0))
    for thread in psutil.Process(server.pid).threads():
        os.sched_setaffinity(thread.id, cores[-1:])
    os.sched_setaffinity(0, cores[:-1] or cores)


@contextmanager
def connections(port: int) -> Iterator[Connections]:
    """Some to one server, so that it always has a request to answer."""
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(_CONNECTIONS)]


def microseconds(server: subprocess.Popen[bytes], open_ones: Connections, path: str, requests: int) -> float:
    """Mean processor time of the whole server process for a request; requests are answered on one core in turn."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{open_ones[0].getpeername()[1]}\r\nAccept: */*\r\n\r\n".encode()
    process = psutil.Process(server.pid)
    before = process.cpu_times()
    rounds = requests // len(open_ones)
    for _ in range(rounds):
        for one in open_ones:
            one.sendall(head)
        for one in open_ones:
            _read_answer(one)
    after = process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return spent / (rounds * len(open_ones)) * 1e6


def _read_answer(one: socket.socket) -> None:
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _received(one)
    head = data[:end].lower()
    assert head.startswith(b"http/1.1 200"), data[:500]
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(data) < end + 4 + length:
        data += _received(one)


def _received(one: socket.socket) -> bytes:
    data = one.recv(65_536)
    assert data, "the server has closed the connection"
    return data
