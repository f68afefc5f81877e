"""Structured logs: one JSON object a line on stderr, with time, level, part, subject, event, request and trace.

Nothing here opens a file: whoever starts the process (`investiq up`, a container engine) keeps and rotates its output,
ours and that of programs that are not ours in the same way.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache, partial
from io import RawIOBase
from typing import Any, Final, TextIO

from investiq.foundation.optional_imports import as_if_missing
from investiq.foundation.telemetry import tracing
from investiq.foundation.telemetry.events import LIBRARY, REQUEST, subject_of

with as_if_missing("rich", "greenlet"):  # for consoles, and for greenlets: 5 MB and 80 ms of every process
    import structlog
from structlog.typing import EventDict, Processor

__all__ = [
    "REQUEST_ID",
    "configure",
    "count_records_with",
    "log_request",
    "request_headers",
    "without_keys",
    "without_secrets",
]

_BOUND: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
)
_TIMED: Final[Processor] = structlog.processors.TimeStamper(fmt="iso", utc=True)
_Count = Callable[[], None]


def _request_id_variable() -> ContextVar[Any]:
    bound = structlog.contextvars.bind_contextvars(request_id="")
    structlog.contextvars.reset_contextvars(**bound)
    return bound["request_id"].var


REQUEST_ID: Final = _request_id_variable()
"""What structlog binds as `request_id`: set and reset once a request, without the way through its table of names."""


class _Output:
    """Where this process writes its log: one for what we log and for what libraries log, so that no line is torn.

    `configure` may be called again, and loggers that were made before then write as it says.
    """

    def __init__(self) -> None:
        self.part = ""
        self.has_requests = False
        self.counts: Mapping[str, _Count] = {}
        self.write_to(sys.stderr)

    def write_to(self, stream: TextIO) -> None:
        """Write what comes to `stream`."""
        self.handler = logging.StreamHandler(stream)
        # The file below the two buffers of a text stream, which would be emptied with each line.
        raw = getattr(getattr(stream, "buffer", None), "raw", None)
        self._put = partial(_put_raw, raw) if isinstance(raw, RawIOBase) else partial(_put_text, stream)

    def write(self, line: str) -> None:
        """One line, out before this returns. A log that nobody can take breaks nothing of what is logged."""
        with self.handler.lock:  # type: ignore[union-attr]  # what `acquire` takes, in a call less
            try:
                self._put(f"{line}\n")
            except (OSError, ValueError):
                return


def _put_raw(file: RawIOBase, text: str) -> None:
    rest = text.encode()
    while rest:
        rest = rest[file.write(rest) or len(rest) :]  # nothing: a pipe that may not be waited for, and is full


def _put_text(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


_OUTPUT: Final = _Output()


class _LineLogger:
    """The end of our own chain: what it gets is a line already.

    The records and formatters of the standard library, which what others log goes through, cost a request more than all
    that stands around it.
    """

    def __init__(self, name: str = "investiq") -> None:
        self.name = name

    def write(self, line: str) -> None:
        """Write the line, whatever its level."""
        _OUTPUT.write(line)

    debug = info = warning = error = critical = write


def configure(part: str, level: str, stream: TextIO | None = None) -> None:
    """Write every log record of this process, also those of libraries, as JSON to `stream` (default: stderr).

    Args:
        part: name of the process, in each record as `part`.
        level: least severe level written, such as `"info"`.
    """
    _OUTPUT.part = part
    _OUTPUT.has_requests = logging.getLevelNamesMapping()[level.upper()] <= logging.INFO
    _OUTPUT.write_to(stream or sys.stderr)
    _OUTPUT.handler.setFormatter(_formatter())
    root = logging.getLogger()
    root.handlers[:] = [_OUTPUT.handler]
    root.setLevel(level.upper())
    # httpx2 logs every request it makes at INFO: half of all lines, and nothing that our own access log does not say.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_BOUND, _TIMED, *_rendered()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=_LineLogger,
        cache_logger_on_first_use=True,
    )


def count_records_with(counts: Mapping[str, _Count]) -> None:
    """Call the one of its level for each line from now on, from any thread."""
    _OUTPUT.counts = counts


def log_request(logger: str, request_id: str, *, method: str, path: str, status: int, milliseconds: float) -> None:
    """Log, at level info, that a request was answered: by far the most frequent line.

    It is what our own chain would make of it (a test compares them), made in one go: the chain alone costs as much as
    all else that stands around a request.
    """
    if not _OUTPUT.has_requests:
        return
    if "iq" in path:
        path = without_keys(path)
    if (count := _OUTPUT.counts.get("info")) is not None:
        count()
    ids = tracing.ids()
    trace = f', "trace_id": "{ids[0]}", "span_id": "{ids[1]}"' if ids else ""
    _OUTPUT.write(
        f'{{"method": {_quote(method)}, "path": {_quote(path)}, "status": {status}, "duration_ms": {milliseconds!r}, '
        f'"event": "request", "request_id": {_quote(request_id)}, "logger": {_quote(logger)}, "level": "info", '
        f'"timestamp": "{_iso(time.time_ns() // 1000)}", "part": {_quote(_OUTPUT.part)}, '
        f'"subject": {_REQUEST_SUBJECT}{trace}}}'
    )


def request_headers() -> Mapping[str, str]:
    """What tells a server of ours for which request it is asked, so that its log has the same id."""
    request_id = REQUEST_ID.get("")
    return {"X-Request-ID": request_id} if isinstance(request_id, str) and request_id else {}


def without_keys(text: str) -> str:
    """`text` without keys, sessions and links of ours: in an address, proxies and logs keep them."""
    return _KEYS.sub("********", text)


def without_secrets(line: str) -> str:
    """A line without what has the form of a secret, whoever wrote it there."""
    if "iq" in line:
        line = _KEYS.sub("********", line)
    if "earer" in line or "asic" in line:
        line = _CREDENTIALS.sub(r"\1 ********", line)
    return _PASSWORDS.sub("********", line) if "@" in line else line


_KEYS: Final = re.compile(r"iq[sl]?_[A-Za-z0-9_-]{20,}")
_CREDENTIALS: Final = re.compile(r"\b([Bb]earer|[Bb]asic)\s+[A-Za-z0-9+/=_.~-]{12,}")
_PASSWORDS: Final = re.compile(r"(?<=://)[^\s/:@\"']*:[^\s/@\"']+(?=@)")
"""User and password in an address."""
_REQUEST_SUBJECT: Final = json.dumps(subject_of(REQUEST))


def _iso(microseconds: int) -> str:
    """The time so long after 1970 as structlog writes it, which leaves a fraction of zero out."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    return f"{_second(seconds)}.{fraction:06d}Z" if fraction else f"{_second(seconds)}Z"


@lru_cache(maxsize=2)  # most lines are of the same second as the line before
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _formatter() -> logging.Formatter:
    """Makes lines of what libraries log."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=(*_BOUND, structlog.stdlib.ExtraAdder(), _TIMED, _as_of_library),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendered()],
    )


def _rendered() -> tuple[Processor, ...]:
    # Local variables stay out of logged tracebacks: they hold keys and tokens.
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=30)
    return _describe, structlog.processors.ExceptionRenderer(tracebacks), _as_json


def _as_of_library(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {**event, "event": LIBRARY, "message": event["event"]}


def _describe(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Say whose line it is, and of which trace; and count it."""
    event["part"] = _OUTPUT.part
    event["subject"] = subject_of(event["event"])
    if ids := tracing.ids():
        event["trace_id"], event["span_id"] = ids
    if (count := _OUTPUT.counts.get(event["level"])) is not None:
        count()
    return event


_quote: Final = json.encoder.encode_basestring_ascii
_encode: Final = json.JSONEncoder(default=str).encode  # made once: `json.dumps` makes one for every line


def _as_json(_logger: Any, _method: str, event: EventDict) -> str:
    return without_secrets(_encode(event))
