"""The base of every error that InvestIQ raises on purpose.

`reason` is a short word from a closed set (it becomes a metric label and a problem type), `message` is for people:
what was wrong, what was expected, and the next step. `retryable` says whether the same call may work later.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = ["InvestIQError"]


class InvestIQError(Exception):
    """An expected failure: bad input, a missing dependency, an outside service that does not answer.

    Each subclass fixes `reason` and `retryable`. `detail` is carried into the problem document of the API. `fix` is
    what to do, where the message leaves it out because a finding has a place for it.
    """

    reason: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    fix: str = ""

    def __init__(self, message: str, **detail: object) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
