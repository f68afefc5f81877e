"""Is this host's clock right, as far as one can tell without the internet?

Three witnesses: the kernel knows whether anything keeps the clock in step; nothing here can have been written in the
future; and Prometheus, whose times alerts and heartbeats are judged by, may run on another host.
"""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import investiq
from investiq.clients.prometheus import Prometheus
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.operate.doctor.installation import Installation

__all__ = ["check", "kept_in_step"]

CHECK = "clock"

TOLERANCE_SECONDS = 2.0
"""The Date of HTTP has whole seconds, and file systems round: less cannot be told."""

_FIX = "set the clock and keep it in step: `sudo timedatectl set-ntp true` (or install chrony)"
_TIME_ERROR = 5
"""What adjtimex(2) returns when nothing synchronises the clock."""


def check(installation: Installation) -> CheckResult:
    """Compare the clock with its witnesses."""
    findings = [*_from_the_future(installation), *_beside_prometheus(installation)]
    seen, notes = "no file here is from the future", list[str]()
    if installation.answers("prometheus"):
        seen += ", and Prometheus has the same time"
    in_step = kept_in_step()
    if in_step:
        seen = f"the kernel says that it is kept in step; {seen}"
    elif installation.config.market.clock == "wall" and in_step is False:
        why = 'with market.clock = "wall" the age of every price hangs on it'
        kernel = Place(PlaceKind.MACHINE, "kernel")
        findings.append(Finding(CHECK, kernel, "nothing keeps it in step", _FIX, why, FindingSeverity.WARNING))
    elif in_step is False:
        # Many virtual machines take their time from the host, which the kernel inside cannot know: no fault by itself.
        notes.append(f"nothing on this machine keeps the clock in step; a replay works, but to be sure {_FIX}")
    else:
        notes.append("the kernel does not tell whether anything keeps the clock in step (a container?)")
    return CheckResult(CHECK, seen, tuple(findings), tuple(notes))


def kept_in_step() -> bool | None:
    """Whether something such as NTP disciplines the clock, from adjtimex(2); None where the system does not tell."""
    try:
        # The kernel fills a `struct timex` of 208 bytes; all zero asks and changes nothing, and needs no privilege.
        state: int = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
    except (AttributeError, OSError):
        return None
    return None if state < 0 else state != _TIME_ERROR


def _from_the_future(installation: Installation) -> Iterator[Finding]:
    """The newest file that is later than now: the clock was ahead when it was written, or is behind today."""
    now = time.time()
    written = {path: path.stat().st_mtime for path in _files(Paths.of(installation.config)) if path.exists()}
    newest = max(written, key=lambda path: written[path])
    ahead = written[newest] - now
    if ahead > TOLERANCE_SECONDS:
        here, there = (f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}" for at in (now, written[newest]))
        what = f"it is {here} UTC here, and this file was written at {there}: the clock was set back, or was ahead"
        yield Finding(CHECK, Place.file(newest), what, _FIX, "ages of prices and heartbeats come out wrong")


def _files(paths: Paths) -> Iterable[Path]:
    yield Path(investiq.__file__)
    yield from (paths.replay_state, paths.ledger, paths.inbox, paths.admin_key)
    yield from paths.logs.glob("*.log")


def _beside_prometheus(installation: Installation) -> Iterator[Finding]:
    if not installation.answers("prometheus"):
        return
    where = topology.PROMETHEUS.url(installation.config)
    skew = abs((datetime.now(UTC) - asyncio.run(_date_of_prometheus(installation.config))).total_seconds())
    if skew > TOLERANCE_SECONDS:
        what = f"Prometheus' clock differs by {skew:.0f} s"
        yield Finding(CHECK, Place(PlaceKind.ADDRESS, where), what, _FIX, "alerts come late or never")


async def _date_of_prometheus(config: Config) -> datetime:
    async with Prometheus.of(config) as prometheus:
        return await prometheus.date()
