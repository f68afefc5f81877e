"""How long to wait before a crashed part is started again."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["BackOff"]


@dataclass(slots=True)
class BackOff:
    """Doubles with every crash, up to `limit`, and starts over after a life of `stable` seconds."""

    first: float = 0.5
    limit: float = 30.0
    stable: float = 60.0
    crashes: int = field(default=0, init=False)

    def after(self, lived_seconds: float) -> float:
        """Seconds to wait after a crash of a process that lived for `lived_seconds`."""
        self.crashes = 1 if lived_seconds >= self.stable else self.crashes + 1
        # The exponent is bounded because a part that crashes for a week would overflow a float.
        return min(self.limit, self.first * 2.0 ** min(self.crashes - 1, 16))
