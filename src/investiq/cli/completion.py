"""`investiq completion SHELL`: the completion script, printed."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from investiq.cli.context import CommandContext
from investiq.cli.help import ExampleCommand


@click.command(
    cls=ExampleCommand,
    examples=(
        ('eval "$(investiq completion bash)"', "in ~/.bashrc"),
        ("investiq completion fish > ~/.config/fish/completions/investiq.fish", "once, for fish"),
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of your shell."""
    context: CommandContext = ctx.obj
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  the choices above are click's own
    script = kind(ctx.find_root().command, {}, "investiq", "_INVESTIQ_COMPLETE").source()
    context.write(script)
