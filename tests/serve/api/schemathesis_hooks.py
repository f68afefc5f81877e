"""For schemathesis, which loads it by the variable SCHEMATHESIS_HOOKS."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import schemathesis
from schemathesis import GenerationMode

_numbers = count()


@schemathesis.hook
def before_call(_context: Any, case: Any, _options: Any) -> None:
    """Make a good Idempotency-Key a new one: with one that was used, another order is refused, as it must be.

    An order without one gets one: that it is needed but for a dry run, OpenAPI cannot say.
    """
    is_order = (case.method, case.path) == ("POST", "/api/trades")
    key = (case.headers or {}).get("Idempotency-Key", "order" if is_order else None)
    # A case that is wrong in another place would count as a right one once it is changed.
    good = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if good and isinstance(key, str) and re.fullmatch("[!-~]{1,240}", key):
        case.headers["Idempotency-Key"] = f"{key}-{next(_numbers)}"
