"""Tables of rows: on a phone each row is a card, and a narrow window leaves out what matters least."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dash import html
from dash.development.base_component import Component

from investiq.serve.web.elements import Children, attributes, empty

__all__ = ["Column", "data_table"]

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """What one column shows.

    Attributes:
        cell: what stands in it for a row; None leaves the label out of a card too.
        number: to the right, in digits of one width.
        rank: 1 is always there, 2 from 1,100 pixels on, 3 from 1,360.
        head: its cells name the row.
        long: a sentence, which takes the whole width of a card.
    """

    title: str
    cell: Callable[[Row], Children]
    number: bool = False
    rank: int = 1
    head: bool = False
    long: bool = False


def data_table(
    columns: Sequence[Column[Row]], rows: Sequence[Row], *, key: Callable[[Row], str], label: str, empty_text: str
) -> Component:
    """The rows, or why there are none.

    Args:
        key: what tells a row from the others while they are replaced.
        label: what the table is, for who does not see it.
    """
    if not rows:
        return empty(empty_text)
    titles = [html.Th(column.title, scope="col", className=_css(column), **_role("columnheader")) for column in columns]
    head = html.Thead(html.Tr(titles, **_role("row")), **_role("rowgroup"))
    body = html.Tbody([_row(columns, row, key(row)) for row in rows], **_role("rowgroup"))
    # The roles say what a style sheet that makes cards of rows would take from them.
    return html.Table([head, body], className="rows", **_role("table"), **attributes(aria_label=label))


def _row(columns: Sequence[Column[Row]], row: Row, key: str) -> Component:
    return html.Tr([_cell(column, row) for column in columns], key=key, **_role("row"))


def _cell(column: Column[Row], row: Row) -> Component:
    content = column.cell(row)
    css = f"{_css(column)} {'' if content else 'nothing'}".strip()
    named: dict[str, Any] = {"className": css, "data-label": column.title}
    if column.head:
        return html.Th(content, scope="row", **named, **_role("rowheader"))
    return html.Td(content, **named, **_role("cell"))


def _css(column: Column[Row]) -> str:
    return " ".join(
        filter(
            None,
            [
                "digits" if column.number else "",
                "long" if column.long else "",
                f"rank-{column.rank}" if column.rank > 1 else "",
            ],
        )
    )


def _role(name: str) -> dict[str, Any]:
    return {"role": name}
