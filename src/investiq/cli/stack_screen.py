"""What `investiq up` and `investiq down` show while parts come and go: lines, and on a terminal a live table."""

from __future__ import annotations

import asyncio
import functools
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from investiq.cli.context import CommandContext, rich_text
from investiq.cli.part_rows import part_rows
from investiq.operate.supervise.status import Failure, PartStatus, Phase, ProcessState, StackSnapshot

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.status import Status
    from rich.table import Table

__all__ = ["StackScreen"]

_COLORS = {
    ProcessState.HEALTHY: "green",
    ProcessState.DONE: "green",
    ProcessState.UNHEALTHY: "red",
    ProcessState.CRASHED: "red",
    ProcessState.RESTARTING: "red",
    ProcessState.MISSING: "yellow",
    ProcessState.STOPPED_BY_USER: "yellow",
}
_ON_THE_WAY = (ProcessState.WAITING, ProcessState.STARTING, ProcessState.STOPPING)
"""States that get no line of their own; what is awaited names them."""

_PROGRESS_SECONDS = 5.0
"""Between two lines of progress where no terminal can redraw one."""

_LINE = "  {word:<11}{name:<14}{rest}"


class StackScreen:
    """Follows snapshots and tells what is new in each.

    Args:
        tell_first: whether all is new in the first snapshot; otherwise only what changes after it is.

    Attributes:
        running: set when every part is well for the first time.
        last: the newest snapshot.
    """

    def __init__(self, context: CommandContext, *, tell_first: bool = True) -> None:
        self.running = asyncio.Event()
        self.last: StackSnapshot | None = None
        self._context = context
        self._tell_first = tell_first
        self._is_terminal = context.stderr.isatty()
        self._states: dict[str, ProcessState] = {}
        self._told_progress = time.monotonic()
        self._status: Status | None = None
        self._live: Live | None = None

    def say(self, line: str, style: str | None = None) -> None:
        """A line above whatever is redrawn at the moment."""
        if self._is_terminal:
            self._console.print(rich_text(line, style or ""), soft_wrap=True)
        else:
            self._context.say(line)

    def awaiting(self, text: str) -> None:
        """Show what is awaited, in a line that a terminal redraws; with an empty text nothing is."""
        if self._is_terminal and text:
            self._status = self._status or self._console.status("")
            self._status.update(rich_text(text))
            self._status.start()
        elif self._status is not None:
            self._status.stop()
            self._status = None

    def close(self) -> None:
        """Leave the terminal as it was."""
        self.awaiting("")
        if self._live is not None:
            self._live.stop()
            self._live = None

    async def follow(self, snapshots: AsyncIterator[StackSnapshot]) -> None:
        """Show `snapshots` until they end."""
        try:
            async for snapshot in snapshots:
                self._show(snapshot)
        finally:
            self.close()

    async def live_table(self, snapshot: Callable[[], StackSnapshot]) -> None:
        """On a terminal: keep the table of parts there, once a second, while the stack runs."""
        if not self._is_terminal:
            return
        from rich.live import Live  # noqa: PLC0415  only a terminal pays for it

        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        while self._live is not None:
            self._live.update(_rich_table(snapshot()), refresh=True)
            await asyncio.sleep(1)

    def report(self, failure: Failure) -> None:
        """The end of a log, then cause, fix and the log's place: what matters comes last."""
        if failure.last_lines:
            self.say("")
            self.say(f"The last lines of {failure.part}:")
            for line in failure.last_lines:
                self.say(f"  {_readable(line)[:400]}")
        self.say("")
        self.say(f"cause: {failure.cause}", "red")
        self.say(f"fix:   {failure.fix}")
        self.say(f"log:   {failure.log}")

    @functools.cached_property
    def _console(self) -> Console:
        return self._context.console()

    def _show(self, snapshot: StackSnapshot) -> None:
        if self.last is None and not self._tell_first:
            self._states = {part.name: part.state for part in snapshot.parts}
        self.last = snapshot
        for part in snapshot.parts:
            before = self._states.get(part.name)
            if before is not part.state:
                self._states[part.name] = part.state
                self._tell(part, before)
        if snapshot.phase is Phase.RUNNING:
            if not self.running.is_set():
                self.awaiting("")
            self.running.set()
            return
        if self._live is not None:
            self.close()
        self._tell_awaited(snapshot)

    def _tell(self, part: PartStatus, before: ProcessState | None) -> None:
        if part.state in _ON_THE_WAY or (part.state is ProcessState.STOPPED and before is not ProcessState.STOPPING):
            return
        word, rest = part.state.value, part.note
        if part.state.is_well:
            seconds = "" if part.ready_seconds is None else f"{part.ready_seconds:.1f} s"
            word, rest = "ready", f"{seconds:>7}  {part.what:<40} {part.url or ''}"
        line = _LINE.format(word=word, name=part.name, rest=rest).rstrip()
        self.say(line, _COLORS.get(part.state))

    def _tell_awaited(self, snapshot: StackSnapshot) -> None:
        awaited = [part for part in snapshot.parts if part.state in _ON_THE_WAY]
        self.awaiting(f"{snapshot.phase}: {', '.join(map(_awaited, awaited))}" if awaited else "")
        noted = [part for part in awaited if part.state is ProcessState.STARTING and part.note]
        now = time.monotonic()
        if noted and not self._is_terminal and now - self._told_progress >= _PROGRESS_SECONDS:
            self._told_progress = now
            for part in noted:
                self.say(_LINE.format(word="…", name=part.name, rest=part.note))


def _readable(line: str) -> str:
    """A log record as a person reads it; any other line as it is."""
    try:
        record = json.loads(line)
        return " ".join(str(record[key]) for key in ("level", "event", "error", "exception") if record.get(key))
    except (ValueError, TypeError, AttributeError):
        return line


def _awaited(part: PartStatus) -> str:
    return f"{part.name} ({part.note})" if part.note and part.state is ProcessState.STARTING else part.name


def _rich_table(snapshot: StackSnapshot) -> Table:
    from rich.table import Table  # noqa: PLC0415

    columns, rows = part_rows(snapshot.parts)
    table = Table(*columns, title=f"InvestIQ is {snapshot.phase}; Ctrl-C stops it", title_justify="left")
    for part, row in zip(snapshot.parts, rows, strict=True):
        cells = [rich_text("-" if cell is None else str(cell)) for cell in row]
        table.add_row(*cells, style=_COLORS.get(part.state))
    return table
