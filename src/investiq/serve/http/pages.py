"""From which page a request comes, as the browser says: pages of other sites have no business with our servers.

A browser sends what any page asks of a server on this machine. It names the page in `Origin` with every change, and
says in `Sec-Fetch-Site` how near the page is, also with what only reads; a program sends neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from starlette.types import Scope

from investiq.serve.http.header_names import header_names, only_host
from investiq.serve.http.hosts import host_name

__all__ = ["is_of_another_page", "names_its_page"]

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_OURS = (b"same-origin", b"none")
"""The page itself, or the person: typed, bookmarked."""

_Headers = Iterable[tuple[bytes, bytes]]


def names_its_page(headers: _Headers) -> bool:
    """Whether exactly one page is named: a browser does so with every change."""
    return len(list(_values(headers, b"origin"))) == 1


def is_of_another_page(scope: Scope) -> bool:
    """Whether a page that is not of this server sends the request, other than by a link that somebody follows."""
    if not header_names(scope).names_page:
        return False
    headers = scope["headers"]
    if any(not _is_our_origin(origin.decode("latin-1"), scope) for origin in _values(headers, b"origin")):
        return True
    return any(site not in _OURS for site in _values(headers, b"sec-fetch-site")) and not _follows_a_link(scope)


def _is_our_origin(origin: str, scope: Scope) -> bool:
    """Whether scheme, host and port are those under which this request reached us."""
    scheme, separator, authority = origin.partition("://")
    sent = only_host(scope)
    if not separator or sent is None:
        return False
    host = sent.decode("latin-1")
    if scheme not in _schemes(scope, host):
        return False
    ours, theirs = (_host_and_port(each, scheme) for each in (host, authority))
    return ours[0] is not None and ours == theirs


def _schemes(scope: Scope, host: str) -> set[str]:
    """The schemes under which our pages are seen. No page of another site can set what a proxy says of it."""
    forwarded = {value.decode("latin-1").strip().lower() for value in _values(scope["headers"], b"x-forwarded-proto")}
    if forwarded:
        return forwarded & _DEFAULT_PORTS.keys()
    spoken: str = scope["scheme"]
    own = {"wss": "https", "ws": "http"}.get(spoken, spoken)
    # A name that is known outside may be served by a proxy that ends TLS and says nothing about it.
    name = host_name(host) or ""
    is_local = name == "localhost" or ":" in name or name.replace(".", "").isdigit()
    return {own} if is_local else {own, "https"}


def _host_and_port(authority: str, scheme: str) -> tuple[str | None, str]:
    _, _, port = authority.rpartition(":")
    # What `host_name` takes ends in digits only where it ends in a port.
    written = ":" in authority and port.isdigit()
    return host_name(authority), port.lstrip("0") if written else _DEFAULT_PORTS[scheme]


def _follows_a_link(scope: Scope) -> bool:
    fetch = {key: value for key, value in scope["headers"] if key.startswith(b"sec-fetch-")}
    document = (fetch.get(b"sec-fetch-mode"), fetch.get(b"sec-fetch-dest")) == (b"navigate", b"document")
    return document and scope.get("method") in ("GET", "HEAD")


def _values(headers: _Headers, name: bytes) -> Iterator[bytes]:
    return (value for key, value in headers if key == name)
