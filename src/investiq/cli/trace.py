"""`investiq trace [ID]`: where one request spent its time, through all parts; without an id, the last ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand

if TYPE_CHECKING:
    from investiq.operate.trace.spans import KeptSpan
    from investiq.operate.trace.tree import Node, Summary


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq trace", "the last traces that are here"),
        ("investiq trace 4bf92f3577b34da6a3ce929d0e0e4736", "one of them, as a tree with times"),
        ("investiq trace 4bf92f --brief", "without the statements to the database; the beginning of its id will do"),
        ("investiq trace 0f242f38890967ddd9f5d7fae823bfec", "the trace of a request, by the id that its answer names"),
    ),
)
@click.argument("wanted", metavar="[ID]", required=False)
@click.option("--brief", is_flag=True, help="Leave out statements to the database.")
@click.option("--failed", is_flag=True, help="List only traces in which something failed.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Traces in the list.")
@pass_command_context
def command(context: CommandContext, wanted: str | None, brief: bool, failed: bool, limit: int) -> None:
    """Show a trace, or list those that the parts have kept on this machine."""
    from investiq.foundation.config import Paths  # noqa: PLC0415  loads only when it runs
    from investiq.operate.trace.tree import find_trace, recent  # noqa: PLC0415

    folder = Paths.of(context.loaded.config).traces
    if wanted is None:
        _list(context, recent(folder, limit, failed=failed))
        return
    spans = find_trace(folder, wanted)
    _show(context, [span for span in spans if not (brief and span.is_statement)])


def _list(context: CommandContext, found: Sequence[Summary]) -> None:
    documents = [
        {
            "trace_id": one.first.trace_id,
            "started_at": _time(one.first.start),
            "service": one.first.service,
            "name": one.first.name,
            "duration_ms": round(one.milliseconds, 3),
            "spans": one.spans,
            "services": one.services,
            "failed": one.failed,
        }
        for one in found
    ]
    rows = [
        (one["started_at"], one["trace_id"], one["service"], one["name"], f"{one['duration_ms']:.1f}", one["spans"],
         "failed" if one["failed"] else "")
        for one in documents
    ]  # fmt: skip
    if not rows and not context.json:
        on = context.loaded.config.tracing.enabled
        context.say("no traces yet" if on else "no traces: set `enabled = true` in [tracing], and restart")
    table = context.table(("started", "trace", "service", "name", "ms", "spans", ""), rows) if rows else []
    context.emit("investiq.traces/1", {"traces": documents}, *table)


def _show(context: CommandContext, spans: Sequence[KeptSpan]) -> None:
    from investiq.operate.trace.tree import document, duration, nodes  # noqa: PLC0415

    tree, started = list(nodes(spans)), spans[0].start
    services = len({span.service for span in spans})
    size = f"{duration(spans):.1f} ms, {services} services, {len(spans)} spans"
    head = f"trace {spans[0].trace_id}  {_time(started)}  {size}"
    rows = [_row(node, started) for node in tree]
    table = context.table(("at ms", "took ms", "service", "what", ""), rows)
    lines = [head, "", *table]
    if tree[0].orphan:
        lines += ["", "It began in another program, or in a part that has not kept its share of it."]
    found = {"trace_id": spans[0].trace_id, "spans": [document(node, started) for node in tree]}
    context.emit("investiq.trace/1", found, *lines)


def _row(node: Node, started: int) -> tuple[str, ...]:
    from investiq.operate.trace.tree import note  # noqa: PLC0415

    span = node.span
    at = f"{(span.start - started) / 1_000_000:.1f}"
    return at, f"{span.milliseconds:.1f}", span.service, f"{'  ' * node.depth}{span.name}", note(span)


def _time(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
