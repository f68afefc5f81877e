"""One start of the stack as its user sees it: parts become ready, two proofs, the addresses, what to type next."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from investiq.cli.context import CommandContext
from investiq.cli.exit_codes import ExitCode
from investiq.cli.login import login_url, minutes_left
from investiq.cli.stack_screen import StackScreen
from investiq.clients.api.connection import connect_async
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.errors import InvestIQError
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind, Verdict
from investiq.operate.supervise.launch import missing_jobs
from investiq.operate.supervise.parts import MissingProgram, StackTable
from investiq.operate.supervise.status import Failure, StackSnapshot
from investiq.operate.validate.smoke_test import WATCHED, check_analysis, check_monitored

if TYPE_CHECKING:
    from investiq.foundation.contract.api import LoginLink

__all__ = ["Startup", "address_lines"]

_LINK_SECONDS = 5.0

_WATCHERS = ("prometheus", "alertmanager")
_NEXT = {
    "status": "how every part is, and whether trading is halted",
    "symbols": "what there is to analyse and to trade",
    "analyze AAPL": "what the engines say",
    "positions": "what the agent holds on paper",
    "inbox": "notifications",
    "down": "stop everything; the data stays",
}


@dataclass
class Startup:
    """A start that is under way; its supervisor may be in this process or in another.

    Args:
        stop: asks the supervisor to stop everything.
        stay: gives the newest snapshot. With it the end of the stack is awaited; without it `see_through` returns
            when everything works.
    """

    context: CommandContext
    config: Config
    table: StackTable
    snapshots: AsyncIterator[StackSnapshot]
    stop: Callable[[], Awaitable[None]]
    stay: Callable[[], StackSnapshot] | None = None

    def __post_init__(self) -> None:
        self._screen = StackScreen(self.context)
        self._failure: Failure | None = None
        self._interrupts = 0
        self._stopping: asyncio.Future[None] | None = None

    async def see_through(self) -> int:
        """Show the start until the stack works or has stopped; returns the exit code."""
        display = asyncio.create_task(self._screen.follow(self.snapshots))
        arrival = asyncio.create_task(self._arrive())
        with self._stopped_by_interrupt():
            await asyncio.wait({display, arrival}, return_when=asyncio.FIRST_COMPLETED)
            works = arrival.done() and await arrival
            arrival.cancel()
            if works and self.stay is not None:
                await asyncio.gather(display, self._screen.live_table(self.stay))
            elif works:
                display.cancel()
            else:
                if not display.done():
                    await self.stop()
                await display
        return self._code(works)

    async def _arrive(self) -> bool:
        """Once every part is well: prove that the stack works, and sum up. False when it does not."""
        await self._screen.running.wait()
        self._screen.awaiting("proving it works: every target up, a test alert and a heartbeat delivered, an analysis")
        proofs = await asyncio.gather(self._prove_watched(), check_analysis(self.config))
        self._screen.awaiting("")
        for proof in proofs:
            word = proof.check if _is_proven(proof) else f"not {proof.check}"
            self._screen.say(f"  {word:<13}{_text(proof)}", "green" if _is_proven(proof) else "red")
        for proof in proofs:
            if not _is_proven(proof) and not (proof.check == WATCHED and self._missing_watchers):
                self._failure = self._unproven(proof)
                return False
        self._sum_up(proofs, await self._login_link())
        return True

    async def _login_link(self) -> LoginLink | None:
        """To log in to the console with; None where the API makes none now: the start is no worse for it."""
        try:
            async with connect_async(self.config, timeout=_LINK_SECONDS) as client:
                return await client.make_login_link()
        except (InvestIQError, OSError):
            return None

    @property
    def _missing_watchers(self) -> Sequence[MissingProgram]:
        return [part for part in self.table.missing if part.name in _WATCHERS]

    async def _prove_watched(self) -> CheckResult:
        if self._missing_watchers:
            return CheckResult(WATCHED, findings=tuple(map(self._lacking, self._missing_watchers)))
        return await check_monitored(self.config, missing_jobs(self.table))

    def _lacking(self, part: MissingProgram) -> Finding:
        halted = "trading stays halted without their heartbeat, unless require_monitoring = false under [trading]"
        why = halted if self.config.trading.require_monitoring else ""
        what = f"{part.name} is not installed ({part.get})"
        return Finding(WATCHED, Place(PlaceKind.PART, part.name), what, part.get, why)

    def _unproven(self, proof: CheckResult) -> Failure:
        """The stack is about to be stopped: what a finding says to ask of a running one helps nobody."""
        place = proof.findings[0].place
        part = place.name if place.kind is PlaceKind.PART else "api"
        log = Paths.of(self.config).logs / f"{part}.log"
        fix = "see the logs of these parts, then run `investiq up` again"
        return Failure(part, f"the stack is up, but not {proof.check}: {_text(proof)}", fix, str(log))

    def _sum_up(self, proofs: Sequence[CheckResult], link: LoginLink | None) -> None:
        snapshot = self._screen.last
        document = {
            "already_running": False,
            "parts": [asdict(part) for part in snapshot.parts] if snapshot else [],
            "proofs": [_document(proof) for proof in proofs],
            "admin_key_file": str(Paths.of(self.config).admin_key),
            "login_url": login_url(self.config, link) if link else None,
        }
        self.context.emit("investiq.up/1", document, "", *address_lines(self.config, self.table, link))
        if self.stay is not None:
            self._screen.say("")
            self._screen.say("Running until Ctrl-C.")

    def _code(self, works: bool) -> int:
        failure = self._failure or (self._screen.last.failure if self._screen.last else None)
        if failure is not None:
            self._screen.report(failure)
            return ExitCode.FAILED
        if works:
            if self.stay is not None:
                self._screen.say("InvestIQ stopped; data is kept.")
            return ExitCode.FINDINGS if any(not part.optional for part in self.table.missing) else ExitCode.DONE
        self._screen.say("Stopped before everything was up.")
        return ExitCode.INTERRUPTED if self._interrupts else ExitCode.FAILED

    @contextlib.contextmanager
    def _stopped_by_interrupt(self) -> Iterator[None]:
        """Ctrl-C stops the stack in order; a second one ends this process, and the kernel ends its children."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    def _interrupt(self) -> None:
        self._interrupts += 1
        if self._interrupts > 1:
            self._screen.close()
            os._exit(ExitCode.INTERRUPTED)
        self._screen.say("Stopping everything in order; Ctrl-C again kills it at once.")
        self._stopping = asyncio.ensure_future(self.stop())


def _is_proven(proof: CheckResult) -> bool:
    return proof.verdict is Verdict.OK


def _text(proof: CheckResult) -> str:
    """What was proven; else what was not, and why that matters, each once."""
    if _is_proven(proof):
        return proof.looked_at
    whats = [finding.what for finding in proof.findings]
    return "; ".join(dict.fromkeys([*whats, *(finding.why for finding in proof.findings if finding.why)]))


def _document(proof: CheckResult) -> dict[str, Any]:
    told = {"name": proof.check, "proven": _is_proven(proof), "text": _text(proof)}
    return {**told, "findings": [finding.document() for finding in proof.findings], "seconds": proof.seconds}


def address_lines(config: Config, table: StackTable, link: LoginLink | None = None) -> list[str]:
    """Where everything is, how to log in, and what to type next."""
    purposes = {
        "web": "the console: prices, analysis, trading, operations",
        "api": "the API; its documentation is at /docs",
        "prometheus": "metrics and alert rules",
        "alertmanager": "alerts that fire, and silences, as JSON at /api/v2/alerts and /api/v2/silences",
        "inbox": "notifications as JSON, at /api/notifications",
    }
    key = Paths.of(config).admin_key
    lines = ["Open"]
    lines += [f"  {table[name].url:<26}{purpose}" for name, purpose in purposes.items() if name in table.names]
    lines += _from_elsewhere(config, table)
    typed = _typed()
    asking = [name for name in ("prometheus", "alertmanager") if name in table.names]
    if asking:
        lines.append(f"  (user and password of {' and '.join(asking)}: {typed} open {asking[0]})")
    lines += ["Log in", *_how_to_log_in(config, link, typed)]
    lines += [
        "  On this machine you can look without logging in. Trading, halting and silencing need a key; the "
        "command line here",
        f"  uses the local admin key. To use it elsewhere: cat {key}",
        "Next",
    ]
    own_prices = config.market.provider != "replay"
    commands = {name: purpose for name, purpose in _NEXT.items() if not (own_prices and "AAPL" in name)}
    lines += [f"  {f'{typed} {command}':<{len(typed) + 19}}{purpose}" for command, purpose in commands.items()]
    return lines


def _from_elsewhere(config: Config, table: StackTable) -> Iterator[str]:
    """The names of the edge, which ask for a log-in or a key."""
    if topology.EDGE.name not in table.names:
        return
    addresses = [address for host in config.edge.names if (address := topology.edge_url(config, host))]
    yield f"From elsewhere, by log-in or key (nginx at {topology.target(config.edge.host, config.edge.port)})"
    yield from (f"  {address}/" for address in addresses)


def _how_to_log_in(config: Config, link: LoginLink | None, typed: str) -> Sequence[str]:
    if link is None:
        return [f"  {f'{typed} login':<26}a link that logs in to the console, once"]
    valid = f"  to the console as {link['name']}, once, within {minutes_left(link)} minutes; later: {typed} login"
    return [f"  {login_url(config, link)}", valid]


def _typed() -> str:
    """This program as its user has to type it: with its folder where the PATH does not lead there, as in a clone."""
    program = Path(sys.executable).parent / "investiq"
    if not program.exists() or shutil.which("investiq") == str(program):
        return "investiq"
    return str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program)
