"""Is there a sound signal model that knows nothing later than the replay's start, and does it serve?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from investiq.foundation import topology
from investiq.foundation.config import Paths
from investiq.foundation.findings import Finding
from investiq.operate.doctor.examination import START, Diagnosis, Installation

__all__ = ["check"]

_TRAIN = "`investiq models train`"


def check(installation: Installation) -> Diagnosis:
    """Verify the model on the disk as the service does, then ask the service which one it serves."""
    from investiq.invest import wiring  # noqa: PLC0415  the market: only when this check runs

    reason = wiring.retraining_reason(installation.config)
    new = not Paths.of(installation.config).current_model.exists() and not installation.found.is_running
    fix = START if new else _TRAIN  # the first start trains
    findings = [Finding("model", "disk", reason, fix, unchecked=new)] if reason else []
    if not installation.answers("signals"):
        return Diagnosis("the model on the disk", [*findings, *installation.unanswered("model", ["signals"])])
    where = topology.SIGNALS.url(installation.config)
    state = installation.http.get(f"{where}/health").json()["model"]
    findings += _serving(installation, where, state)
    return Diagnosis(
        f"a verified model serves: {state['version']}, trained until {state['trained_until']}", findings, _notes(state)
    )


def _serving(installation: Installation, where: str, state: dict[str, Any]) -> Iterator[Finding]:
    if not state["loaded"]:
        yield Finding("model", where, f"the service has no model: {state['error'] or 'none was trained'}", _TRAIN)
        return
    if state["error"]:
        yield Finding("model", where, f"the service goes on with an older model: {state['error']}", _TRAIN)
    market = installation.config.market
    if market.clock == "replay" and date.fromisoformat(state["trained_until"]) >= market.start:
        seen = state["trained_until"]
        what = f"the model that serves has seen prices up to {seen}, and the replay starts on {market.start}"
        yield Finding("model", where, what, f"{_TRAIN}: the service takes the new one over by itself")


def _notes(state: dict[str, Any]) -> list[str]:
    if state["beats_constant"] is False:
        return [
            "it does not beat a constant forecast, says so, and counts for next to nothing (`investiq models show`)"
        ]
    return []
