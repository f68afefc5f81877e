"""`investiq checklist`: what production asks for, point by point: done, not done, or a person's to say."""

from __future__ import annotations

import contextlib
import shutil
import textwrap
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleGroup
from investiq.cli.parameters import Words
from investiq.foundation.vocabulary import SIGNED_POINTS, ChecklistPoint, PointState

if TYPE_CHECKING:
    from investiq.foundation.contract.api import CheckedPoint, Checklist

__all__ = ["command", "look_at_all", "minute_of"]

Tell = Callable[[str], None]

_COLORS = {
    PointState.DONE: "green",
    PointState.NOT_DONE: "red",
    PointState.NEEDS_PERSON: "yellow",
    PointState.NOT_CHECKED: "yellow",
}
_STATE_COLUMN = max(map(len, PointState)) + 2
_INDENT = 4
_NARROWEST = 60


@click.group(
    cls=ExampleGroup,
    invoke_without_command=True,
    examples=(
        ("investiq checklist", "look at every point; exit code 0: all are done, 3: some are not"),
        ("investiq checklist --only channels --only proxy", "look at these points"),
        ("investiq checklist --json | jq '.points[] | select(.state != \"done\") | .next_steps[]'", "what to do"),
        ("investiq checklist sign training --by Anna", "take responsibility for what no program can see"),
    ),
)
@click.option("--only", multiple=True, metavar="POINT", help="Look at this point only; repeatable.")
@pass_command_context
def command(context: CommandContext, only: tuple[str, ...]) -> int | None:
    """Check the running deployment against the production checklist, and say how each point is known.

    docs/checklist.md says what each point looks at. What is found is kept for the console, unless --only is given.
    """
    if click.get_current_context().invoked_subcommand:
        return None
    if unknown := [name for name in only if name not in set(ChecklistPoint)]:
        raise click.UsageError(f"no point is called {unknown[0]!r}; they are: {', '.join(ChecklistPoint)}")
    return _look(context, only)


def _look(context: CommandContext, only: Collection[str]) -> int:
    checklist = _looked_at(context, only) if only else look_at_all(context)
    document: dict[str, Any] = dict(checklist)
    if only:  # a few points say nothing of the whole
        del document["grade"]
    context.emit("investiq.checklist/1", document)
    context.say(_summary(checklist))
    is_done = all(point["state"] == PointState.DONE for point in checklist["points"])
    return ExitCode.DONE if is_done else ExitCode.FINDINGS


def look_at_all(context: CommandContext, *, shown: bool = True) -> Checklist:
    """Look at every point, show each as it is found, and keep them for the console."""
    from investiq.foundation.config import Paths  # noqa: PLC0415  200 ms that `--help` need not pay
    from investiq.operate.checklist.kept import keep  # noqa: PLC0415

    checklist = _looked_at(context, (), shown=shown)
    path = Paths.of(context.loaded.config).checklist
    try:
        keep(path, checklist)
    except OSError as error:
        context.say(f"it could not be kept in {path} ({error.strerror}): the console goes on showing what was there")
    return checklist


def minute_of(checklist: Checklist) -> str:
    """When it was looked at, for people."""
    return f"{datetime.fromisoformat(checklist['checked_at']):%Y-%m-%d %H:%M} UTC"


def _looked_at(context: CommandContext, only: Collection[str], *, shown: bool = True) -> Checklist:
    import asyncio  # noqa: PLC0415  not for `sign`

    from investiq.operate.checklist.kept import checklist_of  # noqa: PLC0415

    context.log_to_stderr()
    return checklist_of(asyncio.run(_points(context, only, shown=shown)))


async def _points(context: CommandContext, only: Collection[str], *, shown: bool) -> list[CheckedPoint]:
    from investiq.operate.checklist.deployment import open_deployment  # noqa: PLC0415
    from investiq.operate.checklist.examine import examine, read_sign_offs  # noqa: PLC0415
    from investiq.operate.checklist.points import POINTS  # noqa: PLC0415

    wanted = [point for point in POINTS if not only or point.name in only]
    told: list[Tell] = []

    def tell(state: str) -> None:
        if told:
            told[-1](state)

    found = []
    async with open_deployment(context.loaded.config, tell) as deployment:
        sign_offs = await read_sign_offs(deployment)
        for number, point in enumerate(wanted, start=1):
            with _progress(context, f"checking {point.name} ({number} of {len(wanted)})", shown) as telling:
                told.append(telling)
                checked = await examine(deployment, point, sign_offs)
                told.pop()
            found.append(checked)
            if shown:
                for line, style in _lines(context, checked):
                    context.show(line, style=style)
    return found


def _progress(context: CommandContext, what: str, shown: bool) -> AbstractContextManager[Tell]:
    """What is being checked; in a log that shows each point as it is found, that alone will do."""
    waits = context.json or context.stderr.isatty() or not shown
    return context.progress(what) if waits else contextlib.nullcontext(_say_nothing)


def _say_nothing(_state: str) -> None:
    return None


def _lines(context: CommandContext, point: CheckedPoint) -> Iterator[tuple[str, str | None]]:
    """The point with its state, below it how that is known, and what to do next."""
    number = list(ChecklistPoint).index(ChecklistPoint(point["point"])) + 1
    head = f"{number:>2}  {point['state']:<{_STATE_COLUMN}}{point['point']}: {point['title']}"
    yield head, _COLORS[PointState(point["state"])]
    for text in point["evidence"]:
        yield from ((line, None) for line in _wrapped(context, text))
    for step in point["next_steps"]:
        yield from ((line, None) for line in _wrapped(context, f"next: {step}"))


def _wrapped(context: CommandContext, text: str) -> list[str]:
    """On a terminal in lines that fit; elsewhere in one, to be searched."""
    from investiq.foundation.foreign_text import visible  # noqa: PLC0415

    indent = " " * _INDENT
    if not context.stdout.isatty():
        return [indent + text]
    width = max(shutil.get_terminal_size().columns, _NARROWEST)
    return textwrap.wrap(visible(text), width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _summary(checklist: Checklist) -> str:
    states = [point["state"] for point in checklist["points"]]
    counts = [f"{states.count(state)} {state}" for state in PointState if states.count(state)]
    return f"{len(states)} points: {', '.join(counts)}; checked {minute_of(checklist)}"


@command.command(
    "sign",
    examples=(
        ('investiq checklist sign training --by Anna --note "drill of 3 March, all four of us"', "with what was done"),
        ("investiq checklist sign rules --by Ben", "the rules were read, and fit"),
    ),
)
@click.argument("point", metavar="POINT")
@click.option("--by", type=Words(), required=True, help="Who takes responsibility.")
@click.option("--note", type=Words(), help="What was seen to; it is kept.")
@pass_command_context
def sign(context: CommandContext, point: str, by: str, note: str | None) -> None:
    """Sign for POINT, which no program can see done: rules, training or backup-password. It is kept, with the date.

    It expires (checklist.sign_off_days), and makes no failing check pass.
    """
    from investiq.foundation.contract.api import LONGEST_NAME, LONGEST_REASON  # noqa: PLC0415

    _refuse_unsigned(point)
    if not 0 < len(by.strip()) <= LONGEST_NAME:
        raise click.UsageError(f"--by takes a name of 1 to {LONGEST_NAME} characters")
    if note is not None and not 0 < len(note.strip()) <= LONGEST_REASON:
        raise click.UsageError(f"--note takes 1 to {LONGEST_REASON} characters, not {len(note.strip())}")
    with context.api() as client:
        signed = client.sign(point, by.strip(), note)
    context.emit("investiq.sign_off/1", dict(signed))
    context.say(f"{signed['by']} has signed for {point}, valid until {signed['expires_at'][:10]}")
    context.say("the console shows it after the next `investiq checklist`")


def _refuse_unsigned(point: str) -> None:
    if point in SIGNED_POINTS:
        return
    signed = ", ".join(SIGNED_POINTS)
    if point in set(ChecklistPoint):
        message = f"{point} is checked by a program, and no signature can stand for it; people sign for {signed}"
    else:
        message = f"the checklist has no point {point!r}; people sign for {signed}"
    raise click.UsageError(message)
