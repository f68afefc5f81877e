"""SLOs of the user as they are written in investiq.toml."""

from __future__ import annotations

from collections.abc import Iterable

from investiq.foundation.config.fields import toml_value
from investiq.foundation.config.slo import CustomSlo

__all__ = ["toml_of"]


def toml_of(slos: Iterable[CustomSlo]) -> str:
    """A `[[slos]]` for each, without what is default anyway; ends with a newline where there is any."""
    return "\n".join(map(_table, slos))


def _table(slo: CustomSlo) -> str:
    set_ = slo.model_dump(exclude_defaults=True)
    return "[[slos]]\n" + "".join(f"{name} = {toml_value(value)}\n" for name, value in set_.items())
