"""`investiq up`: starts everything, shows it come up, proves that it works, and says where everything is."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict, dataclass
from datetime import datetime, time
from decimal import Decimal

import click

from investiq import __version__
from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.cli.parameters import Duration
from investiq.cli.part_rows import part_rows
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.errors import InvestIQError
from investiq.foundation.setting_sources import given
from investiq.invest.market.kept_start import where_it_was
from investiq.operate.render.web_config import provide_grafana_password
from investiq.operate.supervise import detached
from investiq.operate.supervise.control import AlreadyRunning, ControlClient, is_locked
from investiq.operate.supervise.parts import StackTable, stack_table
from investiq.operate.supervise.ports import check_ports
from investiq.operate.supervise.stack_status import read_stack_status
from investiq.operate.supervise.status import ProcessState


@dataclass(frozen=True, slots=True)
class _Supervision:
    """What the supervisor is told.

    Attributes:
        no_restart: parts that stay down when they crash.
        given: the fingerprint of what the configuration was read from.
    """

    no_restart: tuple[str, ...]
    given: str | None


class StackFailed(InvestIQError):
    """The stack could not start."""

    reason = "stack_failed"


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq up", "start everything; Ctrl-C stops it"),
        ("investiq up --detach", "start everything and return; `investiq down` stops it"),
        ("investiq up --fresh --from 2008-01-02 --speed 30s", "the 2008 crash, one session every 30 s, new data"),
        ("investiq up api", "start one part again, after `investiq down api` or a crash"),
    ),
)
@click.argument("parts", nargs=-1, metavar="[PART]...")
@click.option("--from", "start", type=click.DateTime(["%Y-%m-%d"]), help="First session of the replay.")
@click.option("--speed", type=Duration(), metavar="DURATION", help="Time in which one session is replayed: 30s, 2m.")
@click.option("--fresh", is_flag=True, help="Start with new data; the old data is moved aside, not deleted.")
@click.option("--detach", "-d", is_flag=True, help="Return when everything is up; keep running in the background.")
@click.option("--service", is_flag=True, help="As a service of systemd: no screen; readiness and life are told it.")
@click.option("--no-restart", multiple=True, metavar="PART", help="Leave PART down when it crashes (for drills).")
@pass_command_context
def command(
    context: CommandContext,
    *,
    parts: tuple[str, ...],
    start: datetime | None,
    speed: float | None,
    fresh: bool,
    detach: bool,
    service: bool,
    no_restart: tuple[str, ...],
) -> int:
    """Start everything, watched; or only PART of a stack that runs."""
    if service and (parts or fresh or detach):
        raise click.UsageError("--service goes with no PART, --fresh or --detach")
    if parts and (start or speed or fresh or detach or no_restart):
        raise click.UsageError("PART starts one part of a stack that runs already; it goes with no option")
    ours = given(context.config_path)  # as other commands will be, which know nothing of the options here
    _hand_on(context, start, speed)
    _undo_interrupted_restore(context)
    config = context.loaded.config if fresh else _where_it_was(context)
    if parts:
        return asyncio.run(_start_parts(context, config, parts))
    supervision = _Supervision(no_restart, ours.fingerprint if ours else None)
    if service:
        return asyncio.run(_serve(config, supervision))
    if is_locked(Paths.of(config).run):
        return _show_running(context, config)
    return _start(context, config, fresh, detach, supervision)


def _undo_interrupted_restore(context: CommandContext) -> None:
    if Paths.of(context.loaded.config).interrupted_restore.exists():
        from investiq.operate.backup.restore import finish_interrupted  # noqa: PLC0415  half a second, for once

        finish_interrupted(context.loaded.config)
        context.say("A restore had been interrupted: what was there before is in its place again")


def _hand_on(context: CommandContext, start: datetime | None, speed: float | None) -> None:
    """Every part reads the configuration for itself: what the command line says reaches it by the environment."""
    if context.config_path is not None:
        os.environ["INVESTIQ_CONFIG"] = str(context.config_path.resolve())
    if start is not None:
        os.environ["INVESTIQ_MARKET_START"] = start.date().isoformat()
    if speed is not None:
        os.environ["INVESTIQ_MARKET_SESSION_SECONDS"] = format(Decimal(repr(speed)), "f")


def _where_it_was(context: CommandContext) -> Config:
    """The configuration; the data there goes on from its own start, where nobody asks for another one.

    Raises:
        ReplayStateError: the file that knows that start cannot be read.
    """
    config = where_it_was(context.loaded)
    if config.market.start != context.loaded.config.market.start:
        _hand_on(context, datetime.combine(config.market.start, time()), None)
    return config


async def _start_parts(context: CommandContext, config: Config, parts: tuple[str, ...]) -> int:
    client = ControlClient(Paths.of(config).run)
    for part in parts:
        await client.start_part(part)
        with context.progress(f"starting {part}"):
            async for snapshot in client.follow():
                if snapshot[part].state.is_well:
                    context.say(f"{part} is ready")
                    break
                if snapshot[part].state in (ProcessState.CRASHED, ProcessState.RESTARTING):
                    context.say(f"{part} {snapshot[part].note}; see {Paths.of(config).logs / f'{part}.log'}")
                    return ExitCode.FAILED
            else:
                context.say(f"InvestIQ was stopped before {part} was ready")
                return ExitCode.NOT_RUNNING
    return ExitCode.DONE


async def _serve(config: Config, supervision: _Supervision) -> int:
    """Supervise until stopped. Why it could not start goes to the journal, with the exit code."""
    from investiq.operate.supervise import launch  # noqa: PLC0415
    from investiq.operate.supervise.service_manager import ServiceManager  # noqa: PLC0415

    manager = ServiceManager.of(os.environ)
    supervised = launch.supervised(config, supervision.no_restart, supervision.given)
    async with supervised as supervisor, asyncio.TaskGroup() as tasks:
        alive = tasks.create_task(manager.keep_alive())
        tasks.create_task(manager.follow(supervisor.follow()))
        failure = await supervisor.run()
        alive.cancel()
    if failure is None:
        return ExitCode.DONE
    raise StackFailed(f"{failure.part}: {failure.cause}. Fix: {failure.fix}. Log: {failure.log}")


def _show_running(context: CommandContext, config: Config) -> int:
    from investiq.cli.startup import address_lines  # noqa: PLC0415

    context.say("InvestIQ is already running; nothing was started.")
    found = asyncio.run(read_stack_status(config))
    document = {
        "already_running": True,
        "parts": [asdict(part) for part in found.parts],
        "proofs": [],
        "admin_key_file": str(Paths.of(config).admin_key),
    }
    shown = context.table(*part_rows(found.parts))
    context.emit("investiq.up/1", document, *shown, "", *address_lines(config, stack_table(config)))
    return ExitCode.DONE


def _start(context: CommandContext, config: Config, fresh: bool, detach: bool, supervision: _Supervision) -> int:
    paths = Paths.of(config)
    context.say(f"InvestIQ {__version__}: {_market(config)}; data in {paths.data_dir}")
    table = stack_table(config)
    for name in supervision.no_restart:
        if name not in table.names:
            raise click.UsageError(f"--no-restart: no part is called {name!r}; there are {', '.join(table.names)}")
    check_ports(table)
    _tell_missing(context, table)
    if fresh and (aside := detached.move_aside(config, datetime.now())):  # noqa: DTZ005  a name that its user reads
        context.say(f"The data so far is now in {aside}")
    _tell_grafana_password(context, config)
    context.say(f"Starting {len(table.parts)} parts; their logs are in {paths.logs}")
    try:
        return asyncio.run((_in_background if detach else _in_foreground)(context, config, table, supervision))
    except AlreadyRunning:  # another `up` was quicker by a moment
        return _show_running(context, config)


def _tell_missing(context: CommandContext, table: StackTable) -> None:
    """Name what is not watched, and one command that gets it all."""
    missing = [part for part in table.missing if not part.optional]
    if missing:
        commands = topology.debian_commands(topology.PROGRAMS[part.name] for part in missing)
        names = ", ".join(part.name for part in missing)
        context.say(f"Not installed, so not started: {names}. On Debian, as root: {commands}", style="yellow")


def _tell_grafana_password(context: CommandContext, config: Config) -> None:
    """Show a new one to who sits before it, once. A log or a file of messages is told only where it is."""
    made = provide_grafana_password(config)
    if made is None:
        return
    shown = f": {made}" if context.stderr.isatty() else ""
    file = Paths.of(config).password(topology.GRAFANA.name)
    context.say(f"Grafana's user admin has a new password{shown}; it is kept in {file}, and not shown again")


async def _in_background(context: CommandContext, config: Config, table: StackTable, supervision: _Supervision) -> int:
    process = detached.detach(config, supervision.no_restart, supervision.given)
    from investiq.cli.startup import Startup  # noqa: PLC0415  half a second, while the supervisor loads

    async def stop() -> None:
        async for _ in ControlClient(Paths.of(config).run).stop():
            pass

    return await Startup(context, config, table, detached.followed(config, process), stop).see_through()


async def _in_foreground(context: CommandContext, config: Config, table: StackTable, supervision: _Supervision) -> int:
    from investiq.cli.startup import Startup  # noqa: PLC0415
    from investiq.operate.supervise import launch  # noqa: PLC0415

    async with launch.supervised(config, supervision.no_restart, supervision.given) as supervisor:

        async def stop() -> None:
            supervisor.stop()

        life = asyncio.create_task(supervisor.run())
        startup = Startup(context, config, table, supervisor.follow(), stop, stay=supervisor.snapshot)
        code = await startup.see_through()
        await life
    return code


def _market(config: Config) -> str:
    market = config.market
    if market.clock == "wall":
        return f"{market.provider} prices in real time"
    return f"{market.provider} from {market.start}, one session in {market.session_seconds:g} s"
