"""`investiq logs`: what all parts have logged, in the order of time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.cli.parameters import Duration
from investiq.foundation.vocabulary import LogLevel, Subject

if TYPE_CHECKING:
    from investiq.operate.logs.filter import LogFilter
    from investiq.operate.logs.record import LogRecord

_POLL_SECONDS = 0.25
_COLORS: Final = {LogLevel.WARNING: "yellow", LogLevel.ERROR: "red", LogLevel.CRITICAL: "red"}
_UNSAID: Final = ("logger", "subject", "span_id", "exception")
"""Of our fields, what a person can do without: with --json, all is there."""


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq logs", "the last ten minutes of all parts"),
        ("investiq logs --since 1h --level error", "what went wrong in the last hour"),
        ("investiq logs --request 0f242f38890967ddd9f5d7fae823bfec", "one request, in every part that it came to"),
        ("investiq logs --part api --part signals --follow", "two parts, as they write"),
        ("investiq logs --level error --query", "the query that gives the same in Loki"),
    ),
)
@click.option(
    "--since",
    "age",
    type=Duration(unit_needed=True),
    default="10m",
    show_default=True,
    metavar="AGE",
    help="Only what was written in the last AGE, such as 30s, 10m or 2h.",
)
@click.option(
    "--level", type=click.Choice([level.value for level in LogLevel]), help="Only what is at least so severe."
)
@click.option("--trace", metavar="ID", help="Only what was logged in this trace.")
@click.option("--request", metavar="ID", help="Only what was logged for this request.")
@click.option("--part", "parts", multiple=True, metavar="PART", help="Only this part, such as api; may be repeated.")
@click.option("--event", help="Only this event, such as order_denied.")
@click.option("--subject", type=click.Choice([subject.value for subject in Subject]), help="Only this subject.")
@click.option("--grep", "text", help="Only lines with this text.")
@click.option("--follow", is_flag=True, help="Go on with what is written, until Ctrl-C.")
@click.option("--query", is_flag=True, help="Print the query that gives the same lines in Loki, and end.")
@pass_command_context
def command(
    context: CommandContext,
    /,
    *,
    age: float,
    level: str | None,
    parts: Sequence[str],
    follow: bool,
    query: bool,
    **wanted: str | None,
) -> None:
    """Read the logs of all parts on this machine in the order of time."""
    from investiq.operate.logs.filter import LogFilter  # noqa: PLC0415  loads only when it runs

    chosen = LogFilter(parts=parts or None, level=LogLevel(level) if level else None, **wanted)
    if query:
        context.emit("investiq.logs.query/1", {"query": chosen.log_ql()}, chosen.log_ql())
        return
    _read(context, chosen, age, follow=follow)


def _read(context: CommandContext, chosen: LogFilter, age: float, *, follow: bool) -> None:
    from investiq.foundation.config import Paths  # noqa: PLC0415
    from investiq.operate.logs.files import Follower, read_since, written_parts  # noqa: PLC0415

    folder = Paths.of(context.loaded.config).logs
    known = written_parts(folder)
    for part in chosen.parts or ():
        if part not in known:
            raise click.BadParameter(f"no log of {part!r}: there is one of {', '.join(known) or 'nothing'}")
    follower = Follower(folder, chosen.parts) if follow else None
    ends = follower.ends if follower is not None else None
    _show(context, chosen, read_since(folder, chosen.parts or known, time.time() - age, ends), as_they_come=follow)
    while follower is not None:
        _show(context, chosen, follower.new(), as_they_come=True)
        time.sleep(_POLL_SECONDS)


def _show(context: CommandContext, chosen: LogFilter, records: Iterable[LogRecord], *, as_they_come: bool) -> None:
    wanted = (record for record in records if chosen.takes(record))
    if not context.json:
        for record in wanted:
            context.show(_line(record), style=_COLORS.get(record.level))
    elif as_they_come:
        for record in wanted:
            context.write(json.dumps(_document(record), default=str))
    else:
        context.emit("investiq.logs/1", {"records": [_document(record) for record in wanted]})


def _line(record: LogRecord) -> str:
    said = [f"{name}={value}" for name, value in record.fields.items() if name not in _UNSAID and value is not None]
    when = record.moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return "  ".join([f"{when} {record.part:<12} {record.level.value:<8} {record.text}", *said])


def _document(record: LogRecord) -> dict[str, Any]:
    known = {"time": record.moment.isoformat(), "part": record.part, "level": record.level.value, "text": record.text}
    return {**known, "fields": dict(record.fields)}
