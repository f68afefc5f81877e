"""A span for each statement that a database is sent inside a trace, by OpenTelemetry's semantic conventions.

Statements are told as SQLAlchemy writes them, with placeholders; what stands for these never is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext

from investiq.foundation.telemetry import attributes, tracing
from investiq.foundation.telemetry.tracing import Value

__all__ = ["trace_statements"]

_SPAN: Final = "investiq_span"
_TABLE: Final = re.compile(r"\b(?:FROM|INTO|UPDATE|TABLE)\s+\"?([A-Za-z_][A-Za-z0-9_]*)", re.IGNORECASE)
_SYSTEMS: Final = {"sqlite": "sqlite", "postgresql": "postgresql"}


def trace_statements(engine: Engine) -> None:
    """Make spans of what is asked through `engine` from now on, where this process traces."""
    if not tracing.enabled():
        return
    where = _where(engine)

    def begin(_c: Connection, _cursor: Any, statement: str, _p: Any, context: Any, _many: bool) -> None:
        operation, summary = _summary(statement)
        values = {**where, attributes.DB_OPERATION_NAME: operation, attributes.DB_QUERY_TEXT: statement}
        span = tracing.database_call(summary, values)
        span.__enter__()
        setattr(context, _SPAN, span)

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", _end)
    event.listen(engine, "handle_error", _fail)


def _end(_c: Connection, _cursor: Any, _statement: str, _p: Any, context: Any, _many: bool) -> None:
    _take(context).__exit__(None, None, None)


def _fail(error: ExceptionContext) -> None:
    original = error.original_exception
    _take(error.execution_context).__exit__(type(original), original, None)


def _take(context: Any) -> Any:
    """The span that began with this execution, once."""
    span = getattr(context, _SPAN, None) or tracing.NOTHING
    if context is not None:
        setattr(context, _SPAN, None)
    return span


def _where(engine: Engine) -> dict[str, Value]:
    url = engine.url
    found: dict[str, Value] = {attributes.DB_SYSTEM_NAME: _SYSTEMS.get(url.get_backend_name(), "other_sql")}
    if url.host:
        found |= {
            attributes.DB_NAMESPACE: url.database or "",
            attributes.SERVER_ADDRESS: url.host,
            attributes.SERVER_PORT: url.port or 5432,
        }
    return found


@lru_cache(maxsize=512)
def _summary(statement: str) -> tuple[str, str]:
    """What it does, in a word, and that with the first table that it names."""
    operation = statement.split(maxsplit=1)[0].upper() if statement.strip() else "OTHER"
    table = _TABLE.search(statement)
    return operation, f"{operation} {table[1]}" if table else operation
