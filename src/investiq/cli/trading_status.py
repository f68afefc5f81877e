"""How the state of the breaker is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from investiq.foundation import figures as fmt

if TYPE_CHECKING:
    from investiq.foundation.contract.api import TradingStatus

__all__ = ["status_lines"]


def status_lines(status: TradingStatus) -> list[str]:
    """The state of the breaker in one line; a second one where trading goes on unwatched."""
    unwatched = [] if status["monitoring"]["required"] else [status["monitoring"]["note"]]
    if not status["halted"]:
        return [f"trading is open ({status['mode']})", *unwatched]
    why = f"{status['reason']}: {status['note']}" if status["note"] else str(status["reason"])
    halted = (
        f"trading is halted ({status['mode']}): {why}, since {fmt.clock_time(status['since_wall'])} by {status['by']}"
    )
    return [halted, *unwatched]
