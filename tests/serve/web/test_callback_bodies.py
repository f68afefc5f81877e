"""What no page of ours would post to a callback is the client's fault, whatever it is: 400, and never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import httpx2
import pytest

from tests.chance import DEEP

OURS = {"origin": "http://127.0.0.1:8050", "content-type": "application/json"}
ODD: tuple[Any, ...] = (None, True, 7, "x", [], [[None]], {}, {"id": 1})
ABSENT = object()


def example(identifier: str) -> Any:
    """An id as a page sends it: of a pattern, of one component that matches."""
    pattern = json.loads(identifier) if identifier.startswith("{") else identifier
    return {k: "a" if isinstance(v, list) else v for k, v in pattern.items()} if isinstance(pattern, dict) else pattern


def place(identifier: str, name: str, **value: Any) -> Any:
    one = {"id": example(identifier), "property": name, **value}
    return [one] if isinstance(one["id"], dict) else one


def posted(callback: dict[str, Any]) -> dict[str, Any]:
    """What a page posts for a callback of /_dash-dependencies, with nothing chosen yet."""
    output = callback["output"]
    parts = output.strip(".").split("...") if output.startswith("..") else [output]
    outputs = [place(*part.rpartition(".")[::2]) for part in parts]
    return {
        "output": output,
        "outputs": outputs if output.startswith("..") else outputs[0],
        "inputs": [place(one["id"], one["property"], value=None) for one in callback["inputs"]],
        "state": [place(one["id"], one["property"], value=None) for one in callback["state"]],
        "changedPropIds": [f"{one['id']}.{one['property']}" for one in callback["inputs"][:1]],
    }


def spoiled(good: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with one member after the other replaced by what does not belong there, or left out."""
    for member in good:
        for odd in (*ODD, ABSENT):
            yield _with(good, (member,), odd)
    for member in ("inputs", "state", "outputs"):
        entries = good[member] if isinstance(good[member], list) else []
        yield _with(good, (member,), entries * 2)
        for number, entry in enumerate(entries):
            for odd in ODD:
                yield _with(good, (member, number), odd)
            first = (member, number, 0) if isinstance(entry, list) else (member, number)
            for name in ("id", "property", "value"):
                yield from (_with(good, (*first, name), odd) for odd in (*ODD, ABSENT))


def _with(good: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    body = copy.deepcopy(good)
    inner: Any = body
    for step in path[:-1]:
        inner = inner[step]
    if value is ABSENT:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = value
    return body


FEW = 1 if DEEP else 5
"""One body in so many of each callback, another one of the next: all of them in `make proof-random`."""


async def test_a_malformed_callback_is_never_an_error_of_ours(
    console: httpx2.AsyncClient, subtests: pytest.Subtests
) -> None:
    callbacks = (await console.get("/_dash-dependencies")).json()
    served = [one for one in callbacks if not one["clientside_function"]]
    assert len(served) > 15
    for number, callback in enumerate(served):
        with subtests.test(output=callback["output"]):
            answers = [
                await _post(console, body) for body in islice(spoiled(posted(callback)), number % FEW, None, FEW)
            ]
            assert {answer.status_code for answer in answers} <= {200, 204, 400, 401}
            refused = [answer for answer in answers if answer.status_code == 400]
            assert len(refused) > len(answers) / 2
            assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}


async def _post(console: httpx2.AsyncClient, body: dict[str, Any]) -> httpx2.Response:
    return await console.post("/_dash-update-component", content=json.dumps(body), headers=OURS)


@pytest.mark.parametrize(
    "body", [b'{"output": NaN}', b'{"output": 1, "output": 2}', b"[" * 5000, b"\xff\xfe", b"5", b""]
)
async def test_what_is_no_json_object_is_refused(console: httpx2.AsyncClient, body: bytes) -> None:
    answer = await console.post("/_dash-update-component", content=body, headers=OURS)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
