"""Finds the command lines of this project in Markdown, and parses them without running anything."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click

from investiq.cli.main import cli
from tests.docs.pages import Page

__all__ = ["fault", "inline_commands", "make_targets", "typed_commands"]

_START = re.compile(r"(?<![\w./$-])(?:\.venv/bin/)?investiq(?=\s)")
_MAKE = re.compile(r"(?<![\w./-])make ([a-z0-9-]+)(?: ARGS=(\"[^\"]*\"|\S+))?")
_RUNS_INVESTIQ = ("up", "down", "status")


def typed_commands(page: Page) -> list[list[str]]:
    """The arguments of `investiq` in each command line of the page's blocks, those that `make` hands on included."""
    lines = [line for block in page.blocks for line in block.splitlines()]
    handed_on = [
        [target, *shlex.split(arguments.strip('"'))]
        for line in (*lines, *page.spans)
        for target, arguments in _MAKE.findall(line)
        if target in _RUNS_INVESTIQ
    ]
    return [*handed_on, *(found for line in lines for found in _investiq(line))]


def inline_commands(page: Page) -> list[list[str]]:
    """The arguments of `investiq` in inline code, which may leave out what a command needs."""
    return [found for span in page.spans if span.startswith("investiq ") for found in _investiq(span)]


def make_targets(page: Page) -> set[str]:
    """The targets of `make` that the page names."""
    return {target for line in (*page.blocks, *page.spans) for target, _ in _MAKE.findall(line)}


def fault(arguments: list[str], *, complete: bool) -> str | None:
    """Why `investiq ARGUMENTS` would be refused, or None. Nothing is executed, and no environment is read."""
    try:
        _parse(cli, "investiq", arguments, None)
    except click.MissingParameter as error:
        return error.format_message() if complete else None
    except click.UsageError as error:
        incomplete = isinstance(error, click.exceptions.NoArgsIsHelpError)
        return None if incomplete and not complete else error.format_message()
    except click.exceptions.Exit:  # --help, --version
        return None
    return None


def _parse(command: click.Command, name: str, arguments: list[str], parent: click.Context | None) -> None:
    context = command.make_context(name, list(arguments), parent=parent)
    if isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        if command.invoke_without_command and not rest:
            return
        found, child, rest = command.resolve_command(context, rest)
        assert child is not None
        _parse(child, str(found), rest, context)


def _investiq(line: str) -> Iterator[list[str]]:
    for start in _START.finditer(line):
        words = shlex.shlex(line[start.end() :], posix=True, punctuation_chars=True)
        words.whitespace_split = True
        arguments: list[str] = []
        # Word by word: what comes after the command, such as `)"`, need not be a whole shell line.
        while (word := words.get_token()) is not None and not set(word) <= set("();<>|&"):
            arguments.append(word)
        yield arguments
