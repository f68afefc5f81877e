"""The commands of InvestIQ: help starts with examples, since most people read no further, and arguments are text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from investiq.cli.parameters import check_plain

__all__ = ["ExampleCommand", "ExampleGroup"]

Examples = Sequence[tuple[str, str]]
"""Pairs of a command line and what it does."""


class _WithExamples(click.Command):
    def __init__(self, *args: Any, examples: Examples = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        check_plain(ctx, self.params)
        return rest

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Examples"):
                formatter.write_dl(list(self.examples))
            formatter.write_paragraph()
        super().format_help(ctx, formatter)


class ExampleCommand(_WithExamples):
    """A command whose help starts with `examples`."""


class ExampleGroup(_WithExamples, click.Group):
    """A group whose help starts with `examples`; its commands are `ExampleCommand`s."""

    command_class = ExampleCommand
