"""Who may do what: scopes, callers, and which requests count as coming from a trusted network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import Scope as AsgiScope

__all__ = ["Access", "Caller", "bearer_credential", "client_address", "is_forwarded", "is_trusted"]

Network = IPv4Network | IPv6Network

_FORWARDING = frozenset({b"forwarded", b"x-real-ip", b"via"})


class Access(StrEnum):
    """What a key allows; each includes the ones before it."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"

    def covers(self, needed: Access) -> bool:
        """Whether a key with this access may do what needs `needed`."""
        order = list(Access)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request.

    Attributes:
        name: kept in the ledger with what the caller does, such as `agent`.
        bucket: whose requests are counted together by the rate limit.
    """

    name: str
    access: Access
    bucket: str


def is_forwarded(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a proxy says that it passes on the request of somebody else."""
    return any(key in _FORWARDING or key.startswith(b"x-forwarded") for key, _ in headers)


def is_trusted(scope: AsgiScope, networks: Sequence[Network]) -> bool:
    """Whether the request itself, and not what a proxy passed on, comes from one of `networks`."""
    address = client_address(scope)
    if address is None or is_forwarded(scope["headers"]):
        return False
    return any(address in network for network in networks if network.version == address.version)


def client_address(scope: AsgiScope) -> IPv4Address | IPv6Address | None:
    """The address of the peer; None when it has none, as on a Unix socket."""
    client = scope.get("client")
    try:
        address = ip_address(client[0].partition("%")[0]) if client else None
    except ValueError:
        return None
    # A dual-stack socket shows IPv4 peers as ::ffff:127.0.0.1.
    return getattr(address, "ipv4_mapped", None) or address


def bearer_credential(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """What follows `Bearer ` in the Authorization header; None without such a header.

    Empty bytes stand for a header that is there and useless (another scheme, nothing after it, or two of them): it
    matches nothing, so it is refused like any wrong key.
    """
    values = [value for key, value in headers if key == b"authorization"]
    if not values:
        return None
    scheme, _, credential = values[0].strip().partition(b" ")
    return credential.strip() if len(values) == 1 and scheme.lower() == b"bearer" else b""
