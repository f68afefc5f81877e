"""Which ports can be had, and who has the others. Those of our servers are bound here, before anything is started."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from investiq.foundation.errors import InvestIQError
from investiq.foundation.listeners import owner
from investiq.operate.supervise.parts import ProcessSpec, StackTable
from investiq.operate.supervise.sockets import PartSockets, bind, bind_twin, deafen

__all__ = ["PortsTaken", "TakenPort", "bound_ports", "check_ports", "taken_ports"]


@dataclass(frozen=True, slots=True)
class TakenPort:
    """A port that a part cannot have.

    Attributes:
        owner: who has it, as far as this user may see; empty where nobody has it.
        setting: the key of investiq.toml that moves the part elsewhere.
        fault: why it cannot be had, where nobody has it.
    """

    part: str
    port: int
    owner: str
    setting: str
    fault: str = ""

    def __str__(self) -> str:
        variable = f"INVESTIQ_{self.setting.replace('.', '_').upper()}"
        why = f"is taken by {self.owner}" if self.owner else f"cannot be had: {self.fault}"
        return f"port {self.port} ({self.part}) {why}; {self.setting} or ${variable} changes it"


class PortsTaken(InvestIQError):
    """Something else listens where a part is to listen. Nothing was started."""

    reason = "port_taken"

    def __init__(self, taken: Sequence[TakenPort]) -> None:
        lines = "\n".join(f"  {one}" for one in taken)
        super().__init__(
            f"nothing was started, because ports are taken:\n{lines}\nEnd the other program, or set another port.",
            ports=[one.port for one in taken],
        )
        self.taken = tuple(taken)


def check_ports(table: StackTable) -> None:
    """Make sure that every part can have its port.

    Raises:
        PortsTaken: not all of them can; the message says which, who has them, and what changes them.
    """
    with bound_ports(table):
        pass


def taken_ports(table: StackTable) -> tuple[TakenPort, ...]:
    """The ports of `table` that are not free, also those that two of its parts want."""
    try:
        check_ports(table)
    except PortsTaken as refusal:
        return refusal.taken
    return ()


@contextmanager
def bound_ports(table: StackTable) -> Iterator[Mapping[str, PartSockets]]:
    """The sockets of the parts that get theirs handed over, by part; closed at the end. The other ports are free.

    Of those, too, the other loopback address is kept, where nobody is served.

    Raises:
        PortsTaken: as `check_ports`.
    """
    with ExitStack() as held:
        bound, taken = _bind_all(table.parts, held)
        if taken:
            raise PortsTaken(taken)
        sockets = {}
        for part, listeners in bound:
            if part.listen_host is not None:
                sockets[part.name] = PartSockets([*listeners.own, *listeners.twin])
                held.callback(sockets[part.name].close)
            else:
                listeners.leave_to_the_part()
        yield sockets


@dataclass(frozen=True, slots=True)
class _Listeners:
    """Those of one part.

    Attributes:
        own: where it is to serve.
        twin: on the other loopback address.
    """

    own: list[socket.socket]
    twin: list[socket.socket]

    def leave_to_the_part(self) -> None:
        """Let it bind its port for itself, and nobody the other one."""
        for listener in self.own:
            listener.close()
        for listener in self.twin:
            deafen(listener)


def _bind_all(
    parts: Iterable[ProcessSpec], held: ExitStack
) -> tuple[list[tuple[ProcessSpec, _Listeners]], list[TakenPort]]:
    parts = tuple(parts)
    taken = list(_double(parts))
    doubled = {one.part for one in taken}
    bound = []
    for part in parts:
        if part.port is None or part.name in doubled:
            continue
        host = part.listen_host or part.host
        try:
            own = [held.enter_context(listener) for listener in bind(host, part.port)]
            twin = [held.enter_context(listener) for listener in bind_twin(host, part.port)]
        except OSError as error:
            taken.append(_taken(part, part.port, error))
        else:
            bound.append((part, _Listeners(own, twin)))
    return bound, taken


def _double(parts: Iterable[ProcessSpec]) -> Iterator[TakenPort]:
    seen: dict[int, str] = {}
    for part in parts:
        if part.port is not None:
            if other := seen.get(part.port):
                yield TakenPort(part.name, part.port, f"the part {other} of this very stack", str(part.setting))
            seen[part.port] = part.name


def _taken(part: ProcessSpec, port: int, error: OSError) -> TakenPort:
    if error.errno == errno.EADDRINUSE:
        return TakenPort(part.name, port, owner(port), str(part.setting))
    is_host = error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror)
    setting = f"{part.name}.host" if is_host else str(part.setting)
    fault = f"{part.listen_host or part.host}: {error.strerror or error}"
    return TakenPort(part.name, port, "", setting, fault)
