"""What the names of a request's headers say, found once for all layers.

A client sends the same names in the same order with each request, so what they say is kept; only values are looked at
again.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from starlette.types import Scope

__all__ = ["HeaderNames", "header_names", "only_host"]

_FORWARDING: Final = re.compile(
    rb"via|(x-)?(original-)?forwarded(-.*)?|cdn-loop|(cf|fly|fastly|akamai|incap|x-envoy|x-azure|x-arr|x-amzn|x-vercel"
    rb"|x-appengine|x-ms-forwarded|x-nf)-.*|(.*-)?(real|client|connecting|user|remote|originating|proxyuser)-?(ip|ipv4"
    rb"|ipv6|addr|address)"
)
"""Names of headers with which proxies and content networks say whose request they pass on."""
_ANNOUNCING: Final = frozenset({b"content-length", b"transfer-encoding"})
_SAID_BY_BROWSERS: Final = frozenset({b"origin", b"sec-fetch-site"})


class HeaderNames:
    """What a sequence of names says.

    Attributes:
        host: the place of Host; None unless there is exactly one.
        has_authorization: a credential is presented, or something that wants to be one.
        has_request_id: the client gives the request an id.
        has_body: a body is announced.
        names_page: a browser says from which page the request comes.
        has_traceparent: the caller says of which trace the request is a part.
        is_forwarded: a proxy says that it passes on the request of somebody else.
    """

    __slots__ = (
        "has_authorization",
        "has_body",
        "has_request_id",
        "has_traceparent",
        "host",
        "is_forwarded",
        "names_page",
    )

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self.host = names.index(b"host") if names.count(b"host") == 1 else None
        self.has_authorization = b"authorization" in names
        self.has_request_id = b"x-request-id" in names
        self.has_traceparent = b"traceparent" in names
        self.has_body = not _ANNOUNCING.isdisjoint(names)
        self.names_page = not _SAID_BY_BROWSERS.isdisjoint(names)
        self.is_forwarded = any(_FORWARDING.fullmatch(name) for name in names)


_read = lru_cache(maxsize=512)(HeaderNames)


def header_names(scope: Scope) -> HeaderNames:
    """Those of a request or a WebSocket; read by the first layer that asks."""
    found: HeaderNames | None = scope.get("header_names")
    if found is None:
        found = scope["header_names"] = _read(tuple([name for name, _ in scope["headers"]]))
    return found


def only_host(scope: Scope) -> bytes | None:
    """The Host header, if exactly one is there."""
    place = header_names(scope).host
    host: bytes | None = None if place is None else scope["headers"][place][1]
    return host
