"""The body of a request, before anything of ours reads it: bounded, whole, and JSON that reads in one way only."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from investiq.serve.http.header_names import header_names
from investiq.serve.http.json_body import json_fault
from investiq.serve.http.problems import problem_response

__all__ = ["BodyCheck"]

_FORMS = (b"application/x-www-form-urlencoded", b"multipart/form-data")
"""Everything else is read as JSON, if it is read at all."""


class BodyCheck:
    """Answers 413 to a body above `limit` bytes, whether it is announced or streamed, and 422 to ambiguous JSON.

    The body is read here, whole, before the application starts: a limit that strikes in the middle of a handler turns
    into whatever that handler makes of a broken read (FastAPI: 400).
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or not header_names(scope).has_body:
            return self.app(scope, receive, send)
        return self._check(scope, receive, send)

    async def _check(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = None if _announced(scope["headers"]) > self.limit else await self._read(receive)
        except ClientDisconnect:  # nobody hears it; the log and the metrics do
            refusal: Response | None = problem_response(scope, 400, "incomplete_body", "the body ended too early")
        else:
            refusal = self._too_large(scope) if body is None else _refuse_json(scope, body)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self.app(scope, replay, send)

    def _too_large(self, scope: Scope) -> Response:
        message = f"the request body is larger than {self.limit} bytes"
        return problem_response(scope, 413, "body_too_large", message, {"connection": "close"}, limit_bytes=self.limit)

    async def _read(self, receive: Receive) -> bytes | None:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            if len(body) > self.limit:
                return None
            if not message.get("more_body"):
                return bytes(body)


def _refuse_json(scope: Scope, body: bytes) -> Response | None:
    """The refusal of JSON that its reader might understand in two ways."""
    kind = next((value for key, value in scope["headers"] if key == b"content-type"), b"")
    fault = None if kind.partition(b";")[0].strip().lower() in _FORMS else json_fault(body)
    if fault is None:
        return None
    return problem_response(scope, 422, "invalid_request", f"body: {fault}", errors=[{"where": "body", "what": fault}])


def _announced(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return next((int(value) for key, value in headers if key == b"content-length" and value.isdigit()), 0)
