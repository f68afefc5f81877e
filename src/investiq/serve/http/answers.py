"""The outermost layer: what all other layers want to know of an answer, or to add to its headers, goes through here.

A layer that wraps `send` for itself costs every message a call; this one does it for all of them.
"""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Answer", "AnswerHeaders", "answer_of"]


class Answer:
    """The answer to one request.

    Attributes:
        status: 0 until it begins.
        headers: what layers add; an inner one puts its own before those of the outer ones.
    """

    __slots__ = ("headers", "status")

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.status = 0


def answer_of(scope: Scope) -> Answer:
    """The answer to the request of `scope`, inside `AnswerHeaders`."""
    answer: Answer = scope["answer"]
    return answer


class AnswerHeaders:
    """Keeps browsers from guessing types, and caches from keeping what is no file: it is right for a moment only.

    Leaves the `Answer` as `scope["answer"]`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self.app(scope, receive, send)
        answer = scope["answer"] = Answer()

        def send_with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                message["headers"] = headers = [*message.get("headers", ()), *answer.headers]
                _add_missing(headers)
            return send(message)

        return self.app(scope, receive, send_with_headers)


_NO_GUESSING = (b"x-content-type-options", b"nosniff")
_NO_KEEPING = (b"cache-control", b"no-store")
# A file says how it may be kept, or at least by what it is known again.
_KEPT_BY = frozenset({b"cache-control", b"etag", b"last-modified"})
_SAID = _KEPT_BY | {_NO_GUESSING[0]}


def _add_missing(headers: list[tuple[bytes, bytes]]) -> None:
    said = [key for key, _ in headers if key in _SAID]
    if _NO_GUESSING[0] not in said:
        headers.append(_NO_GUESSING)
    if _KEPT_BY.isdisjoint(said):
        headers.append(_NO_KEEPING)
