"""Objects of the domain as documents of the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from investiq.foundation.contract import api
from investiq.foundation.vocabulary import OrderStatus
from investiq.serve.api.documents import document


@dataclass
class Event:
    status: object = OrderStatus.FILLED
    at: object = datetime(2008, 1, 3, 17, tzinfo=UTC)
    wall: object = datetime(2026, 1, 2, 10, 0, 0, 250_000, tzinfo=UTC)
    reason: object = None
    by: object = None
    of_no_concern: object = "the client order id"


def test_an_object_is_told_in_the_words_of_the_wire() -> None:
    assert document(api.OrderEvent, Event()) == {
        "status": "filled",
        "at": "2008-01-03T17:00:00Z",
        "wall": "2026-01-02T10:00:00.250000Z",
        "reason": None,
        "by": None,
    }


@pytest.mark.parametrize(
    ("value", "text"), [("1E+2", "100"), ("0.10", "0.10"), ("-0.0000001", "-0.0000001"), ("0E-8", "0.00000000")]
)
def test_a_decimal_keeps_its_places_and_has_no_exponent(value: str, text: str) -> None:
    point = document(api.EquityPoint, at=datetime(2008, 1, 3, tzinfo=UTC), equity=Decimal(value), drawdown=Decimal(0))
    assert point["equity"] == text


def test_parts_stand_for_what_the_object_holds() -> None:
    assert document(api.OrderEvent, Event(), reason="cancelled")["reason"] == "cancelled"
    bar = document(api.Bar, session=date(2008, 1, 3), **dict.fromkeys(("open", "high", "low", "close"), "1"), volume=0)
    assert bar["session"] == "2008-01-03"


def test_what_the_contract_does_not_know_is_no_document() -> None:
    with pytest.raises(ValidationError, match="pending_new"):
        document(api.OrderEvent, Event(status="lost in the post"))
    with pytest.raises(AttributeError):
        document(api.Order, Event())
