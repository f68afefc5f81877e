"""What a page says about who may press its buttons."""

from __future__ import annotations

from typing import Annotated, TypeGuard
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component
from pydantic import with_config
from typing_extensions import TypedDict  # before Python 3.12, pydantic takes no other

from investiq.foundation.contract.access import covers
from investiq.foundation.contract.words import one_of
from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import Access
from investiq.serve.web.elements import Children, notice, paragraph

__all__ = ["SESSION", "Person", "Shown", "insufficient", "is_person", "login_page", "may", "refusal_notice", "who_may"]

SESSION = "session"
"""The store of who is logged in: name, scope and end; empty while nobody is, None while it is not known yet.

Pages draw by it. Whether something may be done is asked of the API when it is done.
"""


@with_config(extra="forbid")
class _Nobody(TypedDict):
    """Empty."""


class Person(TypedDict):
    """Who is logged in, as a page shows it."""

    name: str
    scope: Annotated[str, one_of(Access)]
    until: str


Shown = Person | _Nobody | None


def login_page(back: str = "/") -> str:
    """Where to log in, and to come back from there."""
    return f"/login?next={quote(back, safe='')}"


def may(session: Shown, needed: Access) -> bool:
    """Whether the buttons for it live."""
    return is_person(session) and covers(Access(session["scope"]), needed)


def is_person(session: Shown) -> TypeGuard[Person]:
    """Whether somebody is logged in."""
    return bool(session)


def who_may(session: Shown, needed: Access, to: str, page: str) -> Children:
    """Why the buttons are dead, and where to log in; nothing where they live.

    Args:
        to: what the buttons do, as it stands after "Log in to".
        page: to come back to.
    """
    if session is None or may(session, needed):
        return None
    if not is_person(session):
        return html.P([html.A("Log in", href=login_page(page)), f" to {to}."], className="permission")
    why = insufficient(session["name"], session["scope"], needed, to)
    return html.P([f"{why} ", html.A("Log in as someone else", href=login_page(page))], className="permission")


def insufficient(name: str, scope: str, needed: Access, to: str) -> str:
    """Why somebody who is logged in may not do it."""
    return f"{name} may {scope}, not {to}: that needs {needed} access."


def refusal_notice(error: InvestIQError, to: str) -> Component:
    """What stands beside a button that did nothing; the way to log in leaves this page as it is."""
    if error.reason == "insufficient_scope":
        return notice("Not sent", [error.message, _elsewhere("Log in as someone else")], "red")
    if error.reason in ("not_logged_in", "session_ended"):
        heading = "Your session has ended" if error.reason == "session_ended" else f"Log in to {to}"
        return notice(heading, ["Nothing was sent. Your input is still here.", _elsewhere("Log in")], "red")
    return notice("Not sent", [paragraph(error.message)], "red")


def _elsewhere(text: str) -> Component:
    link = html.A(text, href="/login?stay", target="_blank", rel="noopener")
    return html.Span([link, " in another tab, and press the button again."])
