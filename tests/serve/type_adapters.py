"""FastAPI makes a type adapter for each parameter, body and response of each route, twice: half a second for the API.

Tests make hundreds of servers with the same routes. An adapter is stateless, so each is made once for the process.
"""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

import pytest
from fastapi._compat import v2
from pydantic import TypeAdapter


def make_once(patch: pytest.MonkeyPatch) -> None:
    """Give FastAPI the adapter that it made before for the same type, constraints and settings."""
    patch.setattr(v2, "TypeAdapter", partial(_adapter, {}))


def _adapter(made: dict[Any, TypeAdapter[Any]], annotated: Any, *, config: Any = None) -> TypeAdapter[Any]:
    kind, *metadata = get_args(annotated)
    # `repr` tells functions from each other by their address; the adapter keeps them, so that none is used again.
    key = kind, repr(metadata), repr(config)
    if key not in made:
        made[key] = TypeAdapter(annotated, config=config)
    return made[key]
