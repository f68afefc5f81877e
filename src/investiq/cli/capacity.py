"""`investiq capacity`: how much the metrics, the ledger and the logs grow, and how long that fits."""

from __future__ import annotations

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq capacity", "series, samples, bytes, and the days of metrics that fit"),
        ("investiq capacity --json | jq .estimate.first", "which bound comes first"),
    ),
)
@pass_command_context
def command(context: CommandContext) -> int:
    """Say how much the metrics, the ledger and the logs grow, and how many days of metrics fit.

    Asks the running Prometheus and looks at the data folder. What is estimated says so, and from what.
    """
    from investiq.cli.answers import answered  # noqa: PLC0415  loads the clients
    from investiq.operate.capacity.report import capacity_document, capacity_lines, read_capacity  # noqa: PLC0415

    capacity = answered(read_capacity(context.loaded.config))
    context.emit("investiq.capacity/1", capacity_document(capacity), *capacity_lines(capacity))
    return ExitCode.DONE
