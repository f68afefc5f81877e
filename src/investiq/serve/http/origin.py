"""From where a request came, as the audit log keeps it."""

from __future__ import annotations

from starlette.types import Scope

from investiq.serve.http.header_names import header_names
from investiq.serve.http.proxied import is_from_edge

__all__ = ["origin_of"]


def origin_of(scope: Scope) -> str:
    """The address that it comes from. Of what a proxy passes on that is not believed, that is the proxy's."""
    client = scope.get("client")
    return f"{client[0] if client else 'unknown address'}{_way(scope)}"


def _way(scope: Scope) -> str:
    if is_from_edge(scope):
        return ", through the edge"
    return ", passed on by a proxy" if header_names(scope).is_forwarded else ""
