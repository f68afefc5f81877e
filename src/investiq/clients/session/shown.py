"""Credentials as the HTTP library takes them."""

from __future__ import annotations

from collections.abc import Callable, Generator

import httpx2

__all__ = ["Shown"]


class Shown(httpx2.Auth):
    """Shows with each request what `authorization` says at that moment; nothing where it says nothing."""

    def __init__(self, authorization: Callable[[], str | None]) -> None:
        self._authorization = authorization

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the header (the interface of httpx)."""
        if (header := self._authorization()) is not None:
            request.headers["Authorization"] = header
        yield request
