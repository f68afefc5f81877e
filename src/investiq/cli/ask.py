"""`investiq ask PART PATH`: what a part answers, with what it asks for of its own people."""

from __future__ import annotations

import click

from investiq.cli.answers import answered
from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.clients.session import Answer, BadResponse, HttpCredentials, HttpSession
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.topology import Process

PARTS = {process.name: process for process in topology.PROCESSES if process is not topology.GRAFANA}


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq ask prometheus '/api/v1/query?query=up'", "as curl would, with the password of Prometheus"),
        ("investiq ask alertmanager /api/v2/alerts", "active alerts"),
        ("investiq ask inbox /health", "how old the heartbeat is"),
    ),
)
@click.argument("part", type=click.Choice(list(PARTS)))
@click.argument("path")
@pass_command_context
def command(context: CommandContext, part: str, path: str) -> None:
    """Read what PART answers at PATH: the monitoring programs answer nobody without their passwords."""
    if not path.startswith("/"):
        raise click.BadParameter(f"{path!r} is not a path: start it with a slash, such as /metrics", param_hint="PATH")
    answer = answered(_ask(context.loaded.config, PARTS[part], path))
    context.emit(
        "investiq.answer/1", {"status": answer.status, "body": answer.text}, *answer.text.rstrip("\n").split("\n")
    )
    if not answer.is_success:
        raise BadResponse(f"{answer.url} answers {answer.status}", "see what it says, above")


async def _ask(config: Config, process: Process, path: str) -> Answer:
    of = HttpCredentials.of_metrics if path.partition("?")[0] == "/metrics" else HttpCredentials.of
    async with HttpSession(process.title, process.url(config), part=process.name) as http:
        return await http.ask(path, credentials=of(process, config))
