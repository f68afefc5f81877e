"""What a browser asks for a page of the console: the document, its description, and the callbacks that fill it.

Dash describes a page by its components and by the callbacks between them. A browser calls each callback whose inputs
are on the page, first once, then whenever an input changes: here, whenever a timer of the page has passed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CALLBACKS", "DESCRIPTION", "Page"]

DESCRIPTION = ("/_dash-layout", "/_dash-dependencies")
CALLBACKS = "/_dash-update-component"


@dataclass(slots=True)
class Page:
    """A page as the browser knows it.

    Args:
        layout: the answer of /_dash-layout.
        dependencies: the answer of /_dash-dependencies.
        path: of the address.
    """

    layout: Any
    dependencies: Sequence[Mapping[str, Any]]
    path: str
    _values: dict[str, dict[str, Any]] = field(default_factory=dict, init=False)
    _numbered: list[dict[str, Any]] = field(default_factory=list, init=False)
    """Names of components that come in numbers, such as the panels of a dashboard."""

    def __post_init__(self) -> None:
        self._learn(self.layout)
        self._values.setdefault("address", {}).update(pathname=self.path, search="")

    def first_bodies(self) -> Iterator[dict[str, Any]]:
        """What is posted to draw the page: first what gives it its content, then each callback of that content."""
        routing = [one for one in self._callable() if _changes(one, "page")]
        yield from map(self._body, routing)
        rest = [one for one in self._callable() if one not in routing and one.get("prevent_initial_call") is not True]
        yield from map(self._body, rest)

    def polls(self) -> list[dict[str, Any]]:
        """What is posted each time that the page's timers have passed."""
        for properties in self._values.values():
            if "n_intervals" in properties or "interval" in properties:
                properties["n_intervals"] = (properties.get("n_intervals") or 0) + 1
        timed = [one for one in self._callable() if any(entry["property"] == "n_intervals" for entry in one["inputs"])]
        return [self._body(one, "n_intervals") for one in timed]

    def take(self, answer: Any) -> None:
        """Learn what the answer to a callback changes."""
        changed = answer.get("response", {}) if isinstance(answer, dict) else {}
        for identifier, properties in changed.items():
            if isinstance(properties, dict):
                self._values.setdefault(identifier, {}).update(properties)
                for value in properties.values():
                    self._learn(value)

    def _callable(self) -> list[Mapping[str, Any]]:
        """The callbacks that run on the server and whose components are on this page."""
        return [one for one in self.dependencies if one.get("clientside_function") is None and self._is_here(one)]

    def _is_here(self, dependency: Mapping[str, Any]) -> bool:
        entries = [*dependency["inputs"], *dependency.get("state", [])]
        return all(entry["id"] in self._values for entry in entries)

    def _body(self, dependency: Mapping[str, Any], changed: str = "") -> dict[str, Any]:
        inputs = [self._entry(entry) for entry in dependency["inputs"]]
        return {
            "output": dependency["output"],
            "outputs": self._outputs(dependency["output"]),
            "inputs": inputs,
            "state": [self._entry(entry) for entry in dependency.get("state", [])],
            "changedPropIds": [f"{one['id']}.{one['property']}" for one in inputs if one["property"] == changed],
        }

    def _entry(self, entry: Mapping[str, str]) -> dict[str, Any]:
        value = self._values[entry["id"]].get(entry["property"])
        known = {} if value is None else {"value": value}
        return {"id": entry["id"], "property": entry["property"], **known}

    def _outputs(self, output: str) -> Any:
        found = [self._all_of(one) if one["id"].startswith("{") else one for one in _parts(output)]
        return found if output.startswith("..") else found[0]

    def _all_of(self, one: Mapping[str, str]) -> list[dict[str, Any]]:
        """Each component of the page whose name fits the pattern, in which ["ALL"] stands for anything."""
        wanted = json.loads(one["id"])
        return [{"id": name, "property": one["property"]} for name in self._numbered if _fits(name, wanted)]

    def _learn(self, tree: Any) -> None:
        """Keep the properties of each component below `tree` that has a name."""
        if isinstance(tree, list):
            for one in tree:
                self._learn(one)
        elif isinstance(tree, dict):
            self._keep(tree.get("props"))
            for one in tree.values():
                self._learn(one)

    def _keep(self, properties: Any) -> None:
        name = properties.get("id") if isinstance(properties, dict) else None
        if isinstance(name, str):
            self._values[name] = dict(properties)
        elif isinstance(name, dict) and name not in self._numbered:
            self._numbered.append(name)


def _changes(dependency: Mapping[str, Any], identifier: str) -> bool:
    return any(one["id"] == identifier for one in _parts(dependency["output"]))


def _parts(output: str) -> list[dict[str, str]]:
    parts = [part.rpartition(".") for part in output.strip(".").split("...")]
    return [{"id": identifier, "property": name} for identifier, _, name in parts]


def _fits(name: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return name.keys() == wanted.keys() and all(value in (["ALL"], name[key]) for key, value in wanted.items())
