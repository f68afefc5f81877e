"""What a page of ours may post to a callback: Dash reads it without looking, and falls over what it does not expect.

A callback says what it takes: its dependencies name the components and properties, its annotations the values.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

__all__ = ["is_expected"]

_Registered = Mapping[str, Any]
"""One entry of Dash's `callback_map`."""


def is_expected(body: Any, callbacks: Mapping[str, _Registered]) -> bool:
    """Whether a page with these callbacks would send this body."""
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        return False
    callback = callbacks.get(body["output"])
    if callback is None or "callback" not in callback:  # without one, it runs in the browser
        return False
    inputs, state, changed = body.get("inputs", []), body.get("state", []), body.get("changedPropIds", [])
    return (
        _are_values(inputs, callback["inputs"])
        and _are_values(state, callback["state"])
        and _are_texts(changed)
        and _are_outputs(body.get("outputs"), callback["output"])
        and _fit(callback["callback"], [_value(entry) for entry in (*inputs, *state)])
    )


def _are_texts(changed: object) -> bool:
    return isinstance(changed, list) and all(isinstance(one, str) for one in changed)


def _are_values(entries: object, wanted: Sequence[Mapping[str, str]]) -> bool:
    return (
        isinstance(entries, list)
        and len(entries) == len(wanted)
        and all(
            _is_place(entry, _identifier(one["id"]), one["property"])
            for entry, one in zip(entries, wanted, strict=True)
        )
    )


def _are_outputs(entries: object, wanted: Any) -> bool:
    if not isinstance(wanted, (list, tuple)):
        return _is_place(entries, wanted.component_id, wanted.component_property)
    return (
        isinstance(entries, list)
        and len(entries) == len(wanted)
        and all(
            _is_place(entry, one.component_id, one.component_property)
            for entry, one in zip(entries, wanted, strict=True)
        )
    )


def _is_place(entry: object, identifier: str | Mapping[str, Any], name: str) -> bool:
    """Whether it names this property of this component; of a pattern, of any number of components that match it."""
    if isinstance(identifier, str):
        return isinstance(entry, dict) and entry.get("id") == identifier and _is_property(entry, name)
    return isinstance(entry, list) and all(
        isinstance(one, dict) and _matches(one.get("id"), identifier) and _is_property(one, name) for one in entry
    )


def _is_property(entry: Mapping[str, Any], name: str) -> bool:
    # An output that several callbacks share has a hash behind it.
    given = entry.get("property")
    return isinstance(given, str) and given.partition("@")[0] == name.partition("@")[0]


def _matches(identifier: object, pattern: Mapping[str, Any]) -> bool:
    return (
        isinstance(identifier, dict)
        and identifier.keys() == pattern.keys()
        and all(
            identifier[key] == wanted if isinstance(wanted, (str, int)) else isinstance(identifier[key], (str, int))
            for key, wanted in pattern.items()
        )
    )


def _identifier(text: str) -> str | Mapping[str, Any]:
    if not text.startswith("{"):
        return text
    pattern: Mapping[str, Any] = json.loads(text)
    return pattern


def _value(entry: Any) -> Any:
    return [one.get("value") for one in entry] if isinstance(entry, list) else entry.get("value")


def _fit(callback: Callable[..., Any], values: Iterable[Any]) -> bool:
    types = _types(inspect.unwrap(callback))
    try:
        for number, value in enumerate(values):
            types[min(number, len(types) - 1)].validate_python(value)
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=256)
def _types(callback: Callable[..., Any]) -> Sequence[TypeAdapter[Any]]:
    """Those of its parameters; of `*more`, that of all the rest. An `actor` comes from us, not from the page."""
    hints = typing.get_type_hints(callback)
    names = [name for name in inspect.signature(callback).parameters if name != "actor"]
    return [TypeAdapter(hints.get(name, Any)) for name in names]
