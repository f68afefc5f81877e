"""Answers as they are read: whole, but never without end; and what it means that there is none."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from investiq.clients.session.errors import BadResponse, TimedOut, Unreachable
from investiq.foundation.documents.text import UnreadableFile

__all__ = [
    "Answer",
    "kind_of_failure",
    "read_answer",
    "read_answer_blocking",
    "rows",
    "text_map",
    "why_untrusted",
    "yaml_mapping",
]

MOST_BYTES = 32_000_000
"""Of an answer, decoded. Ours have less than a megabyte, and the targets of a large Prometheus some ten."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer of any status.

    Attributes:
        url: without its query, which may be long.
        document: the JSON document; None where it is none.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    text: str
    document: Any

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


async def read_answer(response: httpx2.Response) -> Answer:
    """The whole of an answer whose body was not read yet, as long as it is not too long."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        _add(body, chunk)
    return _answer(response, bytes(body))


def read_answer_blocking(response: httpx2.Response, seconds: float) -> Answer:
    """The same, within so many seconds: each chunk of an answer that drips in comes in time, the whole never does."""
    deadline = time.monotonic() + seconds
    body = bytearray()
    for chunk in response.iter_bytes():
        _add(body, chunk)
        if time.monotonic() > deadline:
            raise httpx2.ReadTimeout("the answer does not end")
    return _answer(response, bytes(body))


def _add(body: bytearray, chunk: bytes) -> None:
    body += chunk
    if len(body) > MOST_BYTES:
        raise _TooLong(f"the answer is longer than {MOST_BYTES} bytes")


def _answer(response: httpx2.Response, body: bytes) -> Answer:
    url = str(response.request.url.copy_with(query=None))
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):  # the latter of brackets in brackets in brackets
        document = None
    return Answer(url, response.status_code, response.headers, body.decode("utf-8", "replace"), document)


def text_map(raw: Any) -> dict[str, str]:
    """Labels or annotations.

    Raises:
        TypeError: these are none.
    """
    if not isinstance(raw, dict) or not all(isinstance(text, str) for text in raw.values()):
        raise TypeError("expected names with texts")
    return raw


def rows(raw: Any) -> list[Any]:
    """A list, which is not to be mixed up with an empty anything else.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(raw, list):
        raise TypeError("expected a list")
    return raw


def yaml_mapping(text: str) -> Mapping[str, Any]:
    """A configuration as a program tells it.

    Raises:
        TypeError, ValueError: this is none.
    """
    from investiq.foundation.documents import yaml_documents  # noqa: PLC0415  15 ms that only `validate` has to pay

    try:
        document = yaml_documents.load("the configuration", text)
    except UnreadableFile as error:
        raise ValueError(error.message) from error
    if not isinstance(document, dict):
        raise TypeError("expected a mapping")
    return document


class _TooLong(httpx2.TransportError):
    """An answer without end. One of the HTTP library's own, so that all of them are translated in one place."""


def kind_of_failure(error: Exception) -> type[Unreachable | TimedOut | BadResponse]:
    """What it means to whoever asked that the HTTP library raised `error`."""
    if isinstance(error, httpx2.TimeoutException | TimeoutError):
        return TimedOut
    if isinstance(error, httpx2.NetworkError | httpx2.ProxyError | httpx2.RemoteProtocolError):
        return Unreachable
    return BadResponse


def why_untrusted(error: BaseException | None) -> str | None:
    """Why a certificate was refused, where that is behind `error`."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error.verify_message if error is not None else None
