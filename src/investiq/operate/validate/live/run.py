"""`investiq validate`: asks the running monitoring whether it watches.

`LIVE_CHECKS` lists the questions; each is a function of its own that answers with a `CheckResult`. What cannot be asked
is told as such, once, and the questions that rest on it are named as left out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum

from investiq.clients.alertmanager.client import Alertmanager
from investiq.clients.prometheus import Prometheus
from investiq.clients.session import (
    TYPED,
    HttpCredentials,
    HttpSession,
    HttpSettings,
    TrustedUsers,
    UnusableCredentials,
)
from investiq.foundation.config import Config
from investiq.foundation.errors import InvestIQError
from investiq.foundation.findings import CheckResult, Place, PlaceKind
from investiq.operate.supervise.launch import missing_jobs
from investiq.operate.supervise.parts import stack_table
from investiq.operate.validate.live.context import ValidationContext
from investiq.operate.validate.live.machine import (
    check_endpoints,
    check_files,
    check_heartbeat,
    check_loaded,
    check_services,
)
from investiq.operate.validate.live.metrics import check_metrics
from investiq.operate.validate.live.notifying import check_receivers, check_routes, check_silences
from investiq.operate.validate.live.panels import check_panels
from investiq.operate.validate.live.rules import check_rules
from investiq.operate.validate.live.scraping import check_alertmanager_known, check_probes, check_targets
from investiq.operate.validate.live.user_services import check_own_services
from investiq.operate.validate.runner import THIS_MACHINE, could_not_check, run_check_within

__all__ = ["LIVE_CHECKS", "SETTLING_SECONDS", "LiveCheck", "Need", "RemoteTarget", "validate_live"]

SETTLING_SECONDS = 60.0
"""How long findings of a monitoring that has just started are asked again: rates need samples, rules a round."""

_YOUNG_SECONDS = 120.0
_ASK_AGAIN_SECONDS = 1.0
_CHECK_SECONDS = 60.0
_TELL_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_AT_ONCE = 8
"""Questions under way at the same time to each: a monitoring that is asked should not feel it."""

Tell = Callable[[str], None]


class Need(StrEnum):
    """What a check asks; where it does not answer, the check of that name says so."""

    MACHINE = "machine"
    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"


@dataclass(frozen=True, slots=True)
class LiveCheck:
    """One question, and what it needs to be asked.

    Attributes:
        settles: its findings may be gone a minute after the start; a wrong setting stays wrong.
    """

    ask: Callable[[ValidationContext], Awaitable[CheckResult]]
    needs: frozenset[Need]
    settles: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTarget:
    """Base addresses of a monitoring that is not the one of this machine; None is this machine's.

    Attributes:
        access: how to get at them; never used for the parts of this machine.
    """

    prometheus: str | None = None
    alertmanager: str | None = None
    access: HttpCredentials = field(default_factory=HttpCredentials)

    def offers(self, need: Need) -> str:
        """Why `need` is not to be asked; empty where it is."""
        if self.prometheus is None or need is Need.PROMETHEUS:
            return ""
        if need is Need.MACHINE:
            return f"the files and processes behind {self.prometheus} are not this machine's to see"
        return "" if self.alertmanager is not None else "its address was not given (--alertmanager URL)"


async def _prometheus(context: ValidationContext) -> CheckResult:
    """It answers questions, and is a Prometheus."""
    await context.prometheus.now()
    return CheckResult("prometheus", f"{await context.prometheus.version()} at {context.prometheus.url}")


async def _alertmanager(context: ValidationContext) -> CheckResult:
    return CheckResult("alertmanager", f"{await context.alertmanager.version()} at {context.alertmanager.url}")


_MACHINE, _PROMETHEUS, _ALERTMANAGER = (
    frozenset({need}) for need in (Need.MACHINE, Need.PROMETHEUS, Need.ALERTMANAGER)
)

LIVE_CHECKS: Mapping[str, LiveCheck] = {
    "files": LiveCheck(check_files, _MACHINE, settles=False),
    "services": LiveCheck(check_services, _MACHINE),
    "endpoints": LiveCheck(check_endpoints, _MACHINE),
    "prometheus": LiveCheck(_prometheus, _PROMETHEUS),
    "loaded": LiveCheck(check_loaded, _MACHINE | _PROMETHEUS, settles=False),
    "targets": LiveCheck(check_targets, _PROMETHEUS),
    "probes": LiveCheck(check_probes, _PROMETHEUS),
    "metrics": LiveCheck(check_metrics, _PROMETHEUS),
    "rules": LiveCheck(check_rules, _PROMETHEUS),
    "panels": LiveCheck(check_panels, _PROMETHEUS),
    "own-services": LiveCheck(check_own_services, _PROMETHEUS),
    "alertmanager-known": LiveCheck(check_alertmanager_known, _PROMETHEUS),
    "alertmanager": LiveCheck(_alertmanager, _ALERTMANAGER),
    "receivers": LiveCheck(check_receivers, _ALERTMANAGER, settles=False),
    "routes": LiveCheck(check_routes, _ALERTMANAGER, settles=False),
    "silences": LiveCheck(check_silences, _ALERTMANAGER, settles=False),
    "heartbeat": LiveCheck(check_heartbeat, _MACHINE),
}
"""Name of each check -> the check, in the order in which they are shown; its findings carry the same name."""


async def validate_live(
    config: Config,
    *,
    remote: RemoteTarget | None = None,
    only: Collection[str] | None = None,
    wait_seconds: float | None = None,
    tell: Tell = lambda _: None,
) -> list[CheckResult]:
    """Every check of the running monitoring, in the order of `LIVE_CHECKS`; ends within two minutes by default.

    Where a file of `remote.access` cannot be used, the one result says that.

    Args:
        only: names of the checks to make; None makes all. What they rest on is asked as well.
        wait_seconds: how long findings are asked again; None does so for a monitoring that has just started.
        tell: is told what goes on, every few seconds.
    """
    remote = remote or RemoteTarget()
    wanted = _with_needs(LIVE_CHECKS if only is None else only)
    try:
        async with _scene(config, remote) as context, _told(context, tell):
            checked = await _settled(wanted, context, remote, wait_seconds, tell)
    except UnusableCredentials as error:
        return [could_not_check("validate", Place(PlaceKind.MACHINE, "this command"), error.what, error.fix)]
    return [checked[name] for name in LIVE_CHECKS if name in checked]


async def _settled(
    wanted: Sequence[str], context: ValidationContext, remote: RemoteTarget, wait_seconds: float | None, tell: Tell
) -> dict[str, CheckResult]:
    """The checks `wanted`; what is not whole is asked again while time alone may mend it."""
    checked = await _round(wanted, context, remote)
    started = time.monotonic()
    if wait_seconds is None:
        wait_seconds = SETTLING_SECONDS if _open(checked) and await _is_young(context) else 0.0
    if _open(checked) and wait_seconds:
        tell(f"not whole yet: {', '.join(_open(checked))}; asking again, for {wait_seconds:.0f} s at most")
    while (again := _open(checked)) and (left := started + wait_seconds - time.monotonic()) > 0:
        await asyncio.sleep(min(_ASK_AGAIN_SECONDS, left))
        checked |= await _round(_with_needs(again), context, remote)
    return checked


def _with_needs(names: Collection[str]) -> list[str]:
    """The checks and those that they rest on, in the order of all."""
    needed = {need for name in names for need in LIVE_CHECKS[name].needs}
    return [name for name in LIVE_CHECKS if name in names or name in needed]


@asynccontextmanager
async def _scene(config: Config, remote: RemoteTarget) -> AsyncIterator[ValidationContext]:
    trusted = TrustedUsers.of(config)
    near = HttpSettings(timeout_seconds=_ANSWER_SECONDS, at_once=_AT_ONCE, trusted=trusted, next_steps=TYPED)
    # Whoever types an address means what runs there: Debian's Prometheus has a user of its own.
    far = replace(near, credentials=remote.access, trusted=None)
    here = remote.prometheus is None
    prometheus = Prometheus.of(config, near) if remote.prometheus is None else Prometheus(remote.prometheus, far)
    alertmanager = (
        Alertmanager.of(config, near) if remote.alertmanager is None else Alertmanager(remote.alertmanager, far)
    )
    async with prometheus, alertmanager, HttpSession("the part", "http://127.0.0.1", near) as parts:
        yield ValidationContext(
            config=config,
            without=missing_jobs(stack_table(config)) if here else (),
            here=here,
            prometheus=prometheus,
            alertmanager=alertmanager,
            parts=parts,
        )


async def _round(names: Sequence[str], context: ValidationContext, remote: RemoteTarget) -> dict[str, CheckResult]:
    """Each check once: first what others rest on, then those, side by side."""
    first = {name: await _made(name, context, remote, {}) for name in names if name in set(Need)}
    others = [name for name in names if name not in first]
    rest = await asyncio.gather(*(_made(name, context, remote, first) for name in others))
    return first | dict(zip(others, rest, strict=True))


async def _made(
    name: str, context: ValidationContext, remote: RemoteTarget, first: Mapping[str, CheckResult]
) -> CheckResult:
    check = LIVE_CHECKS[name]
    for need in sorted(check.needs):
        if why := remote.offers(need):
            return CheckResult(name, left_out=why)
        if need in first and first[need].findings:
            return CheckResult(name, left_out=f"{need} could not be asked")
    return await run_check_within(_CHECK_SECONDS, name, _place(check, context), check.ask(context))


def _place(check: LiveCheck, context: ValidationContext) -> Place:
    if Need.MACHINE in check.needs:
        return THIS_MACHINE
    asked = context.alertmanager if Need.ALERTMANAGER in check.needs else context.prometheus
    return Place(PlaceKind.ADDRESS, asked.url)


def _open(checked: Mapping[str, CheckResult]) -> list[str]:
    """The checks that are not whole, and that time alone may mend: also those that were left out for one of them."""
    broken = {name for name, one in checked.items() if one.findings and LIVE_CHECKS[name].settles}
    return [name for name in checked if name in broken or LIVE_CHECKS[name].needs & broken]


async def _is_young(context: ValidationContext) -> bool:
    """Whether anything that is watched started so recently that there is little to see of it yet."""
    try:
        ages = await context.prometheus.query("time() - max(process_start_time_seconds)")
    except (InvestIQError, LookupError, TypeError, ValueError):
        return False
    return not ages or ages[0].value < _YOUNG_SECONDS


@asynccontextmanager
async def _told(context: ValidationContext, tell: Tell) -> AsyncIterator[None]:
    """Tell every few seconds how many answers came, as long as it lasts."""

    async def telling() -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            asked = (context.parts, context.prometheus.http, context.alertmanager.http)
            tell(f"{sum(http.answered for http in asked)} answers so far")

    task = asyncio.create_task(telling())
    try:
        yield
    finally:
        task.cancel()
