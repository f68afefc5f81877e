"""Who may read /health and /metrics: one rule for all servers of ours, made from the configuration.

`USUAL` and `READERS` are the whole of it. A credential that is presented must be right, wherever it comes from: a
typing error must not look like a success because the request came from loopback.

A proxy on this machine makes all the world look like loopback. So a request is trusted for its address only when
nothing says that it was passed on: no header of a proxy, and a Host that nobody types but who is near (`_is_near`).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum, auto
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Final

from starlette.types import Scope

from investiq.foundation.config.schema import ApiConfig
from investiq.foundation.token_files import AcceptedTokens
from investiq.foundation.vocabulary import Part
from investiq.serve.http.header_names import header_names, only_host
from investiq.serve.http.hosts import host_name

__all__ = [
    "CHALLENGE",
    "HEALTH_PATH",
    "METRICS_PATH",
    "METRICS_REFUSED",
    "MONITORING_PATHS",
    "READERS",
    "USUAL",
    "MonitoringAccess",
    "Readers",
    "address_bucket",
    "bearer_credential",
    "client_bucket",
    "parse_address",
]

HEALTH_PATH: Final = "/health"
METRICS_PATH: Final = "/metrics"
MONITORING_PATHS: Final = frozenset({HEALTH_PATH, METRICS_PATH})
"""Asked for every few seconds."""

CHALLENGE: Final = 'Bearer realm="investiq"'
"""For the header WWW-Authenticate of a 401."""

METRICS_REFUSED: Final = (
    "/metrics needs `Authorization: Bearer` with the metrics token (variable METRICS_TOKEN, or keys/metrics.token in "
    "data_dir), or loopback"
)
_READING = ("GET", "HEAD")


class Readers(StrEnum):
    """To whom a path is open."""

    ANYBODY = "anybody"
    SCRAPERS = "scrapers"
    """Whoever presents the metrics token, and whoever presents nothing and reads from a trusted network."""
    CALLERS = "callers"
    """Whom the server's own layer has identified, as for anything else that it tells: `scope["caller"]`."""


USUAL: Final = {HEALTH_PATH: Readers.ANYBODY, METRICS_PATH: Readers.SCRAPERS}
"""Of a server that says nothing else."""

READERS: Final[Mapping[Part, Mapping[str, Readers]]] = {
    Part.API: {HEALTH_PATH: Readers.CALLERS, METRICS_PATH: Readers.SCRAPERS},
}
"""The servers that differ from `USUAL`."""


class _Trust(Enum):
    """Why an address is trusted."""

    NONE = auto()
    NETWORK = auto()
    LOCAL = auto()
    """It is of this machine."""


class MonitoringAccess:
    """The rule for one server.

    Args:
        config: its metrics token and its trusted networks hold for every server.
        kept: a metrics token of ours, which can be rotated while the server runs.
    """

    def __init__(self, part: Part, config: ApiConfig, kept: Path | None = None) -> None:
        self._readers = READERS.get(part, USUAL)
        self._token = (config.metrics_token.get_secret_value() if config.metrics_token else "").encode()
        self._kept = AcceptedTokens(kept) if kept is not None else None
        self._networks = config.trusted_networks
        self._trust: Callable[[str], _Trust] = lru_cache(maxsize=1024)(self._trust_in)

    def allows(self, scope: Scope) -> bool:
        """Whether a request for one of `MONITORING_PATHS` is answered."""
        match self._readers[scope["path"]]:
            case Readers.ANYBODY:
                return True
            case Readers.SCRAPERS:
                return self._is_scraper(scope)
            case Readers.CALLERS:
                return "caller" in scope

    def reads_from_trusted_network(self, scope: Scope) -> bool:
        """Whether it reads, and comes itself from a trusted network."""
        return scope["method"] in _READING and self.comes_from_trusted_network(scope)

    def comes_from_trusted_network(self, scope: Scope) -> bool:
        """Whether who asks is in a trusted network: what a proxy passes on does not count."""
        client = scope.get("client")
        if client is None:
            return False
        trust = self._trust(client[0])
        if trust is _Trust.NONE or header_names(scope).is_forwarded:
            return False
        host = only_host(scope)
        return host is not None and _is_near(host, trust)

    def _trust_in(self, text: str) -> _Trust:
        address = parse_address(text)
        if address is None or not any(
            address in network for network in self._networks if network.version == address.version
        ):
            return _Trust.NONE
        return _Trust.LOCAL if address.is_loopback else _Trust.NETWORK

    def _is_scraper(self, scope: Scope) -> bool:
        credential = bearer_credential(scope)
        if credential is None:
            return self.reads_from_trusted_network(scope)
        # No token configured means that no credential is right; an empty one must never equal an empty setting.
        configured = bool(self._token) and hmac.compare_digest(credential, self._token)
        return configured or self._is_kept(credential)

    def _is_kept(self, credential: bytes) -> bool:
        if self._kept is None:
            return False
        self._kept.look()
        return self._kept.accepts(credential)


@lru_cache(maxsize=512)  # clients of a server send the same few
def _is_near(host: bytes, trust: _Trust) -> bool:
    """Whether Host is what a neighbour types: a literal address, and on this machine itself one of loopback.

    Any other name (`hostnames`) is known outside, so it may have come through a proxy that adds no header.
    """
    name = host_name(host.decode("latin-1")) or ""
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback or trust is _Trust.NETWORK
    except ValueError:
        return False


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address of a peer as sockets write it; None where it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A dual-stack socket shows IPv4 peers as ::ffff:127.0.0.1.
    return getattr(address, "ipv4_mapped", None) or address


def client_bucket(scope: Scope) -> str:
    """Under which name what the peer sends is counted."""
    client = scope.get("client")
    return _bucket_of(client[0]) if client else address_bucket(None)


@lru_cache(maxsize=1024)
def _bucket_of(text: str) -> str:
    return address_bucket(parse_address(text))


def address_bucket(address: IPv4Address | IPv6Address | None) -> str:
    """Under which name what comes from an address is counted. An IPv6 client owns a whole /64: that counts as one."""
    if isinstance(address, IPv6Address):
        return f"address:{ip_network((address, 64), strict=False)}"
    return f"address:{address}"


def bearer_credential(scope: Scope) -> bytes | None:
    """What follows `Bearer ` in the Authorization header; None without such a header.

    Empty bytes stand for a header that is there and useless (another scheme, nothing after it, or two of them): it
    matches nothing, so it is refused like any wrong key.
    """
    if not header_names(scope).has_authorization:
        return None
    values = [value for key, value in scope["headers"] if key == b"authorization"]
    scheme, _, credential = values[0].strip().partition(b" ")
    return credential.strip() if len(values) == 1 and scheme.lower() == b"bearer" else b""
