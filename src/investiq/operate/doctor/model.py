"""Is there a sound signal model that knows nothing later than the replay's start, and does it serve?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from typing import Any

from investiq.clients.session import HttpSession
from investiq.foundation import topology
from investiq.foundation.config import Paths
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.operate.doctor.installation import START, Installation

__all__ = ["check"]

CHECK = "model"

_TRAIN = "`investiq models train`"
_NO_FORECASTS = "analyses rest on the other engines, without a forecast"


def check(installation: Installation) -> CheckResult:
    """Verify the model on the disk as the service does, then ask the service which one it serves."""
    from investiq.invest import wiring  # noqa: PLC0415  the market: only when this check runs

    reason = wiring.retraining_reason(installation.config, keep=False)
    new = not Paths.of(installation.config).current_model.exists() and not installation.found.is_running
    findings: tuple[Finding, ...] = (_on_disk(reason, new),) if reason else ()
    if not installation.answers("signals"):
        return CheckResult(CHECK, "the model on the disk", (*findings, *installation.unanswered(CHECK, ["signals"])))
    where = topology.SIGNALS.url(installation.config)
    state = asyncio.run(_state(where))
    findings += tuple(_serving(installation, Place(PlaceKind.ADDRESS, where), state))
    looked_at = f"a verified model serves: {state['version']}, trained until {state['trained_until']}"
    return CheckResult(CHECK, looked_at, findings, _notes(state))


async def _state(url: str) -> dict[str, Any]:
    async with HttpSession("the signal models service", url, part=topology.SIGNALS.name) as http:
        health = await http.json("/health", accept=(200, 503))
    return dict(health["model"])


def _on_disk(reason: str, new: bool) -> Finding:
    """What is wrong with the model on the disk.

    Args:
        new: nothing was started here yet; the first start trains.
    """
    place = Place(PlaceKind.MACHINE, "disk")
    if new:
        return Finding(CHECK, place, reason, START, severity=FindingSeverity.UNCHECKED)
    return Finding(CHECK, place, reason, _TRAIN, _NO_FORECASTS)


def _serving(installation: Installation, place: Place, state: dict[str, Any]) -> Iterator[Finding]:
    if not state["loaded"]:
        what = f"the service has no model: {state['error'] or 'none was trained'}"
        yield Finding(CHECK, place, what, _TRAIN, _NO_FORECASTS)
        return
    if state["error"]:
        what = f"the service goes on with an older model: {state['error']}"
        yield Finding(CHECK, place, what, _TRAIN, severity=FindingSeverity.WARNING)
    market = installation.config.market
    if market.clock == "replay" and date.fromisoformat(state["trained_until"]) >= market.start:
        seen = state["trained_until"]
        what = f"the model that serves has seen prices up to {seen}, and the replay starts on {market.start}"
        fix = f"{_TRAIN}: the service takes the new one over by itself"
        yield Finding(CHECK, place, what, fix, "its forecasts know what they are to foretell")


def _notes(state: dict[str, Any]) -> tuple[str, ...]:
    if state["beats_constant"] is False:
        return (
            "it does not beat a constant forecast, says so, and counts for next to nothing (`investiq models show`)",
        )
    return ()
