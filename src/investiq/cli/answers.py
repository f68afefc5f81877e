"""Awaits what a server of the monitoring answers to a command."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from investiq.clients.session import BadResponse, Refused, Unreachable

__all__ = ["answered"]

Answer = TypeVar("Answer")


def answered(question: Coroutine[Any, Any, Answer]) -> Answer:
    """The answer.

    Scripts know two words and exit codes of a monitoring that gives none: `unreachable`, whatever else has the port or
    whyever it fails, and `timeout`.

    Raises:
        Unreachable, TimedOut: there is none.
    """
    try:
        return asyncio.run(question)
    except (BadResponse, Refused) as error:
        raise Unreachable(error.what, error.fix) from error
