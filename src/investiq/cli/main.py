"""Parses the command line, runs one command, and turns what happened into an exit code."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from investiq import __version__
from investiq.cli.context import CommandContext, ReaderGone
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleGroup
from investiq.foundation.errors import InvestIQError
from investiq.foundation.foreign_text import encodable

if TYPE_CHECKING:
    from investiq.clients.api.errors import ApiRefused

__all__ = ["entry_point", "main"]

_LOADED_AT_ONCE = 50_000
"""New objects before Python looks for garbage among them. Servers go back to its own number once they are loaded."""

# Command -> its one-line help. Modules load only when their command runs: `investiq status` must not wait for pandas.
COMMANDS = {
    "up": "start everything, monitored",
    "down": "stop everything, or one part; data is kept",
    "status": "show the state of each part, and whether trading is halted",
    "open": "open a page of the stack, and show its login",
    "ask": "query a part of the stack, with its password",
    "doctor": "check this installation and say how to fix it",
    "analyze": "analyse a symbol",
    "scan": "analyse every symbol at the close of a session",
    "symbols": "list symbols, or show the bars of one",
    "trade": "place, list, show and cancel orders",
    "positions": "show positions and the account",
    "halt": "deny new entries from now on",
    "resume": "lift a halt",
    "halts": "show halts and resumes: who, why, and equity",
    "models": "train and show the signal model",
    "inbox": "show notifications",
    "backup": "make a backup, list them, add keys",
    "restore": "restore a backup, or prove that it can be",
    "trace": "show where a request spent its time, through all parts",
    "logs": "read the logs of all parts in time order",
    "slo": "show the service level objectives and their error budgets",
    "silence": "mute an alert for a while",
    "silences": "list silences",
    "unsilence": "end a silence early",
    "deploy-window": "mute alerts during a planned restart",
    "login": "log in to the console",
    "keys": "manage API keys and sessions",
    "secrets": "list and rotate secrets",
    "audit": "show and verify the audit log",
    "support-bundle": "collect diagnostics for support, without secrets",
    "edge": "network access: certificate, passwords, reload",
    "containers": "prepare what the containers read",
    "images": "list the images of the containers, pin them by digest",
    "config": "show the effective configuration",
    "install": "install this version as a service of this server, go back, or remove it",
    "render": "write the monitoring files",
    "load": "load-test this installation, and compare with Prometheus",
    "capacity": "show metrics growth and how long the disk lasts",
    "cost": "what running this costs in a month, beside its budget",
    "rules": "test the tests of the alerting rules",
    "validate": "check the monitoring, offline or running",
    "checklist": "run the production checklist",
    "readiness": "grade this deployment: paper or live",
    "agent": "run the paper-trading agent",
    "health": "ask a server once whether it is well",
    "serve": "run one server in the foreground (what `up` supervises)",
    "completion": "print the completion script of your shell",
}


def load_command(name: str) -> click.Command:
    """The command of `name`, from the module of the same name."""
    command: click.Command = importlib.import_module(f"investiq.cli.{name.replace('-', '_')}").command
    return command


class _LazyGroup(ExampleGroup):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:  # click looks for the nearest only among commands that are loaded
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), code.meaning) for code in ExitCode])


@click.group(
    cls=_LazyGroup,
    examples=(
        ("investiq up", "start everything"),
        ("investiq analyze AAPL", "analyse a symbol"),
        ("investiq trade buy AAPL --notional 5000", "buy on paper"),
        ("investiq inbox", "show notifications"),
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="Configuration file (default: investiq.toml)."
)
@click.option("--no-input", is_flag=True, help="Never ask; fail instead.")
@click.option("--no-color", is_flag=True, help="No colours (also: the variable NO_COLOR).")
@click.version_option(__version__, message="investiq %(version)s")
@click.pass_context
def cli(ctx: click.Context, config_path: Path | None, no_input: bool, no_color: bool) -> None:
    """InvestIQ analyses stocks, trades them on paper, and is watched by construction."""
    context = ctx.ensure_object(CommandContext)
    context.config_path = config_path
    context.no_input = no_input
    if no_color:
        context.color = False


def main(argv: Sequence[str], stdin: TextIO, stdout: TextIO, stderr: TextIO) -> int:
    """Run one command line and return its exit code. Data goes to `stdout`, messages to `stderr`."""
    context = CommandContext(stdin=stdin, stdout=stdout, stderr=stderr)
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            return _run(argv, context)
        except click.ClickException as error:
            _tell(error, context)
            return error.exit_code
        except (KeyboardInterrupt, click.Abort):
            context.say("interrupted")
            return ExitCode.INTERRUPTED
        except ReaderGone:
            return ExitCode.DONE
        except InvestIQError as error:
            _report(error, context)
            return exit_code_of(error)
        except OSError as error:
            context.say(f"error: {error.filename or 'the system'}: {error.strerror or error}", style="red")
            return ExitCode.FAILED


def _tell(error: click.ClickException, context: CommandContext) -> None:
    """Say what click says of an error: it quotes what was typed, which others may have written."""
    told = io.StringIO()
    error.show(told)
    for line in told.getvalue().rstrip("\n").split("\n"):
        context.say(line)


def _run(argv: Sequence[str], context: CommandContext) -> int:
    result = cli.main(
        [encodable(argument) for argument in argv], prog_name="investiq", standalone_mode=False, obj=context
    )
    return int(result) if isinstance(result, int) else ExitCode.DONE


def _report(error: InvestIQError, context: CommandContext) -> None:
    if context.json:
        document = {"schema": "investiq.error/1", "reason": error.reason, "message": error.message, **_detail(error)}
        print(json.dumps(document, default=str), file=context.stderr)
    else:
        context.say(f"error: {error.message}", style="red")
        if (refused := _refusal(error)) and refused.suggestions:
            context.say(f"did you mean {' or '.join(refused.suggestions)}?")


def _detail(error: InvestIQError) -> dict[str, object]:
    """What a program may want to know besides; of a refusal, the API's own word for it."""
    refused = _refusal(error)
    if refused is None:
        return error.detail
    known = {"problem": refused.problem_reason, "status": refused.status}
    known |= {"request_id": refused.problem.get("request_id")}
    return known | ({"suggestions": refused.suggestions} if refused.suggestions else {})


def _refusal(error: InvestIQError) -> ApiRefused | None:
    """The error, where the API refused."""
    from investiq.clients.api.errors import ApiRefused  # noqa: PLC0415  100 ms that only a failure has to pay

    return error if isinstance(error, ApiRefused) else None


def exit_code_of(error: InvestIQError) -> ExitCode:
    """The exit code for an error that ended a command: by its reason, or by the one that the API gave."""
    if refused := _refusal(error):
        if refused.status in (401, 403):
            return ExitCode.NOT_ALLOWED
        return _BY_REASON.get(refused.problem_reason, ExitCode.FAILED)
    return _BY_REASON.get(error.reason, ExitCode.FAILED)


_BY_REASON = {
    "usage": ExitCode.USAGE,
    "invalid_config": ExitCode.USAGE,
    "malformed_symbol": ExitCode.USAGE,
    "no_session": ExitCode.USAGE,
    "restore_refused": ExitCode.REFUSED,
    "ledger_in_use": ExitCode.REFUSED,
    "invalid_request": ExitCode.USAGE,
    "live_trading": ExitCode.REFUSED,
    "unreachable": ExitCode.NOT_RUNNING,
    "not_running": ExitCode.NOT_RUNNING,
    "timeout": ExitCode.TIMED_OUT,
}


def entry_point() -> None:
    """The `investiq` program."""
    # What is loaded stays: to look through it for garbage again and again is a tenth of the time that a start takes.
    gc.set_threshold(_LOADED_AT_ONCE)
    # Nor for plugins in everything that is installed: none is to look at our settings.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # No program of ours takes a module from the folder that it was typed in: there may be a json.py of somebody else.
    os.environ["PYTHONSAFEPATH"] = "1"
    # Prices, orders, pages, models and logs are their owner's, from the first byte on. What this starts inherits it.
    os.umask(os.umask(0o077) | 0o077)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # where a terminal is not UTF-8
    code = main(sys.argv[1:], sys.stdin, sys.stdout, sys.stderr)
    gc.freeze()  # Python ends with three looks through all that was loaded
    sys.exit(code)
