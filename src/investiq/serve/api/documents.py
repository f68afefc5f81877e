"""The API's documents from objects of the domain."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from investiq.foundation.contract import api
from investiq.invest.trading.order import Order

__all__ = ["document", "order_document"]

Document = TypeVar("Document")


def document(kind: type[Document], source: object = None, /, **parts: object) -> Document:
    """The document `kind` of what `source` holds under the same names; `parts` stand for some of it, or for all.

    Raises:
        ValidationError: it is not what the contract says.
    """
    read = {name: getattr(source, name) for name in kind.__annotations__ if name not in parts}
    adapter: TypeAdapter[Document] = _adapter(kind)  # type: ignore[arg-type]  # mypy: a type might not be hashable
    return adapter.validate_python(read | parts)


def order_document(order: Order) -> api.Order:
    """An order with its history."""
    return document(api.Order, order, history=[document(api.OrderEvent, event) for event in order.history])


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
