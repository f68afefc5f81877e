"""Structured logs: one JSON object a line on stderr, with the part, the request id and the level.

Nothing here opens a file: whoever starts the process (`investiq up`, a container engine) keeps and rotates its output,
ours and that of programs that are not ours in the same way.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

from investiq.foundation.optional_imports import as_if_missing

with as_if_missing("rich", "greenlet"):  # for consoles, and for greenlets: 5 MB and 80 ms of every process
    import structlog
from structlog.typing import EventDict, Processor

__all__ = ["configure"]

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(part: str, level: str, stream: TextIO | None = None) -> None:
    """Write every log record of this process, also those of libraries, as JSON to `stream` (default: stderr).

    Args:
        part: name of the process, in each record as `part`.
        level: least severe level written, such as `"info"`.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(part))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # httpx2 logs every request it makes at INFO: half of all lines, and nothing that our own access log does not say.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _formatter(part: str) -> logging.Formatter:
    def add_part(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event["part"] = part
        return event

    # Local variables stay out of logged tracebacks: they hold keys and tokens.
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=30)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            add_part,
            structlog.processors.ExceptionRenderer(tracebacks),
            structlog.processors.JSONRenderer(default=str),
        ],
    )
