"""Whose request it is, where a proxy passes it on: what a proxy says of the client is believed from two alone.

From the edge's own nginx, which shows a token (an address proves nothing: every user of this machine has that of
loopback), and from the addresses of `edge.trusted_proxies`. From anybody else, the peer is the client. That it came
through a proxy is never forgotten: no such request is trusted for an address (`access`).
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from investiq.foundation.config import Config, Paths
from investiq.foundation.contract.edge import PROOF_HEADER
from investiq.foundation.files import provide_token
from investiq.serve.http.access import parse_address

__all__ = ["ProxiedClient", "is_from_edge", "proxied_client"]

_PROOF = PROOF_HEADER.encode()
_FORWARDED_FOR = b"x-forwarded-for"

Network = IPv4Network | IPv6Network


def proxied_client(config: Config) -> list[Middleware]:
    """The layer for a server that the edge, or another proxy, passes requests on to; none where nothing does.

    Raises:
        UnusableTokenFile: the edge's token cannot be made or read.
    """
    edge = config.edge
    if not edge.enabled and not edge.trusted_proxies:
        return []
    token = provide_token(Paths.of(config).edge_token) if edge.enabled else None
    return [Middleware(ProxiedClient, token=token, proxies=edge.trusted_proxies)]


def is_from_edge(scope: Scope) -> bool:
    """Whether nginx at the edge sent it: what it says in headers of its own is true."""
    return scope.get("from_edge", False) is True


class ProxiedClient:
    """ASGI layer: makes the client of a request the one that a believed proxy names.

    Args:
        token: the edge's; None where it does not run.
        proxies: addresses that are believed without one.
    """

    def __init__(self, app: ASGIApp, token: str | None, proxies: Sequence[Network]) -> None:
        self.app = app
        self._token = token.encode() if token else b""
        self._proxies = tuple(proxies)
        self._is_proxy = lru_cache(maxsize=1024)(self._is_among_proxies)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Find out whose request it is, and hand it on."""
        if scope["type"] == "http":
            scope["from_edge"] = self._is_edge(scope)
            client = self._client(scope)
            if client is not None:
                scope["client"] = (str(client), 0)
        return self.app(scope, receive, send)

    def _is_edge(self, scope: Scope) -> bool:
        shown = [value for key, value in scope["headers"] if key == _PROOF]
        return bool(self._token) and len(shown) == 1 and hmac.compare_digest(shown[0], self._token)

    def _client(self, scope: Scope) -> IPv4Address | IPv6Address | None:
        """The nearest address that is none of our proxies; None where nobody that is believed names one."""
        peer = scope.get("client")
        if not scope["from_edge"] and (peer is None or not self._is_proxy(peer[0])):
            return None
        named = b",".join(value for key, value in scope["headers"] if key == _FORWARDED_FOR).decode("latin-1")
        # From the right: what stands further left was said by somebody else before.
        for text in reversed(named.split(",")):
            address = parse_address(text.strip())
            if address is None or not self._is_proxy(str(address)):
                return address
        return None

    def _is_among_proxies(self, text: str) -> bool:
        address = parse_address(text)
        return address is not None and any(
            address in network for network in self._proxies if network.version == address.version
        )
