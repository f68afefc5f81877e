"""One line of a log, whoever wrote it: our JSON, logfmt as of Prometheus, nginx's error log, or plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from investiq.foundation.vocabulary import LogLevel

__all__ = ["LogRecord", "parse_line", "time_of"]

_LEVELS: Final = {
    **{level.value: level for level in LogLevel},
    "trace": LogLevel.DEBUG,
    "notice": LogLevel.INFO,
    "warn": LogLevel.WARNING,
    "err": LogLevel.ERROR,
    **dict.fromkeys(("alert", "crit", "emerg", "fatal", "panic"), LogLevel.CRITICAL),
}
_PAIR: Final = re.compile(r'([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|\S*)')
_LOGFMT: Final = re.compile(r"(?:ts|time|level)=")
_NGINX: Final = re.compile(r"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d) \[([a-z]+)\] (.*)", re.DOTALL)
_OURS_TIME: Final = re.compile(rb'"timestamp": "([^"]{10,40})"')
_THEIR_TIME: Final = re.compile(rb'\b(?:ts|time)="?([0-9][0-9TZ:.+-]{9,40})')
_NGINX_TIME: Final = re.compile(rb"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d) ")


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line.

    Attributes:
        time: seconds after 1970; of a line without one, that of the line before it.
        text: what it says, for people: of ours, the event.
        fields: everything else that it holds.
    """

    part: str
    time: float
    level: LogLevel
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def moment(self) -> datetime:
        """Its time."""
        return datetime.fromtimestamp(self.time, UTC)


def parse_line(part: str, line: bytes, before: float) -> LogRecord:
    """The record that a line is.

    Args:
        before: the time of the line before it.
    """
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    return _ours(part, text, before) or _logfmt(part, text, before) or _nginx(part, text) or _plain(part, text, before)


def time_of(line: bytes) -> float | None:
    """The time of a line, without reading the rest of it; None where it says none."""
    for pattern in (_OURS_TIME, _THEIR_TIME):
        if found := pattern.search(line):
            return _seconds(found[1].decode("ascii", "replace"))
    if found := _NGINX_TIME.match(line):
        year, month, day, clock = (each.decode() for each in found.groups())
        return _local(f"{year}-{month}-{day}T{clock}")
    return None


def _ours(part: str, text: str, before: float) -> LogRecord | None:
    if not text.startswith("{"):
        return None
    try:
        fields = json.loads(text)
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    time, level = fields.pop("timestamp", None), fields.pop("level", None)
    event = fields.pop("event", "")
    fields.pop("part", None)
    seconds = _seconds(time) if isinstance(time, str) else None
    return LogRecord(part, before if seconds is None else seconds, _level(level), str(event), fields)


def _logfmt(part: str, text: str, before: float) -> LogRecord | None:
    if not _LOGFMT.match(text):
        return None
    fields: dict[str, Any] = {name: _unquoted(value) for name, value in _PAIR.findall(text)}
    said = fields.pop("ts", None) or fields.pop("time", None)
    seconds = _seconds(said) if said else None
    level, message = fields.pop("level", None), fields.pop("msg", "")
    return LogRecord(part, before if seconds is None else seconds, _level(level), message, fields)


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value.strip('"')


def _nginx(part: str, text: str) -> LogRecord | None:
    found = _NGINX.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, level, said = found.groups()
    seconds = _local(f"{year}-{month}-{day}T{hour}:{minute}:{second}")
    return None if seconds is None else LogRecord(part, seconds, _level(level), said)


def _plain(part: str, text: str, before: float) -> LogRecord:
    # A program that ends tells its last error in plain words.
    level = LogLevel.ERROR if text.startswith(("error:", "panic:", "fatal")) else LogLevel.INFO
    return LogRecord(part, before, level, text)


def _level(said: object) -> LogLevel:
    return _LEVELS.get(str(said).lower(), LogLevel.INFO)


def _seconds(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _local(text: str) -> float | None:
    """nginx writes the time of this machine's own zone."""
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        return None
