"""Traces as the rest of the product sees them: spans around what takes time, and the context that goes with a call.

Off, which is the default, each of these does nothing, and OpenTelemetry's SDK is never loaded: `tracing_sdk` loads it,
where the configuration asks for it.

A trace begins with a request, a command, a cycle of the agent or a notification of ours. What the servers do by
themselves several times a second begins none, and nothing inside of it makes a span.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol
from urllib.parse import urlsplit

from investiq.foundation.telemetry import attributes
from investiq.foundation.vocabulary import SpanDestination, SpanOutcome

__all__ = [
    "COMMAND_LINE",
    "NOTHING",
    "NOTIFICATION",
    "Call",
    "Ids",
    "Kind",
    "Span",
    "Tracing",
    "TracingSettings",
    "activate",
    "active",
    "call",
    "count",
    "count_spans_with",
    "database_call",
    "deactivate",
    "enabled",
    "ids",
    "root",
    "shutdown",
    "span",
]

Value = str | int | float | bool
Attributes = Mapping[str, Value]
Ids = tuple[str, str]
"""Of a trace and of a span, in hexadecimal digits."""

COMMAND_LINE: Final = "investiq-cli"
"""As spans name a command that somebody typed."""

NOTIFICATION: Final = "notify"
"""The first span of a notification of ours. It is rare, and says which trace it is: that one is kept."""

STOP_SECONDS: Final = 2.0
"""What a collector that hangs can cost the end of a process."""


class Kind(StrEnum):
    """What a span stands for, as OpenTelemetry has it."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingSettings:
    """How one process traces.

    Attributes:
        service: its name in spans, such as `investiq-api`.
        folder: where its file of spans is.
        max_bytes: at which that file is rotated.
        sample_ratio: share of the traces beginning here that is kept whatever happens.
        slow_milliseconds: from this duration on, what it did for a request is kept all the same.
        endpoint: base URL of a collector; None: the file is all.
        token: that the collector asks for.
    """

    service: str
    folder: Path
    max_bytes: int
    sample_ratio: float
    slow_milliseconds: float
    endpoint: str | None = None
    token: str | None = None


class Span(Protocol):
    """One span while it lasts."""

    def set(self, name: str, value: Value) -> None:
        """Set an attribute."""

    def rename(self, name: str) -> None:
        """Give it another name, once it is known."""

    def fail(self, kind: str) -> None:
        """Mark it as failed; `kind` is of a bounded number, such as the name of an exception."""


class Tracing(Protocol):
    """What `tracing_sdk` does for a process that traces."""

    def span(
        self, name: str, values: Attributes, kind: Kind = Kind.INTERNAL, *, root: bool = False
    ) -> AbstractContextManager[Span]:
        """A span of the current trace; nothing where there is none, unless it may be the `root` of one."""

    def answering(
        self, name: str, values: Attributes, headers: Mapping[str, str], *, near: bool
    ) -> AbstractContextManager[Span]:
        """A span of a request that came with `headers`; see `serve.http.tracing`."""

    def context_headers(self) -> Mapping[str, str]:
        """What tells the callee of the current span."""

    def ids(self) -> Ids | None:
        """Of the current span; None outside of a trace."""

    def keeps(self, milliseconds: float, *, failed: bool) -> bool:
        """Whether this process is certain to keep the current trace, of which one span took so long."""

    def shutdown(self, seconds: float) -> None:
        """Hand over what is held, for so long at most."""


class _Nothing(AbstractContextManager["_Nothing"]):
    """A span that is not there."""

    headers: Mapping[str, str] = {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def set(self, name: str, value: Value) -> None:
        """Nothing."""

    def rename(self, name: str) -> None:
        """Nothing."""

    def fail(self, kind: str) -> None:
        """Nothing."""

    def answered(self, status: int) -> None:
        """Nothing."""


NOTHING: Final = _Nothing()
_NONE: Final[Attributes] = {}
_Count = Callable[[SpanDestination, SpanOutcome, int], None]


class _State:
    """What this process does with spans."""

    tracing: Tracing | None = None
    told: _Count | None = None


_STATE: Final = _State()


def activate(tracing: Tracing) -> None:
    """Trace with it from now on."""
    _STATE.tracing = tracing


def deactivate() -> None:
    """Trace no more; what was traced with is the caller's."""
    _STATE.tracing = None


def shutdown(seconds: float = STOP_SECONDS) -> None:
    """Hand over what is held, for `seconds` at most, and trace no more."""
    tracing, _STATE.tracing = _STATE.tracing, None
    if tracing is not None:
        tracing.shutdown(seconds)


def count_spans_with(tell: _Count) -> None:
    """Call `tell(destination, outcome, spans)` from now on, from any thread."""
    _STATE.told = tell


def count(destination: SpanDestination, outcome: SpanOutcome, spans: int) -> None:
    """Count what became of so many spans."""
    if _STATE.told is not None:
        _STATE.told(destination, outcome, spans)


def active() -> Tracing | None:
    """What traces in this process; None where nothing does."""
    return _STATE.tracing


def enabled() -> bool:
    """Whether this process traces."""
    return _STATE.tracing is not None


def span(name: str, values: Attributes = _NONE) -> AbstractContextManager[Span]:
    """A span inside the current trace; nothing outside of one."""
    tracing = _STATE.tracing
    return NOTHING if tracing is None else tracing.span(name, values)


def root(name: str, values: Attributes = _NONE) -> AbstractContextManager[Span]:
    """A span that begins a trace where none has begun."""
    tracing = _STATE.tracing
    return NOTHING if tracing is None else tracing.span(name, values, root=True)


def database_call(name: str, values: Attributes) -> AbstractContextManager[Span]:
    """A span of a statement that is sent to a database."""
    tracing = _STATE.tracing
    return NOTHING if tracing is None else tracing.span(name, values, Kind.CLIENT)


def ids() -> Ids | None:
    """Of the current span; None outside of a trace."""
    tracing = _STATE.tracing
    return None if tracing is None else tracing.ids()


class Call(AbstractContextManager["Call"]):
    """A request that is sent to a server, inside the current trace.

    Attributes:
        headers: what the request is to carry besides.
    """

    def __init__(self, inner: AbstractContextManager[Span], headers: Callable[[], Mapping[str, str]]) -> None:
        self._inner = inner
        self._context = headers
        self.headers: Mapping[str, str] = {}

    def __enter__(self) -> Call:
        self._span = self._inner.__enter__()
        self.headers = self._context()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._inner.__exit__(kind, error, trace)

    def answered(self, status: int) -> None:
        """It was answered with this status: for the caller, one from 400 on is a failure."""
        self._span.set(attributes.HTTP_RESPONSE_STATUS_CODE, status)
        if status >= 400:
            self._span.fail(str(status))


def call(method: str, url: str, *, secret: bool = False, stranger: bool = False) -> Call | _Nothing:
    """Around a request to `url`. Its query, which others may have written, is not told.

    Args:
        secret: of the address, only the host may be told.
        stranger: the server is none of an installation: it is told nothing of the trace.
    """
    tracing = _STATE.tracing
    if tracing is None:
        return NOTHING
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    values: dict[str, Value] = {
        attributes.HTTP_REQUEST_METHOD: method,
        attributes.URL_FULL: f"{parts.scheme}://{host}:{port}{'/REDACTED' if secret else parts.path or '/'}",
        attributes.SERVER_ADDRESS: parts.hostname or "",
        attributes.SERVER_PORT: port,
    }
    headers = dict if stranger else tracing.context_headers
    return Call(tracing.span(method, values, Kind.CLIENT), headers)
