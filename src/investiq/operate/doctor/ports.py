"""Does each part answer on its port; and if not, who has the port?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from investiq.foundation.config import Paths
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.foundation.listeners import listens
from investiq.operate.doctor.installation import START, Installation
from investiq.operate.supervise.parts import StackTable
from investiq.operate.supervise.ports import TakenPort, taken_ports
from investiq.operate.supervise.status import PartStatus, ProcessState, StackStatus

__all__ = ["check"]

CHECK = "ports"


def check(installation: Installation) -> CheckResult:
    """Every part is well, or its port is free, or the program that has it is named."""
    found = installation.found
    installed = [part for part in found.parts if part.state is not ProcessState.MISSING]
    findings = [finding for part in found.parts if not part.is_well for finding in _faults(installation, part)]
    if not found.is_running:
        place = Place(PlaceKind.PART, "InvestIQ")
        findings.append(Finding(CHECK, place, "it does not run", START, severity=FindingSeverity.UNCHECKED))
    well = sum(part.is_well for part in installed)
    return CheckResult(CHECK, f"{well} of {len(installed)} parts are well", tuple(findings), tuple(_notes(found)))


def _notes(found: StackStatus) -> Iterator[str]:
    for part in found.parts:
        if part.state is ProcessState.MISSING and part.optional:
            yield f"{part.name} ({part.what}) is not installed: {part.note}"
    if found.is_running and found.supervisor is None:
        yield "what answers was not started by `investiq up` on this data_dir, so `investiq down` cannot stop it"


def _faults(installation: Installation, part: PartStatus) -> Iterator[Finding]:
    if part.state is ProcessState.MISSING:
        yield Finding(CHECK, _place(part.name), f"the program that {part.what} is not installed", part.note)
    elif part.pid is None and (taken := _taken(installation, part)):
        # No process of our supervisor is behind this part: whoever has the port is a stranger.
        yield _foreign(taken)
    elif installation.found.is_running:
        yield _ill(installation, part)


def _taken(installation: Installation, part: PartStatus) -> TakenPort | None:
    supervisor = installation.found.supervisor
    if part.port is None or (supervisor is not None and listens(supervisor.supervisor_pid, part.port)):
        return None  # the supervisor keeps the port of a part that is down
    alone = StackTable((replace(installation.table[part.name], needs=()),))
    return next(iter(taken_ports(alone)), None)


def _foreign(taken: TakenPort) -> Finding:
    variable = f"INVESTIQ_{taken.setting.replace('.', '_').upper()}"
    if not taken.owner:
        return Finding(CHECK, _place(taken.part), str(taken), f"set {taken.setting} (or ${variable}); then {START}")
    what = f"port {taken.port} is held by {taken.owner}, which does not answer as {taken.part} does"
    fix = f"end that program, or set {taken.setting} (or ${variable}) to a free port; then {START}"
    return Finding(CHECK, _place(taken.part), what, fix)


def _ill(installation: Installation, part: PartStatus) -> Finding:
    log = Paths.of(installation.config).logs / f"{part.name}.log"
    what = f"it is {part.state}" + (f": {part.note}" if part.note else "")
    if part.state is ProcessState.STOPPED_BY_USER:
        what = f"it was stopped with `investiq down {part.name}`"
    if installation.found.supervisor is None:
        fix = START
    elif part.state is ProcessState.UNHEALTHY:
        fix = f"`investiq down {part.name}`, then `investiq up {part.name}`; its log is {log}"
    else:
        fix = f"`investiq up {part.name}`; its log is {log}"
    return Finding(CHECK, _place(part.name), what, fix)


def _place(part: str) -> Place:
    return Place(PlaceKind.PART, part)
