"""What all notifiers share: their shape, and the one way in which a delivery fails."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

from investiq.clients.notify.notice import Notice
from investiq.foundation.errors import InvestIQError

__all__ = ["HttpPost", "Notifier", "Undelivered"]


class HttpPost(Protocol):
    """Sends a JSON document and returns when one of the `expected` statuses answers."""

    def __call__(
        self, url: str, document: Mapping[str, Any], expected: tuple[int, ...], token_file: Path | None = None
    ) -> None:
        """Raises Undelivered in every other case.

        Args:
            token_file: holds the bearer token that the server asks for; another user's on its port gets nothing.
        """


class Notifier(Protocol):
    """See the package."""

    @property
    def name(self) -> str:
        """As in the catalogue's label."""

    def deliver(self, notice: Notice, post: HttpPost) -> None:
        """Send one message.

        Raises:
            Undelivered: it did not arrive, as far as is known.
        """


class Undelivered(InvestIQError):
    """A message did not arrive.

    Attributes:
        outcome: one of the catalogue's outcomes.
        again: another try may succeed.
        after_seconds: how long the other side asked to wait.
    """

    reason: ClassVar[str] = "undelivered"

    def __init__(self, outcome: str, message: str, *, again: bool, after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.again = again
        self.after_seconds = after_seconds
