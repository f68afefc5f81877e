"""Asks the kernel about single TCP sockets, by netlink (sock_diag(7)), as `ss` does.

/proc/net/tcp tells the same, but of all sockets of the machine: with a thousand of them, one look takes 10 ms, and
there is a look at each connection that is made. Not every system has this: whoever asks falls back to /proc.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

__all__ = ["KernelSocket", "connection", "listening"]

_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY = 4, 20
_REQUEST, _DUMP, _DUMP_INTERRUPTED = 0x01, 0x300, 0x10
_ERROR, _DONE = 2, 3
_TIME_WAIT, _LISTEN = 6, 10
_ANY_COOKIE = b"\xff" * 8
_NOWHERE = bytes(16)

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_QUESTION = struct.Struct("=BBBxI")  # the start of inet_diag_req_v2: family, protocol, extensions, states
_PORTS = struct.Struct("!HH")
_ANSWER = struct.Struct("=BBBB2s2s16s16s4x8xIIIII")  # inet_diag_msg: ..., expires, two queues, user, inode

_SECONDS = 1.0
_BUFFER = 65_536


@dataclass(frozen=True, slots=True)
class KernelSocket:
    """One TCP socket.

    Attributes:
        held: a process has it; a connection that nobody has accepted yet belongs to nobody.
    """

    address: IPv4Address | IPv6Address
    state: int
    user: int
    held: bool

    @property
    def is_connection(self) -> bool:
        """It is neither a listener nor the remains of a connection."""
        return self.state not in (_LISTEN, _TIME_WAIT)


def listening(port: int) -> list[KernelSocket]:
    """Every socket that listens on `port`, on whatever address.

    Raises:
        OSError: this system does not tell.
    """
    nothing = _PORTS.pack(port, 0) + _NOWHERE * 2 + bytes(4) + _ANY_COOKIE
    families = (socket.AF_INET, socket.AF_INET6)
    return [one for family in families for one in _asked(family, _REQUEST | _DUMP, 1 << _LISTEN, nothing)]


def connection(here: tuple[str, int], there: tuple[str, int]) -> KernelSocket:
    """The socket whose own end is `here` and whose other end is `there`.

    Raises:
        OSError: there is none, or this system does not tell.
    """
    local, remote = ip_address(here[0]), ip_address(there[0])
    family = socket.AF_INET if local.version == 4 else socket.AF_INET6
    ends = (_PORTS.pack(here[1], there[1]), local.packed.ljust(16, b"\0"), remote.packed.ljust(16, b"\0"))
    found = list(_asked(family, _REQUEST, 0xFFFFFFFF, b"".join(ends) + bytes(4) + _ANY_COOKIE))
    if not found:
        raise OSError(errno.ENOENT, "no such socket")
    return found[0]


def _asked(family: int, flags: int, states: int, identity: bytes) -> Iterator[KernelSocket]:
    body = _QUESTION.pack(family, socket.IPPROTO_TCP, 0, states) + identity
    question = _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, flags, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG) as kernel:
        kernel.settimeout(_SECONDS)
        kernel.sendto(question, (0, 0))
        while True:
            raw, (sender, _) = kernel.recvfrom(_BUFFER)
            if sender:
                continue  # another process, which knows nothing of sockets
            for kind, told, payload in _messages(raw):
                if kind == _DONE:
                    _raise(payload)
                    return
                if kind == _ERROR:
                    _raise(payload)
                if told & _DUMP_INTERRUPTED:
                    raise OSError(errno.EAGAIN, "the sockets changed meanwhile")
                if kind == _SOCK_DIAG_BY_FAMILY:
                    yield _socket(payload)
            if not flags & _DUMP:
                return


def _messages(raw: bytes) -> Iterator[tuple[int, int, bytes]]:
    start = 0
    while start + _HEADER.size <= len(raw):
        length, kind, flags, _, _ = _HEADER.unpack_from(raw, start)
        if length < _HEADER.size:
            raise OSError(errno.EBADMSG, "the kernel said something else")
        yield kind, flags, raw[start + _HEADER.size : start + length]
        start += (length + 3) & ~3


def _raise(payload: bytes) -> None:
    code = int.from_bytes(payload[:4], sys.byteorder, signed=True)
    if code:
        raise OSError(-code, os.strerror(-code))


def _socket(payload: bytes) -> KernelSocket:
    if len(payload) < _ANSWER.size:
        raise OSError(errno.EBADMSG, "the kernel said something else")
    family, state, _, _, _, _, local, _, _, _, _, user, inode = _ANSWER.unpack_from(payload)
    address = IPv4Address(local[:4]) if family == socket.AF_INET else IPv6Address(local)
    return KernelSocket(address, state, user, inode != 0)
