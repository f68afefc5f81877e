"""Who makes a request."""

from __future__ import annotations

from dataclasses import dataclass

from investiq.foundation.vocabulary import Access

__all__ = ["Caller"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request.

    Attributes:
        name: kept in the ledger with what the caller does, such as `agent`.
        bucket: whose requests are counted together by the rate limit.
        key_id: of the key that it presented, or that its session belongs to; empty without one.
        session_id: of the session that it presented; empty for everybody else.
    """

    name: str
    access: Access
    bucket: str
    key_id: str = ""
    session_id: str = ""
