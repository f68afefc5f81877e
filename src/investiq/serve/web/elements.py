"""The pieces that every page is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from investiq.foundation import figures as fmt
from investiq.serve.web.mantine import dmc
from investiq.serve.web.reading import SourceUnavailable

__all__ = [
    "Children",
    "attributes",
    "card",
    "chip",
    "empty",
    "figure",
    "missing",
    "outage",
    "page_title",
    "paragraph",
    "pending",
    "with_code",
    "without_code",
]

Children = Component | str | None | Sequence[Component | str | None]


def attributes(**named: str) -> dict[str, Any]:
    """HTML attributes with a dash in their name: `aria_label` becomes `aria-label`."""
    return {name.replace("_", "-"): value for name, value in named.items()}


def page_title(title: Component, aside: Children = None) -> Component:
    """The heading of a page, with what belongs beside it."""
    return html.Div([title, html.Div(aside)], className="page-title")


def card(heading: Children, body: Children, *, aside: Children = None, css: str = "", **further: Any) -> Component:
    """A framed section; `aside` stands at the right of its heading."""
    head = html.Div([html.H2(heading), html.Div(aside, className="card-aside")], className="card-head")
    return html.Section([head, html.Div(body, className="card-body")], className=f"card {css}", **further)


def figure(label: str, value: str, *, tone: str = "", note: Children = None) -> Component:
    """A labelled number."""
    parts = [html.Dt(label), html.Dd(value, className=f"figure-value {tone}")]
    return html.Div([*parts, html.Dd(note, className="figure-note")] if note else parts, className="figure")


def chip(text: str, tone: str = "plain") -> Component:
    """A word in a tinted frame: good, warn, bad or plain."""
    return html.Span(text, className=f"chip chip-{tone}")


def empty(text: Children, then: Children = None) -> Component:
    """What stands where there is nothing yet, and why."""
    return html.Div([html.P(text), html.P(then, className="muted") if then else None], className="empty")


def notice(heading: str, lines: Sequence[Children], color: str) -> Component:
    """What happened, in a tinted frame; Mantine makes it an ARIA alert."""
    paragraphs = [html.P(with_code(line) if isinstance(line, str) else line) for line in lines if line]
    alert: Component = dmc.Alert(paragraphs, title=heading, color=color, variant="light", className="notice")
    return alert


def outage(why: SourceUnavailable, what: str) -> Component:
    """Says plainly that `what` is not known: which part does not answer, since when, what to type.

    A refusal is no outage: the part answers, and says what is wrong with the question.
    """
    if why.refused:
        words = html.P(with_code(f"{why.error.rstrip('.')}."), className="sentence")
        return html.Div([html.Strong(f"{what} is not available."), words], className="missing", role="alert")
    advice = "" if why.advice in why.error else f" Type `{why.advice}` to see what is wrong."
    words = html.P(with_code(f"{why.error.rstrip('.')}.{advice}"), className="sentence")
    return html.Div([_no_answer(why, what), words], className="missing", role="alert")


def missing(why: SourceUnavailable, what: str) -> Component:
    """Stands in the place of `what`: the outage, in one line where the header already says the rest.

    The style sheet hides charts and tables beside it: what they last showed is no longer true.
    """
    return html.Div(_no_answer(why, what), className="missing missing-brief") if why.announced else outage(why, what)


def _no_answer(why: SourceUnavailable, what: str) -> Component:
    verb = "has had no heartbeat" if why.unfed else "has not answered"
    return html.Strong(f"{what}: {why.part} {verb} since {fmt.clock_time(why.since)}.")


def with_code(text: str) -> list[Component | str]:
    """Text in which what stands between backticks is something to type."""
    return [html.Code(part) if odd % 2 else part for odd, part in enumerate(text.split("`"))]


def without_code(text: str) -> str:
    """The same where only plain text can stand: in tooltips and cells of tables."""
    return text.replace("`", "")


def paragraph(text: str) -> Component:
    """An error's message as a sentence."""
    stop = "" if text.endswith(("?", ".")) else "."
    return html.Span([*with_code(text), stop], className="sentence")


def pending(height: int) -> Component:
    """Holds the place of what is being fetched."""
    skeleton: Component = dmc.Skeleton(height=height, radius="sm")
    return skeleton
