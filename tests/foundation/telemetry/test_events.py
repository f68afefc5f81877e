"""The list of events is closed: sources name no other, and it names none that no source has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import investiq
from investiq.foundation.telemetry.events import EVENTS, LIBRARY, REQUEST, subject_of

SOURCES = Path(investiq.__file__).parent

LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
LOGGERS = frozenset({"log", "_log", "tell"})


def named() -> Iterator[tuple[str, str]]:
    """Where an event is logged, and which."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and _logs(node.func):
                first = node.args[0]
                name = first.value if isinstance(first, ast.Constant) else ast.unparse(first)
                yield f"{path.name}:{node.lineno}", str(name)


def _logs(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.value.id in LOGGERS and function.attr in LEVELS
    return False


def told() -> Iterator[str]:
    """What is logged at a level that is chosen: `tell = _log.error if ... else _log.warning`."""
    for path in SOURCES.rglob("*.py"):
        text = path.read_text()
        if re.search(r"\btell = _?log\.", text):
            yield from re.findall(r"\btell\(\s*\"([a-z_]+)\"", text)


def test_sources_log_only_events_of_the_list() -> None:
    assert [(where, event) for where, event in named() if event not in EVENTS] == []
    assert set(told()) <= set(EVENTS)


def test_every_event_of_the_list_is_logged_somewhere() -> None:
    assert set(EVENTS) - {event for _, event in named()} - set(told()) == {REQUEST, LIBRARY}


def test_an_event_is_a_name_and_has_a_subject() -> None:
    assert [event for event in EVENTS if not re.fullmatch(r"[a-z]+(_[a-z]+)*", event)] == []
    assert subject_of("order_denied") == "trading"
    assert subject_of("nobody_knows") == ""
