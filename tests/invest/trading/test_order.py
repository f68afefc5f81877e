from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation.vocabulary import OPEN_STATUSES, OrderStatus, OrderType, Side
from investiq.invest.trading.order import (
    TRANSITIONS,
    IllegalTransition,
    InvalidOrder,
    OrderRequest,
    check_transition,
    whole_steps,
)
from tests.invest.trading.fakes import AAPL, MSFT


def request(**fields: object) -> OrderRequest:
    return OrderRequest(**{"symbol": AAPL, "side": Side.BUY, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "exactly one of quantity"),
        ({"quantity": Decimal(1), "notional": Decimal(1)}, "exactly one of quantity"),
        ({"quantity": Decimal(0)}, "above 0"),
        ({"quantity": Decimal(-1)}, "above 0"),
        ({"quantity": Decimal("NaN")}, "above 0"),
        ({"notional": Decimal("Infinity")}, "above 0"),
        ({"quantity": Decimal("1e10")}, "at most"),
        ({"quantity": Decimal("0.00001")}, "four decimal places"),
        ({"quantity": Decimal(1), "limit_price": Decimal(1)}, "limit_price is needed"),
        ({"quantity": Decimal(1), "order_type": OrderType.LIMIT}, "limit_price is needed"),
        ({"quantity": Decimal(1), "order_type": OrderType.LIMIT, "limit_price": Decimal(0)}, "limit_price is 0"),
    ],
)
def test_a_request_that_contradicts_itself_is_refused_with_what_was_expected(
    fields: dict[str, object], says: str
) -> None:
    with pytest.raises(InvalidOrder, match=says):
        request(**fields)


def test_the_fingerprint_is_of_the_values_not_of_how_they_are_written() -> None:
    assert request(quantity=Decimal("10")).fingerprint() == request(quantity=Decimal("10.00")).fingerprint()
    others = [
        request(quantity=Decimal(11)),
        request(notional=Decimal(10)),
        request(quantity=Decimal(10), side=Side.SELL),
        request(quantity=Decimal(10), symbol=MSFT),
        request(quantity=Decimal(10), order_type=OrderType.LIMIT, limit_price=Decimal(10)),
    ]
    prints = {other.fingerprint() for other in others} | {request(quantity=Decimal(10)).fingerprint()}
    assert len(prints) == 6


def test_every_status_has_a_row_and_only_ended_ones_have_no_way_on() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)
    final = {status for status, ways in TRANSITIONS.items() if not ways}
    assert final == {OrderStatus.FILLED, OrderStatus.REJECTED, OrderStatus.DENIED}
    assert not OPEN_STATUSES & final


@given(st.sampled_from(OrderStatus), st.sampled_from(OrderStatus))
def test_only_the_steps_of_the_table_pass(before: OrderStatus, after: OrderStatus) -> None:
    if after in TRANSITIONS[before]:
        check_transition(before, after)
    else:
        with pytest.raises(IllegalTransition, match=f"from {before} to {after}"):
            check_transition(before, after)


def test_a_cancelled_order_can_still_fill_but_never_opens_again() -> None:
    check_transition(OrderStatus.CANCELLED, OrderStatus.FILLED)
    with pytest.raises(IllegalTransition):
        check_transition(OrderStatus.CANCELLED, OrderStatus.ACCEPTED)


def test_nothing_is_denied_after_it_was_sent() -> None:
    assert all(OrderStatus.DENIED not in ways for ways in TRANSITIONS.values())


@given(st.decimals(min_value=0, max_value=10**6, places=9))
def test_shares_are_rounded_down(quantity: Decimal) -> None:
    assert 0 <= quantity - whole_steps(quantity) < Decimal("0.0001")
