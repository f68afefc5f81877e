"""Who listens on the ports of this machine. The kernel tells everybody the user of a socket, by netlink and in /proc.

Where there is neither, as on macOS, nothing is known: then no listener is found, and no connection's user.
"""

from __future__ import annotations

import pwd
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from investiq.foundation import socket_diag

if TYPE_CHECKING:
    import psutil

__all__ = ["Address", "Listener", "connection_user", "listeners", "listeners_reached", "listens", "owner", "user_name"]

Address = IPv4Address | IPv6Address

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN = "0A"
_ORPHAN = "0"
"""The inode of a socket that no process holds: the user beside it is nobody's."""
_FEW = 3
"""Programs of one user that are worth naming."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening TCP socket and the id of its user."""

    address: Address
    port: int
    user: int


def listeners(port: int) -> list[Listener]:
    """Every socket that listens on `port`, on whatever address."""
    try:
        return [Listener(_plain(one.address), port, one.user) for one in socket_diag.listening(port)]
    except (OSError, AttributeError):  # the latter where there is no netlink at all
        return [Listener(_address(row), port, int(row[7])) for row in _rows(port) if row[3] == _LISTEN]


def listeners_reached(host: str, port: int) -> list[Listener]:
    """Those that the kernel gives a connection to `host` to: a socket of exactly that address goes before one of all.

    Only one unless several share the port. A foreign socket of all addresses beside ours gets nothing, and is not here.
    """
    address, found = _plain(ip_address(host.partition("%")[0])), listeners(port)
    ranks = [_rank(listener.address, address) for listener in found]
    best = min(filter(None, ranks), default=0)
    return [listener for listener, rank in zip(found, ranks, strict=True) if rank and rank == best]


def connection_user(server: tuple[str, int], client: tuple[str, int]) -> int | None:
    """The user of the server's end of a connection within this machine; None while nobody has accepted it."""
    with suppress(OSError, AttributeError):
        found = socket_diag.connection(_bare(server), _bare(client))
        if found.is_connection:
            return found.user if found.held else None
    for row in _rows(server[1]):
        if row[9] != _ORPHAN and _end(row[1]) == _key(server) and _end(row[2]) == _key(client):
            return int(row[7])
    return None


def owner(port: int, among: Collection[Listener] | None = None) -> str:
    """The program that listens on `port`; only its user where the system does not say more.

    Args:
        among: the listeners in question; default: all of that port.
    """
    import psutil  # noqa: PLC0415  15 ms that only who has to name a program pays

    found = listeners(port) if among is None else among
    wanted = {listener.user for listener in found}
    for process in _processes_listening(port):
        try:
            if not wanted or process.uids().effective in wanted:
                return f"{process.name()} (pid {process.pid}, user {process.username()})"
        except psutil.Error:
            continue
    if not wanted:
        return "a program that this user may not see"
    user = min(wanted)
    running = _programs_of(user)
    return f"a program of user {user_name(user)}{', who runs ' if running else ''}{running}"


def listens(pid: int, port: int) -> bool:
    """Whether that process, if this user may look into it, listens on `port`."""
    import psutil  # noqa: PLC0415

    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr[1:] == (port,) for one in connections)


def user_name(user: int) -> str:
    """The name of a user id, or its number where it has none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _rows(port: int) -> Iterator[list[str]]:
    """The fields of the sockets whose own port it is."""
    end = f":{port:04X}"
    for table in _TABLES:
        try:
            lines = table.read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        yield from (fields for fields in map(str.split, lines) if fields[1].endswith(end))


def _rank(listening: Address, dialled: Address) -> int:
    """1 for the socket that the kernel takes before those of 2 and 3; 0 for one that it never takes."""
    if listening == dialled:
        return 1
    if not listening.is_unspecified:
        return 0
    if listening.version == dialled.version:
        return 2
    return 3 if listening.version == 6 else 0  # an IPv6 socket of all addresses may take IPv4 too


def _address(row: list[str]) -> Address:
    return _end(row[1])[0]


def _end(field: str) -> tuple[Address, int]:
    """Address and port of one end: words of 32 bits in the byte order of the machine, then the port."""
    digits, _, port = field.partition(":")
    words = (int(digits[start : start + 8], 16) for start in range(0, len(digits), 8))
    raw = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    return _plain(IPv4Address(raw) if len(raw) == 4 else IPv6Address(raw)), int(port, 16)


def _key(end: tuple[str, int]) -> tuple[Address, int]:
    return _plain(ip_address(_bare(end)[0])), end[1]


def _bare(end: tuple[str, int]) -> tuple[str, int]:
    """Without the zone of a link-local address."""
    return end[0].partition("%")[0], end[1]


def _plain(address: Address) -> Address:
    """An IPv4 address that an IPv6 socket speaks to is that IPv4 address."""
    return getattr(address, "ipv4_mapped", None) or address


def _processes_listening(port: int) -> Iterator[psutil.Process]:
    import psutil  # noqa: PLC0415

    try:
        connections = psutil.net_connections("tcp")
    except psutil.Error:
        return
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid is not None:
            try:
                yield psutil.Process(connection.pid)
            except psutil.Error:
                continue


def _programs_of(user: int) -> str:
    """What that user runs, if it is little: a service has a user of its own, so that one of these is the answer."""
    import psutil  # noqa: PLC0415

    found = [
        f"{process.info['name']} (pid {process.pid})"
        for process in psutil.process_iter(["name", "uids"])
        if process.info["uids"] is not None and process.info["uids"].effective == user
    ]
    return ", ".join(found) if len(found) <= _FEW else ""
