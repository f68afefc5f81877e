"""Locust's page lets whoever reaches it start any load against any address. Here it opens for who has its link."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask, Response

__all__ = ["guard_page"]

COOKIE = "investiq_load"


def guard_page(page: Flask, token: str) -> None:
    """Answer nobody who shows neither the link's token nor the cookie that it gave.

    The cookie is not sent along with requests of other sites, so that no page in the same browser can start a load.
    """
    from flask import make_response, redirect, request  # noqa: PLC0415  only where Locust's page runs

    def check() -> Response | None:
        if _same(request.args.get("token", ""), token):
            opened = make_response(redirect("/"))
            opened.set_cookie(COOKIE, token, httponly=True, samesite="Strict")
            return opened
        if _same(request.cookies.get(COOKIE, ""), token):
            return None
        return make_response(("This page opens with the link that `investiq load --page` printed.\n", 403))

    page.before_request(check)


def _same(given: str, token: str) -> bool:
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())
