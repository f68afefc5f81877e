"""What a command works with: configuration, streams, and the way to say things."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TextIO, TypeVar

import click

from investiq.foundation.foreign_text import block
from investiq.foundation.tables import aligned_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from investiq.clients.api import InvestIQClient
    from investiq.foundation.config import LoadedConfig

__all__ = ["CommandContext", "ReaderGone", "pass_command_context", "rich_text"]

P = ParamSpec("P")
R = TypeVar("R")


class ReaderGone(Exception):
    """Nobody reads stdout any more, as after `investiq inbox | head -1`: the reader has seen enough."""


@dataclass
class CommandContext:
    """One run of the command line, and the one way from there to a terminal.

    Much of what is said was written by others: reasons, comments of silences, names of files, answers of servers. So
    each line goes through `block`: what a terminal would act upon is written out, and several lines of a text stay one.

    Attributes:
        json: the answer goes to stdout as one JSON document with a versioned `schema`.
        no_input: never ask a question.
        color: whether messages may be coloured.
    """

    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    config_path: Path | None = None
    no_input: bool = False
    json: bool = False
    # NO_COLOR is a convention about terminals, not a setting of the product: it is read here, not in `config`.
    color: bool = field(default_factory=lambda: "NO_COLOR" not in os.environ)

    @functools.cached_property
    def loaded(self) -> LoadedConfig:
        """The configuration, read when a command first needs it.

        Raises:
            ConfigError: it cannot be used.
        """
        from investiq.foundation.config import load  # noqa: PLC0415  200 ms that `--help` need not pay

        return load(self.config_path)

    @contextmanager
    def api(self) -> Iterator[InvestIQClient]:
        """A client of the API; what the command asks by it is one trace, where `[tracing]` is on."""
        # 100 ms that most commands need not pay.
        from investiq.clients.api.connection import connect  # noqa: PLC0415
        from investiq.foundation.process_telemetry import traced_command  # noqa: PLC0415

        with traced_command(click.get_current_context().command_path, self.loaded.config) as trace_id:
            if trace_id:
                self.say(f"trace {trace_id}")
            with connect(self.loaded.config) as client:
                yield client

    def say(self, message: str, *, style: str | None = None) -> None:
        """A message for people, on stderr."""
        print(self._dyed(block(message), style, self.stderr), file=self.stderr, flush=True)

    def emit(self, schema: str, document: Mapping[str, Any], *lines: str) -> None:
        """The answer, on stdout: `lines`, or with --json `document` under `schema` such as `investiq.status/1`."""
        if self.json:
            self.write(json.dumps({"schema": schema, **document}, indent=2, default=str))
        elif lines:
            self.write("\n".join(map(block, lines)))

    def show(self, line: str, *, style: str | None = None) -> None:
        """One line of an answer that is shown as it comes to be; with --json, `emit` gives it at the end instead."""
        if not self.json:
            self.write(self._dyed(block(line), style, self.stdout))

    def _dyed(self, text: str, style: str | None, stream: TextIO) -> str:
        return click.style(text, fg=style) if style is not None and self.color and stream.isatty() else text

    def write(self, text: str) -> None:
        """`text` on stdout as it stands: for programs, not for people.

        Raises:
            ReaderGone: nobody reads it any more.
        """
        try:
            print(text, file=self.stdout, flush=True)
        except BrokenPipeError as error:
            # What is still buffered would be written at the exit, and fail again: Python ends with 120 then.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stdout.fileno())
            raise ReaderGone from error

    def log_to_stderr(self) -> None:
        """Keep what the product logs away from stdout, and show no more of it than warnings."""
        from investiq.foundation.telemetry import logging  # noqa: PLC0415  80 ms that most commands need not pay

        logging.configure("cli", "warning", self.stderr)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
        """The rows below their headings, as lines."""
        return aligned_table(columns, rows).split("\n")

    def console(self) -> Console:
        """A rich console on stderr, for tables that live and progress."""
        from rich.console import Console  # noqa: PLC0415  40 ms that most commands need not pay

        return Console(file=self.stderr, no_color=not self.color)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[str], None]]:
        """Show `what` while something takes its time; the yielded function says where it stands."""
        if not self.stderr.isatty():
            self.say(f"{what} …")
            yield lambda state: self.say(f"{what}: {state}")
            return
        with self.console().status(rich_text(what)) as status:
            yield lambda state: status.update(rich_text(f"{what}: {state}"))


def rich_text(text: str, style: str = "") -> Text:
    """`text` for rich, which takes a plain string for markup of its own, and leaves escape sequences in it."""
    from rich.text import Text  # noqa: PLC0415  40 ms that most commands need not pay

    return Text(block(text), style)


def pass_command_context(command: Callable[Concatenate[CommandContext, P], R]) -> Callable[P, R]:
    """Give the command its context first, and the option --json."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document with a versioned schema.")
    @click.pass_obj
    @functools.wraps(command)
    def run(context: CommandContext, /, as_json: bool, *args: P.args, **kwargs: P.kwargs) -> R:
        context.json = as_json
        return command(context, *args, **kwargs)

    return run  # type: ignore[return-value]  # click adds `as_json`, which the caller never passes
