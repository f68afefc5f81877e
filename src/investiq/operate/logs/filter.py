"""Which lines are wanted: for the files of this machine, and the same as a query for Loki."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from investiq.foundation.vocabulary import LogLevel
from investiq.operate.logs.record import LogRecord

__all__ = ["LogFilter"]

_ORDER: Final = tuple(LogLevel)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """What a line has to be, where it is not None.

    Attributes:
        level: the least severe.
        text: what stands in it.
    """

    parts: Collection[str] | None = None
    level: LogLevel | None = None
    trace: str | None = None
    request: str | None = None
    event: str | None = None
    subject: str | None = None
    text: str | None = None

    def takes(self, record: LogRecord) -> bool:
        """Whether the record is wanted."""
        fields = record.fields
        return (
            (self.parts is None or record.part in self.parts)
            and (self.level is None or record.level in self._levels())
            and (self.trace is None or fields.get("trace_id") == self.trace)
            and (self.request is None or fields.get("request_id") == self.request)
            and (self.event is None or record.text == self.event)
            and (self.subject is None or fields.get("subject") == self.subject)
            and (self.text is None or self.text in record.text or any(self.text in str(v) for v in fields.values()))
        )

    def _levels(self) -> Collection[LogLevel]:
        return _ORDER if self.level is None else _ORDER[_ORDER.index(self.level) :]

    def log_ql(self) -> str:
        """The query that gives the same lines in Loki, as the rendered configuration of Alloy labels them."""
        labels = ['job="investiq"']
        if self.parts is not None:
            labels.append(_one_of("part", self.parts))
        if self.level is not None and self.level is not LogLevel.DEBUG:
            labels.append(_one_of("level", [level.value for level in self._levels()]))
        query = f"{{{', '.join(labels)}}}"
        if self.text is not None:
            query += f" |= {_quoted(self.text)}"
        kept = {"trace_id": self.trace, "request_id": self.request, "event": self.event, "subject": self.subject}
        return query + "".join(f" | {name}={_quoted(value)}" for name, value in kept.items() if value is not None)


def _one_of(name: str, values: Collection[str]) -> str:
    ordered = list(dict.fromkeys(values))
    return f'{name}="{ordered[0]}"' if len(ordered) == 1 else f'{name}=~"{"|".join(ordered)}"'


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
