"""Which ports are taken, and by whom: asked before anything is started."""

from __future__ import annotations

import pwd
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from investiq.foundation.errors import InvestIQError
from investiq.operate.supervise.parts import ProcessSpec, StackTable

__all__ = ["PortsTaken", "TakenPort", "check_ports", "taken_ports"]

_LISTEN = "0A"
"""The state of a listening socket in /proc/net/tcp."""
_FEW = 3
"""Programs of one user that are worth naming."""


@dataclass(frozen=True, slots=True)
class TakenPort:
    """A port that a part cannot have.

    Attributes:
        owner: who has it, as far as this user may see.
        setting: the key of investiq.toml that moves the part elsewhere.
    """

    part: str
    port: int
    owner: str
    setting: str

    def __str__(self) -> str:
        variable = f"INVESTIQ_{self.setting.replace('.', '_').upper()}"
        return f"port {self.port} ({self.part}) is taken by {self.owner}; {self.setting} or ${variable} changes it"


class PortsTaken(InvestIQError):
    """Something else listens where a part is to listen. Nothing was started."""

    reason = "port_taken"


def check_ports(table: StackTable) -> None:
    """Make sure that every part can have its port.

    Raises:
        PortsTaken: not all of them can; the message says which, who has them, and what changes them.
    """
    if taken := taken_ports(table):
        lines = "\n".join(f"  {one}" for one in taken)
        raise PortsTaken(
            f"nothing was started, because ports are taken:\n{lines}\nEnd the other program, or set another port.",
            ports=[one.port for one in taken],
        )


def taken_ports(table: StackTable) -> tuple[TakenPort, ...]:
    """The ports of `table` that are not free, also those that two of its parts want."""
    return (*_double(table.parts), *_foreign(table.parts))


def _double(parts: Iterable[ProcessSpec]) -> Iterable[TakenPort]:
    seen: dict[int, str] = {}
    for part in parts:
        if part.port is not None:
            if other := seen.get(part.port):
                yield TakenPort(part.name, part.port, f"the part {other} of this very stack", str(part.setting))
            seen[part.port] = part.name


def _foreign(parts: Iterable[ProcessSpec]) -> Iterable[TakenPort]:
    for part in parts:
        if part.port is not None and not _can_listen(part.host, part.port):
            yield TakenPort(part.name, part.port, _owner(part.port), str(part.setting))


def _can_listen(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: connections of a server that has ended may linger without keeping the port from the next.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError:
            return False
    return True


def _owner(port: int) -> str:
    """The program that listens on `port`; only its user where the system does not say more."""
    for pid in _listeners(port):
        try:
            process = psutil.Process(pid)
            return f"{process.name()} (pid {pid}, user {process.username()})"
        except psutil.Error:
            continue
    user = _user(port)
    if user is None:
        return "a program that this user may not see"
    running = _programs(user)
    return f"a program of user {_user_name(user)}{', who runs ' if running else ''}{running}"


def _listeners(port: int) -> Iterable[int]:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.Error:
        return ()
    return {
        connection.pid
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid is not None
    }


def _user(port: int) -> int | None:
    """The user id of the socket, which the kernel tells everybody, unlike the process."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            lines = table.read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in (line.split() for line in lines):
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                return int(fields[7])
    return None


def _programs(user: int) -> str:
    """What that user runs, if it is little: a service has a user of its own, so that one of these is the answer."""
    found = [
        f"{process.info['name']} (pid {process.pid})"
        for process in psutil.process_iter(["name", "uids"])
        if process.info["uids"] is not None and process.info["uids"].effective == user
    ]
    return ", ".join(found) if len(found) <= _FEW else ""


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
