"""`investiq down`: stops everything in order, or one part; the data stays."""

from __future__ import annotations

import asyncio

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.cli.stack_screen import StackScreen
from investiq.foundation.config import Paths
from investiq.operate.supervise.control import ControlClient, NotRunning, is_locked

_EXIT_SECONDS = 10.0
"""For the supervisor itself to go, after its last part."""


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq down", "stop everything; data, keys and logs stay"),
        ("investiq down api", "stop one part and keep it down until `investiq up api`"),
    ),
)
@click.argument("parts", nargs=-1, metavar="[PART]...")
@pass_command_context
def command(context: CommandContext, parts: tuple[str, ...]) -> int:
    """Stop everything in order, or only PART. No data is deleted."""
    return asyncio.run(_stop_parts(context, parts) if parts else _stop_all(context))


async def _stop_parts(context: CommandContext, parts: tuple[str, ...]) -> int:
    client = ControlClient(Paths.of(context.loaded.config).run)
    for part in parts:
        await client.stop_part(part)
        context.say(f"{part} stopped; `investiq up {part}` starts it again")
    context.emit("investiq.down/1", {"stopped": list(parts)})
    return ExitCode.DONE


async def _stop_all(context: CommandContext) -> int:
    run = Paths.of(context.loaded.config).run
    screen = StackScreen(context, tell_first=False)
    try:
        await screen.follow(ControlClient(run).stop())
    except NotRunning:
        if not is_locked(run):
            context.say("InvestIQ is not running: nothing to stop")
            context.emit("investiq.down/1", {"stopped": []})
            return ExitCode.DONE
    if not await _gone(context, Paths.of(context.loaded.config)):
        return ExitCode.TIMED_OUT
    stopped = [part.name for part in screen.last.parts if part.port] if screen.last else []
    context.say("InvestIQ stopped; data is kept")
    context.emit("investiq.down/1", {"stopped": stopped})
    return ExitCode.DONE


async def _gone(context: CommandContext, paths: Paths) -> bool:
    """Wait for the supervisor's own end: its lock is free when its process is gone."""
    try:
        async with asyncio.timeout(_EXIT_SECONDS):
            while is_locked(paths.run):
                await asyncio.sleep(0.05)
    except TimeoutError:
        context.say(f"the supervisor is still running after {_EXIT_SECONDS:g} s; see {paths.logs / 'supervisor.log'}")
        return False
    return True
