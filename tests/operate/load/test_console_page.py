"""What a browser would post, from what Dash says of a page. With the real console: tests/e2e/test_load.py."""

from __future__ import annotations

from typing import Any

from investiq.operate.load.console_page import Page


def component(kind: str, **properties: Any) -> dict[str, Any]:
    return {"type": kind, "namespace": "x", "props": properties}


def callback(output: str, inputs: list[str], state: list[str] | None = None, **more: Any) -> dict[str, Any]:
    def places(names: list[str]) -> list[dict[str, str]]:
        return [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]

    return {
        "output": output,
        "inputs": places(inputs),
        "state": places(state or []),
        "clientside_function": None,
        "prevent_initial_call": False,
        **more,
    }


LAYOUT = component(
    "Div",
    children=[
        component("Location", id="address"),
        component("Interval", id="poll", interval=5000),
        component("Main", id="page"),
    ],
)
ROUTE = callback("page.children", ["address.pathname"])
TIMED = callback("status.children", ["poll.n_intervals"])
OF_THE_PAGE = callback("..a.children...b.children..", ["field.value"], ["other.data"])
BROWSER = callback("c.children", ["address.pathname"], clientside_function={"namespace": "n"})
ON_PRESS = callback("d.children", ["button.n_clicks"], prevent_initial_call=True)
CONTENT = component(
    "Div",
    children=[
        component("Input", id="field", value="AAPL"),
        component("Store", id="other", data={"x": 1}),
        component("Button", id="button"),
    ],
)


def page(*dependencies: dict[str, Any]) -> Page:
    return Page(LAYOUT, dependencies, "/trading")


def test_the_address_is_asked_for_first_and_then_what_its_content_needs() -> None:
    opened = page(OF_THE_PAGE, TIMED, ROUTE, BROWSER, ON_PRESS)
    bodies = opened.first_bodies()
    first = next(bodies)
    assert first == {
        "output": "page.children",
        "outputs": {"id": "page", "property": "children"},
        "inputs": [{"id": "address", "property": "pathname", "value": "/trading"}],
        "state": [],
        "changedPropIds": [],
    }
    opened.take({"response": {"page": {"children": CONTENT}}})
    assert [body["output"] for body in bodies] == ["..a.children...b.children..", "status.children"]


def test_a_callback_is_given_what_the_page_holds() -> None:
    opened = page(ROUTE, OF_THE_PAGE)
    bodies = opened.first_bodies()
    next(bodies)
    opened.take({"response": {"page": {"children": CONTENT}}})
    opened.take({"response": {"field": {"value": "IBM"}}})
    body = next(bodies)
    assert body["inputs"] == [{"id": "field", "property": "value", "value": "IBM"}]
    assert body["state"] == [{"id": "other", "property": "data", "value": {"x": 1}}]
    assert body["outputs"] == [{"id": "a", "property": "children"}, {"id": "b", "property": "children"}]


def test_timers_count_on_and_name_what_changed() -> None:
    opened = page(ROUTE, TIMED)
    assert [[one["value"] for one in body["inputs"]] for body in (*opened.polls(), *opened.polls())] == [[1], [2]]
    assert opened.polls()[0]["changedPropIds"] == ["poll.n_intervals"]


def test_components_that_come_in_numbers_are_each_named() -> None:
    charts = '{"kind":"chart","place":["ALL"]}'
    opened = page(callback(f"..{charts}.series..", ["poll.n_intervals"]))
    names = [{"kind": "chart", "place": 0}, {"kind": "chart", "place": 1}, {"kind": "word", "place": 0}]
    opened.take({"response": {"page": {"children": [component("Chart", id=name) for name in names]}}})
    (body,) = opened.polls()
    assert body["outputs"] == [[{"id": name, "property": "series"} for name in names[:2]]]


def test_an_answer_of_another_shape_changes_nothing() -> None:
    opened = page(TIMED)
    answers: tuple[Any, ...] = (None, [], {"response": {"x": 3}}, {"multi": True})
    for answer in answers:
        opened.take(answer)
    assert len(opened.polls()) == 1
