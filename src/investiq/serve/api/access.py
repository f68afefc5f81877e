"""What callers of the API may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Access", "Caller"]


class Access(StrEnum):
    """What a key allows; each includes the ones before it."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"

    def covers(self, needed: Access) -> bool:
        """Whether a key with this access may do what needs `needed`."""
        order = list(Access)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request.

    Attributes:
        name: kept in the ledger with what the caller does, such as `agent`.
        bucket: whose requests are counted together by the rate limit.
    """

    name: str
    access: Access
    bucket: str
