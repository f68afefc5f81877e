"""`investiq config show`: every setting, its value, and where the value came from."""

from __future__ import annotations

from typing import Any

import click
from pydantic import SecretStr

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleGroup
from investiq.foundation.config.fields import settings
from investiq.foundation.config.schema import ServiceConfig
from investiq.foundation.config.slo import CustomSlo

MASK = "********"


@click.group(cls=ExampleGroup, name="config", examples=(("investiq config show", "the effective configuration"),))
def command() -> None:
    """Show the effective configuration."""


@command.command("show", examples=(("investiq config show | grep port", "every port and what set it"),))
@pass_command_context
def show(context: CommandContext) -> None:
    """Print every setting with its value and the value's source; secrets are masked."""
    loaded = context.loaded
    rows = [(key, _shown(_value(loaded.config, key)), loaded.source(key).text) for key in settings()]
    context.emit(
        "investiq.config/1",
        {"file": loaded.path, "settings": [{"key": k, "value": v, "source": s} for k, v, s in rows]},
        *context.table(("setting", "value", "source"), rows),
    )


def _value(config: Any, key: str) -> Any:
    for name in key.split("."):
        config = getattr(config, name)
    return config


def _shown(value: Any) -> str | None:
    match value:
        case None:
            return None
        case SecretStr():
            return MASK
        case tuple():
            return ",".join(one.name if isinstance(one, (ServiceConfig, CustomSlo)) else str(one) for one in value)
        case dict():
            return ",".join(f"{k}={v}" for k, v in value.items())
        case _:
            return str(value)
