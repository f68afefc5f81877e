"""Which Host headers a server answers to.

A page on evil.example can point its own name at 127.0.0.1 and so reach a server on localhost with the browser's help
(DNS rebinding). The request then carries `Host: evil.example`: a server that answers only to its own names is safe.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from functools import lru_cache

import psutil
from starlette.types import Scope

from investiq.foundation.config.schema import Config
from investiq.foundation.contract.edge import Door
from investiq.serve.http.header_names import only_host

__all__ = ["HostPolicy", "at_edge", "host_name"]

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@lru_cache(maxsize=512)  # clients of a server send the same few
def host_name(header: str) -> str | None:
    """The name in a Host header, in canonical form, without its port; None where the header is malformed.

    IPv6 addresses are written in their shortest form and without brackets, so `[0:0:0:0:0:0:0:1]:3000` gives `::1`.
    """
    value = header.strip().lower()
    if value.startswith("["):
        literal, bracket, port = value[1:].partition("]")
        if not bracket or (port and not _is_port(port)):
            return None
        return _canonical_ip(literal, version=6)
    name, colon, port = value.partition(":")
    if not name or (colon and not _is_port(colon + port)):
        return None
    return _canonical_ip(name, version=4) or name.rstrip(".") or None


def at_edge(config: Config, door: Door) -> tuple[str, ...]:
    """The name under which the edge passes requests on to a server, where it runs."""
    name = config.edge.names.get(door)
    return (name,) if config.edge.enabled and name is not None else ()


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdigit()


def _canonical_ip(text: str, *, version: int) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(address) if address.version == version else None


class HostPolicy:
    """The names that a server answers to: loopback, the address it listens on, and those configured.

    Args:
        listen: address that the server listens on. For a wildcard (`0.0.0.0`, `::`) the addresses of this machine's
            interfaces count: nobody can rebind a literal address.
        hostnames: those of a proxy in front, such as `invest.example.org`.
    """

    def __init__(self, listen: str, hostnames: Iterable[str] = ()) -> None:
        names = {*_LOOPBACK, listen, *hostnames}
        if listen in ("0.0.0.0", "::"):  # noqa: S104  compared, not bound
            names |= {a.address.split("%")[0] for group in psutil.net_if_addrs().values() for a in group}
        self._is_ours: Callable[[bytes], bool] = lru_cache(maxsize=512)(self._names_us)
        self._names = frozenset(filter(None, (host_name(f"[{n}]" if n.count(":") > 1 else n) for n in names)))

    def allows(self, scope: Scope) -> bool:
        """Whether exactly one Host header is there and it names this server."""
        host = only_host(scope)
        return host is not None and self._is_ours(host)

    def _names_us(self, header: bytes) -> bool:
        return host_name(header.decode("latin-1")) in self._names
