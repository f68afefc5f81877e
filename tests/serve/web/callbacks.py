"""What the page in the browser would post to each callback of the console."""

from __future__ import annotations

import json
from typing import Any

import httpx2

__all__ = ["ADDRESS", "OURS", "body_of", "dependencies", "named", "post"]

ADDRESS = "/_dash-update-component"
OURS = {"origin": "http://127.0.0.1:8050"}


async def dependencies(console: httpx2.AsyncClient) -> list[dict[str, Any]]:
    """The callbacks that run on the server."""
    found = (await console.get("/_dash-dependencies")).json()
    return [one for one in found if not one["clientside_function"]]


async def named(console: httpx2.AsyncClient, identifier: str) -> dict[str, Any]:
    """The callback that this input sets off."""
    return next(d for d in await dependencies(console) if any(identifier in i["id"] for i in d["inputs"]))


def body_of(dependency: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A press of each of its buttons, with `values` by id (a dash is written as `_`)."""
    inputs = [_given(one, values) for one in dependency["inputs"]]
    first = inputs[0][0] if isinstance(inputs[0], list) else inputs[0]
    identifier = json.dumps(first["id"], separators=(",", ":")) if isinstance(first["id"], dict) else first["id"]
    return {
        "output": dependency["output"],
        "outputs": _outputs(dependency["output"]),
        "inputs": inputs,
        "state": [_given(one, values) for one in dependency.get("state", [])],
        "changedPropIds": [f"{identifier}.{first['property']}"],
    }


async def post(console: httpx2.AsyncClient, body: dict[str, Any], **headers: str) -> httpx2.Response:
    """The answer to the page."""
    return await console.post(ADDRESS, json=body, headers=OURS | headers)


def _outputs(output: str) -> Any:
    many = output.startswith("..")
    parts = [part.rpartition(".") for part in output.strip(".").split("...")]
    outputs = [{"id": identifier, "property": name} for identifier, _, name in parts]
    return outputs if many else outputs[0]


def _given(one: dict[str, Any], values: dict[str, Any]) -> Any:
    if "ALL" in one["id"]:  # of each button that is there; here is one
        of_it = {key: "a" if part == ["ALL"] else part for key, part in json.loads(one["id"]).items()}
        return [{"id": of_it, "property": one["property"], "value": 1}]
    value = values.get(one["id"].replace("-", "_"), 1 if one["property"].startswith("n_") else None)
    return {"id": one["id"], "property": one["property"], "value": value}
