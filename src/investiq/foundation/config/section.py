"""What every section of the configuration is: frozen, and strict about names."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Objective", "Section"]

Objective = Annotated[Decimal, Field(gt=0, lt=1)]
"""The share of good events that is promised."""


class Section(BaseModel):
    """A table of investiq.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
