"""Who acts by the console: from where a person came to it, which the console alone may say.

Its address proves nothing: every user of this machine has it. So it shows a token of its own. What it says goes into
the audit log and opens nothing.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from investiq.foundation.contract.console import CONSOLE_HEADER, ORIGIN_HEADER
from investiq.serve.http.origin import origin_of
from investiq.serve.http.token_ring import TokenRing

__all__ = ["ConsolePerson", "person_origin"]

_PROOF, _ORIGIN = CONSOLE_HEADER.encode(), ORIGIN_HEADER.encode()
_LONGEST = 80


class ConsolePerson:
    """ASGI layer: notes from where the person came whom a request of the console is made for."""

    def __init__(self, app: ASGIApp, tokens: TokenRing) -> None:
        self.app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Believe what the console says, and nobody else."""
        if scope["type"] == "http":
            proofs = [value for key, value in scope["headers"] if key == _PROOF]
            said = [value for key, value in scope["headers"] if key == _ORIGIN]
            if len(proofs) == len(said) == 1 and await self._tokens.accepts(proofs[0]):
                scope["person_at"] = said[0].decode("latin-1")[:_LONGEST]
        await self.app(scope, receive, send)


def person_origin(scope: Scope) -> str:
    """From where the person acts: to the console, where that is what asks, else to us."""
    person_at: str | None = scope.get("person_at")
    return f"{person_at}, by the console" if person_at else origin_of(scope)
