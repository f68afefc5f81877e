"""One HTTP request with a time limit. Nothing that it says or raises holds a URL: those of receivers are secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from investiq import __version__
from investiq.clients.notify.notifier import Undelivered
from investiq.clients.session import ForeignListener, TrustedUsers
from investiq.clients.session.credentials import HttpCredentials
from investiq.foundation.numbers import MalformedNumber, parse_decimal
from investiq.foundation.telemetry import tracing

__all__ = ["LIMIT_SECONDS", "LONGEST_ASKED_SECONDS", "post"]

LIMIT_SECONDS = 5.0
LONGEST_ASKED_SECONDS = 60.0
"""A service that asks for more patience is asked again after this."""


def post(url: str, document: Mapping[str, Any], expected: tuple[int, ...], token_file: Path | None = None) -> None:
    """Send `document` to `url`. Only status and one header of the answer are read, never its body.

    Args:
        token_file: holds the bearer token that the server asks for; another user's on its port gets nothing.

    Raises:
        Undelivered: no answer in time, or another status than those `expected`.
    """
    headers = {"User-Agent": f"investiq/{__version__}"}
    credentials = HttpCredentials(own_token=token_file)
    hooks = TrustedUsers((token_file,)).hooks() if token_file is not None else {}
    try:
        with (
            httpx2.Client(timeout=LIMIT_SECONDS, trust_env=False, follow_redirects=False, event_hooks=hooks) as client,
            # Only the inbox is told of our trace, and only it has an address that is no secret.
            tracing.call("POST", url, secret=token_file is None, stranger=token_file is None) as call,
            client.stream(
                "POST", url, json=document, headers={**headers, **call.headers}, auth=credentials.auth()
            ) as response,
        ):
            call.answered(response.status_code)
            status, asked = response.status_code, response.headers.get("retry-after", "")
    except ForeignListener as error:
        raise Undelivered("unreachable", error.what, again=True) from None
    except httpx2.TimeoutException:
        raise Undelivered("timeout", f"no answer within {LIMIT_SECONDS:g} s", again=True) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        # `from None`, and no text of the error: it may hold the address.
        raise Undelivered("unreachable", f"no connection ({type(error).__name__})", again=True) from None
    if status in expected:
        return
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        raise Undelivered("rate_limited", "too many messages (429)", again=True, after_seconds=_seconds(asked))
    if status >= httpx2.codes.INTERNAL_SERVER_ERROR or status == httpx2.codes.REQUEST_TIMEOUT:
        raise Undelivered("server_error", f"the service failed ({status})", again=True)
    raise Undelivered("refused", f"the service refused the message ({status})", again=False)


def _seconds(asked: str) -> float:
    try:
        seconds = float(parse_decimal(asked))
    except MalformedNumber:  # or a date
        return 0.0
    return min(max(seconds, 0.0), LONGEST_ASKED_SECONDS)
