"""What every broker must do. A new broker adds a case here and passes all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from investiq.foundation.vocabulary import OrderStatus, OrderType, Side, TradingMode
from investiq.invest.trading.brokers._template import TemplateBroker
from investiq.invest.trading.brokers.paper import PaperBroker
from investiq.invest.trading.brokers.protocol import Broker, BrokerOrder, BrokerUnavailable, UnknownAtBroker
from investiq.invest.trading.costs import Costs
from investiq.invest.trading.order import Order
from tests.invest.trading.fakes import AAPL, START, FakeBroker, FakeMarket
from tests.invest.trading.venue import MemoryVenue


@dataclass
class Case:
    """A broker, a way to let its open market orders fill, and a way to meet it again in a new process."""

    broker: Broker
    let_fill: Callable[[], None]
    reconnect: Callable[[], Broker]

    def state(self, order: Order) -> BrokerOrder:
        (report,) = self.broker.poll([order.client_order_id])
        return report


def an_order(name: str = "iq-1", side: Side = Side.BUY, quantity: str = "10") -> Order:
    return Order(
        number=1,
        id=name,
        client_order_id=name,
        symbol=AAPL,
        side=side,
        order_type=OrderType.MARKET,
        quantity=Decimal(quantity),
        notional=None,
        limit_price=None,
        reserve_price=Decimal(100),
        status=OrderStatus.PENDING_NEW,
        filled_quantity=Decimal(0),
        average_price=None,
        commission=Decimal(0),
        reason=None,
        message=None,
        created_by="tester",
        created_at=START,
        created_wall=START,
        updated_at=START,
        updated_wall=START,
        history=(),
    )


def paper_case(engine: Engine) -> Case:
    market = FakeMarket(AAPL="100")

    def connect() -> PaperBroker:
        costs = Costs(Decimal(0), Decimal(0), Decimal(1))
        return PaperBroker(engine, market, costs, Decimal(100_000), TradingMode.REPLAY)

    return Case(connect(), lambda: market.price(AAPL, "100"), connect)


def fake_case(_engine: Engine) -> Case:
    """The fake of the desk's tests passes too: otherwise those tests would prove nothing."""
    broker = FakeBroker()
    submitted: dict[str, Order] = {}
    submit = broker.submit

    def remembering(order: Order) -> BrokerOrder:
        submitted[order.client_order_id] = order
        return submit(order)

    def fill() -> None:
        for name, order in submitted.items():
            if broker.orders[name].status is OrderStatus.ACCEPTED:
                broker.fill(order, str(order.quantity), "100", OrderStatus.FILLED)

    broker.submit = remembering  # type: ignore[method-assign]
    return Case(broker, fill, lambda: broker)


def template_case(_engine: Engine) -> Case:
    """What others copy has to pass before they do."""
    venue = MemoryVenue()

    def connect() -> TemplateBroker:
        return TemplateBroker(venue, TradingMode.PAPER)

    return Case(connect(), venue.fill, connect)


@pytest.fixture(params=[paper_case, fake_case, template_case], ids=["paper", "fake", "template"])
def case(request: pytest.FixtureRequest, engine: Engine) -> Case:
    made: Case = request.param(engine)
    return made


def test_a_submitted_order_is_accepted_and_found_by_our_id(case: Case) -> None:
    report = case.broker.submit(an_order())
    assert (report.client_order_id, report.status, report.executions) == ("iq-1", OrderStatus.ACCEPTED, ())
    assert case.broker.lookup("iq-1") == report


def test_a_second_submit_of_an_id_makes_no_second_order(case: Case) -> None:
    first = case.broker.submit(an_order())
    assert case.broker.submit(an_order()) == first
    case.let_fill()
    assert sum(e.quantity for e in case.state(an_order()).executions) == 10


def test_a_filled_order_has_executions_for_all_of_it_and_tells_them_the_same_way_twice(case: Case) -> None:
    case.broker.submit(an_order())
    case.let_fill()
    report = case.state(an_order())
    assert report.status is OrderStatus.FILLED
    assert sum(e.quantity for e in report.executions) == 10
    assert case.state(an_order()) == report == case.broker.lookup("iq-1")


def test_nothing_fills_before_the_market_moves(case: Case) -> None:
    case.broker.submit(an_order())
    assert case.state(an_order()).status is OrderStatus.ACCEPTED


def test_an_unknown_id_is_none_left_out_or_an_error(case: Case) -> None:
    case.broker.submit(an_order())
    assert case.broker.lookup("nobody") is None
    assert [report.client_order_id for report in case.broker.poll(["nobody", "iq-1"])] == ["iq-1"]
    with pytest.raises(UnknownAtBroker):
        case.broker.cancel("nobody")


def test_a_cancelled_order_is_cancelled(case: Case) -> None:
    case.broker.submit(an_order())
    assert case.broker.cancel("iq-1").status is OrderStatus.CANCELLED
    case.let_fill()
    assert case.state(an_order()).executions == ()


def test_the_answer_to_a_late_cancel_is_that_it_filled(case: Case) -> None:
    case.broker.submit(an_order())
    case.let_fill()
    filled = case.state(an_order())
    assert case.broker.cancel("iq-1") == filled


def test_orders_outlive_the_connection(case: Case) -> None:
    case.broker.submit(an_order())
    case.broker = case.reconnect()
    case.let_fill()
    assert case.state(an_order()).status is OrderStatus.FILLED


def test_it_says_what_kind_of_account_it_is_and_answers(case: Case) -> None:
    assert case.broker.mode() in set(TradingMode)
    case.broker.ping()


def test_paper_counts_cash_and_shares_of_its_own(engine: Engine) -> None:
    case = paper_case(engine)
    case.broker.submit(an_order())
    case.let_fill()
    case.state(an_order())
    sale = replace(an_order("iq-2", Side.SELL, "4"), client_order_id="iq-2")
    case.broker.submit(sale)
    case.let_fill()
    case.state(sale)
    account = case.reconnect().account()
    assert (account.cash, dict(account.positions)) == (Decimal(100_000 - 1000 - 1 + 400 - 1), {AAPL: Decimal(6)})


def test_the_template_says_that_it_had_no_answer_and_finds_the_order_afterwards() -> None:
    venue = MemoryVenue()
    broker = TemplateBroker(venue, TradingMode.PAPER)
    venue.silent = True
    with pytest.raises(BrokerUnavailable):
        broker.submit(an_order())
    venue.silent = False
    found = broker.lookup("iq-1")
    assert found is not None
    assert found.status is OrderStatus.ACCEPTED


def test_the_template_does_not_guess_what_an_unknown_state_means() -> None:
    venue = MemoryVenue()
    broker = TemplateBroker(venue, TradingMode.PAPER)
    broker.submit(an_order())
    venue.say("iq-1", "held_for_review")
    with pytest.raises(BrokerUnavailable, match="held_for_review"):
        broker.poll(["iq-1"])
