"""What OpenAPI says of failures: layers answer before a route is found, so no route can declare what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.constants import REF_PREFIX
from pydantic import TypeAdapter

from investiq.foundation.contract.api import Problem

__all__ = ["describe_problems"]

_ANY: Final = {
    400: "It could not be read as a request.",
    403: "A page of another site sent it, or the key does not allow it.",
    421: "The Host header does not name this server.",
}
_WITH_BODY: Final = {
    413: "The body is larger than this server takes.",
    422: "The body is not what is expected here.",
}
_JSON, _PROBLEM_JSON = "application/json", "application/problem+json"
_OF_FASTAPI = ("HTTPValidationError", "ValidationError")


def describe_problems(app: FastAPI, further: Mapping[int, str]) -> None:
    """Make the description of `app` tell of every failure that any request to it may meet, and in which form.

    Args:
        further: statuses that layers of this server alone answer with, and what each means.
    """
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            document = plain()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for method, operation in _operations(document):
                _add(operation, {**_ANY, **further, **(_WITH_BODY if "requestBody" in operation else {})})
                if method == "get" and "security" in operation:
                    operation["security"].append({})  # from this machine, reading needs no key
            for name in _OF_FASTAPI:
                schemas.pop(name, None)
            schemas.setdefault("Problem", TypeAdapter(Problem).json_schema())
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for methods in document.get("paths", {}).values():
        yield from methods.items()


def _add(operation: dict[str, Any], common: Mapping[int, str]) -> None:
    responses = operation["responses"]
    for status, meaning in common.items():
        responses.setdefault(str(status), {"description": meaning})
    for status, response in responses.items():
        if status.isdigit() and int(status) >= 400:
            _say_form(response)
    operation["responses"] = dict(sorted(responses.items()))


def _say_form(response: dict[str, Any]) -> None:
    """A failure is a problem document; one that has a document of its own may be a problem as well."""
    content = response.setdefault("content", {})
    own = content.get(_JSON, {}).get("schema", {}).get("$ref", "").removeprefix(REF_PREFIX)
    if own in _OF_FASTAPI:
        del content[_JSON]
    elif own and own.startswith(("Problem", "OrderDenied")):
        content[_PROBLEM_JSON] = content.pop(_JSON)
    content.setdefault(_PROBLEM_JSON, {"schema": {"$ref": f"{REF_PREFIX}Problem"}})
