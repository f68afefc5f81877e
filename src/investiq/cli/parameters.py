"""Parameters that several commands take, and what no parameter may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

import click

from investiq.foundation.durations import MalformedDuration, parse_duration
from investiq.foundation.foreign_text import is_plain, replaced, visible

__all__ = ["Duration", "Words", "check_plain", "inherited_gate", "inherited_sockets"]

inherited_sockets = click.option(
    "--fd",
    "descriptors",
    type=click.IntRange(min=3),
    multiple=True,
    metavar="FD",
    help="Serve on this inherited listening socket, not on the configured address.",
)
"""How the supervisor hands a part its sockets; systemd's socket activation passes 3."""

inherited_gate = click.option(
    "--gate",
    type=click.IntRange(min=3),
    metavar="FD",
    help="Load, and begin when there is a byte to read from this inherited pipe; end when it is shut without one.",
)
"""How the supervisor lets a part load before it is its turn."""


class Words(click.ParamType[str]):
    """What a person says for people to read. It is never refused for its characters: a halt must not fail over them."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return replaced(value)


def check_plain(ctx: click.Context, parameters: Iterable[click.Parameter]) -> None:
    """Nothing but `Words` may hold control characters, or bytes that are no UTF-8.

    Raises:
        click.BadParameter: a parameter does.
    """
    for parameter in parameters:
        for text in [] if isinstance(parameter.type, Words) else _texts(ctx.params.get(parameter.name or "")):
            if not is_plain(text):
                message = f"'{visible(text)}' has characters that are no text: expected UTF-8 on one line"
                raise click.BadParameter(message, ctx, parameter)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str | PurePath):
        yield str(value)
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one)


class Duration(click.ParamType[float]):
    """A duration as seconds; without `unit_needed`, plain seconds too."""

    name = "duration"

    def __init__(self, *, unit_needed: bool = False) -> None:
        self._unit_needed = unit_needed

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value), unit_needed=self._unit_needed).total_seconds()
        except MalformedDuration as error:
            self.fail(error.message, param, ctx)
