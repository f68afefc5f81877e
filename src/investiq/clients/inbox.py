"""Reads the inbox over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.errors import InvestIQError

__all__ = ["InboxClient", "InboxTimedOut", "InboxUnreachable"]

_SECONDS = 5.0


class InboxUnreachable(InvestIQError):
    """The inbox does not answer."""

    reason = "unreachable"
    retryable = True


class InboxTimedOut(InboxUnreachable):
    """Something listens where the inbox should, and says nothing."""

    reason = "timeout"


class InboxClient:
    """The inbox of this configuration; a context manager."""

    def __init__(self, config: Config) -> None:
        self._url = topology.INBOX.url(config)
        self._client = httpx2.Client(base_url=self._url, timeout=_SECONDS, trust_env=False)

    def __enter__(self) -> InboxClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def notifications(self, **filters: str | int | None) -> list[dict[str, Any]]:
        """Notifications, newest first; `filters` are the parameters of GET /api/notifications.

        Raises:
            InboxUnreachable: it does not answer, or not as an inbox does.
        """
        given = {name: value for name, value in filters.items() if value is not None}
        document = self._get("/api/notifications", given)
        notifications: list[dict[str, Any]] = document["notifications"]
        return notifications

    def _get(self, path: str, parameters: Mapping[str, str | int]) -> dict[str, Any]:
        try:
            response = self._client.get(path, params=dict(parameters))
            response.raise_for_status()
            document: dict[str, Any] = response.json()
        except httpx2.TimeoutException as error:
            raise InboxTimedOut(f"the inbox at {self._url} did not answer in time; see logs/inbox.log") from error
        except (httpx2.HTTPError, ValueError) as error:
            message = f"the inbox does not answer at {self._url} ({error}): `investiq up` starts it"
            raise InboxUnreachable(message) from error
        return document
