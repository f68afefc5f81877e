"""How the API says no: with a problem document. What else can go wrong is as with every server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from investiq.clients.session.errors import Refused

__all__ = ["ApiRefused"]


class ApiRefused(Refused):
    """The API understood and said no.

    Attributes:
        status: HTTP status, 400 to 599.
        problem: the problem document; its `reason` is the API's own word, such as `unknown_symbol`.
        retry_after: seconds that the API asked to wait (429), else None.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        said = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        super().__init__(said, status=status, said=said)
        self.problem = dict(problem)
        self.retry_after = retry_after

    @property
    def problem_reason(self) -> str:
        """The API's word for what was wrong, such as `unknown_symbol` or `insufficient_scope`."""
        return str(self.problem.get("reason", "unknown"))

    @property
    def suggestions(self) -> list[str]:
        """The nearest known symbols, where the API names some."""
        return [str(symbol) for symbol in self.problem.get("suggestions", ())]
