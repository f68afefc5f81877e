"""Errors as problem documents (RFC 9457): one shape for every failure of every server of ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from investiq.foundation.contract import api as contract
from investiq.foundation.errors import InvestIQError

__all__ = ["ErrorHandler", "Problem", "problem_handlers", "problem_response"]

ErrorHandler = Callable[[Request, Exception], Coroutine[Any, Any, Response]]


class Problem(InvestIQError):
    """A failure that already knows its HTTP status: raised by routes, never by the domain."""

    def __init__(
        self, status: int, reason: str, message: str, headers: Mapping[str, str] | None = None, **detail: object
    ) -> None:
        super().__init__(message, **detail)
        self.status = status
        self.problem_reason = reason
        self.headers = dict(headers or {})


class ProblemResponse(JSONResponse):
    """A problem may repeat what was sent, half a character too: JSON has an escape for it, UTF-8 has none."""

    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        """The document as bytes."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def problem_response(
    scope: Scope, status: int, reason: str, message: str, headers: Mapping[str, str] | None = None, /, **detail: Any
) -> Response:
    """The problem document of a failed request. `reason` becomes the type, `message` the detail."""
    body: contract.Problem = {
        "type": f"urn:investiq:problem:{reason}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "reason": reason,
        "detail": message,
        "instance": scope.get("path", ""),
        "request_id": scope.get("request_id"),
    }
    return ProblemResponse(jsonable_encoder({**body, **detail}), status, dict(headers or {}))


def problem_handlers(statuses: Mapping[type[InvestIQError], int]) -> dict[int | type[Exception], ErrorHandler]:
    """The exception handlers that make every failure a problem document.

    Args:
        statuses: the one error-to-HTTP map of the server. An `InvestIQError` that it does not name, by itself or by a
            base class, is a 500, as is anything unforeseen.
    """

    async def on_domain(request: Request, error: Exception) -> Response:
        assert isinstance(error, InvestIQError)  # noqa: S101  registered for this type
        status = next((statuses[base] for base in type(error).__mro__ if base in statuses), None)
        if status is None:
            raise error
        return problem_response(request.scope, status, error.reason, error.message, **error.detail)

    return {
        Problem: _on_problem,
        InvestIQError: on_domain,
        HTTPException: _on_http,
        RequestValidationError: _on_invalid,
    }


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101  registered for this type, as those below
    return problem_response(
        request.scope, error.status, error.problem_reason, error.message, error.headers, **error.detail
    )


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    reason = HTTPStatus(error.status_code).name.lower()
    headers = _allowed(request) or error.headers if error.status_code == 405 else error.headers
    return problem_response(request.scope, error.status_code, reason, str(error.detail), headers)


def _allowed(request: Request) -> dict[str, str]:
    """All methods of a described path: the router knows only those of the first route that it tried."""
    template = getattr(request.scope.get("route"), "path_format", None)
    methods = request.app.openapi().get("paths", {}).get(template, {})
    return {"Allow": ", ".join(sorted(map(str.upper, methods)))} if methods else {}


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = [{"where": ".".join(map(str, e["loc"])), "what": e["msg"]} for e in error.errors()]
    first = "; ".join(f"{f['where']}: {f['what']}" for f in faults[:3])
    return problem_response(request.scope, 422, "invalid_request", first, errors=faults)
