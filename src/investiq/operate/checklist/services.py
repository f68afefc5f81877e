"""Monitoring services started."""

from __future__ import annotations

from investiq.foundation.findings import CheckResult, Place, PlaceKind
from investiq.foundation.topology import PROGRAMS
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import lacking, not_done
from investiq.operate.checklist.deployment import Deployment
from investiq.operate.supervise.stack_status import read_stack_status
from investiq.operate.supervise.status import PartStatus, ProcessState

__all__ = ["check"]

POINT = ChecklistPoint.SERVICES


async def check(deployment: Deployment) -> CheckResult:
    """Each program of the monitoring runs, and says itself that it is well."""
    found = await read_stack_status(deployment.config)
    if not found.is_running:
        return not_done(POINT, Place(PlaceKind.PART, "InvestIQ"), "it does not run", "`investiq up`")
    programs = [part for part in found.parts if part.name in PROGRAMS]
    wanted = [part for part in programs if part.state is not ProcessState.MISSING or not part.optional]
    findings = [
        lacking(POINT, Place(PlaceKind.PART, part.name), _state(part), _fix(part))
        for part in wanted
        if not part.is_well
    ]
    evidence = f"{', '.join(part.name for part in wanted)} run, and each says that it is well"
    return CheckResult(POINT, evidence, tuple(findings))


def _state(part: PartStatus) -> str:
    return "it is not installed" if part.state is ProcessState.MISSING else f"it is {part.state}"


def _fix(part: PartStatus) -> str:
    return part.note if part.state is ProcessState.MISSING else f"`investiq up {part.name}`"
