"""The breaker as a value, then as the desk uses it. Each trap that real breakers fell into has a test here."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from threading import Thread
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from investiq.foundation.config.schema import TradingConfig
from investiq.foundation.store import DatabaseUnavailable, reading, writing
from investiq.foundation.store.connections import REQUEST_CONNECTIONS
from investiq.foundation.telemetry.catalogue import (
    BREAKER_LIMIT,
    BREAKER_LOSS,
    BREAKER_TRIPS,
    DAILY_LOSS,
    DRAWDOWN,
    EQUITY,
    TRADING_HALTED,
)
from investiq.foundation.vocabulary import HaltReason, OrderStatus
from investiq.invest.market.types import Symbol
from investiq.invest.trading import breaker_monitor
from investiq.invest.trading.account_book import AccountBook, ForeignLedger
from investiq.invest.trading.breaker import BreakerState, ReasonRequired, observe, resume
from investiq.invest.trading.brokers.protocol import BrokerOrder, BrokerUnavailable
from investiq.invest.trading.event_time import EventTime
from investiq.invest.trading.order import Order
from tests.invest.trading.conftest import Bench
from tests.invest.trading.fakes import AAPL, MSFT, START, FakeBroker, FakeMarket

LIMITS = TradingConfig()
NOON = EventTime(START, START)
DAY = START.date()
equities = st.decimals(min_value="1", max_value=10**6, places=2)


def see(state: BreakerState, equity: Decimal, session: int = 0, opening: Decimal | None = None) -> BreakerState:
    day = DAY + timedelta(days=session)
    return observe(
        state, session=day, opening=opening or state.loss_baseline or equity, equity=equity, limits=LIMITS, when=NOON
    )


# ---- the value ----


@given(baseline=equities, equity=equities)
def test_it_trips_exactly_when_a_limit_is_reached(baseline: Decimal, equity: Decimal) -> None:
    state = see(BreakerState(DAY, baseline, baseline), equity)
    loss = max((baseline - equity) / baseline, Decimal(0))
    assert (state.halt is not None) == (loss >= LIMITS.daily_loss_limit)


def test_the_limit_itself_trips() -> None:
    assert see(BreakerState(DAY, Decimal(100), Decimal(100)), Decimal("97.01")).halt is None
    tripped = see(BreakerState(DAY, Decimal(100), Decimal(100)), Decimal(97)).halt
    assert tripped is not None
    assert tripped.reason is HaltReason.DAILY_LOSS
    assert "3.00%" in tripped.note


def test_many_small_losses_trip_on_drawdown() -> None:
    state, equity, day = BreakerState(DAY, Decimal(1000), Decimal(1000)), Decimal(1000), 0
    while state.halt is None:
        opening, equity, day = equity, (equity * Decimal("0.98")).quantize(Decimal("0.01")), day + 1
        state = see(state, equity, day, opening)
    assert state.halt.reason is HaltReason.DRAWDOWN
    assert equity <= 800


@given(before=equities, after=st.lists(equities, max_size=5))
def test_once_halted_it_stays_halted_whatever_comes(before: Decimal, after: list[Decimal]) -> None:
    state = see(BreakerState(DAY, before, before), before / 2)
    halt = state.halt
    assert halt is not None
    for session, equity in enumerate(after):
        state = see(state, equity, session)
    assert state.halt == halt


@given(before=equities, later=st.decimals(min_value="0.971", max_value="1.5", places=3))
def test_after_a_resume_the_same_loss_does_not_trip_and_a_further_one_does(before: Decimal, later: Decimal) -> None:
    now = before / 2
    state = resume(see(BreakerState(DAY, before, before), now), "looked into it", now)
    assert see(state, now).halt is None
    assert see(state, now * later).halt is None
    assert see(state, now * Decimal("0.969")).halt is not None


@given(losses=st.lists(st.decimals(min_value="0.990", max_value="1", places=4), min_size=1, max_size=20))
def test_resuming_what_is_not_halted_does_not_move_the_baseline(losses: list[Decimal]) -> None:
    """Otherwise whoever resumes now and then has no breaker at all."""
    state = with_resumes = BreakerState(DAY, Decimal(1000), Decimal(1000))
    equity = Decimal(1000)
    for loss in losses:
        equity *= loss
        state = see(state, equity)
        with_resumes = see(with_resumes, equity)
        if with_resumes.halt is None:
            with_resumes = resume(with_resumes, "just in case", equity)
        assert with_resumes == state


def test_a_resume_without_known_equity_measures_from_the_next_known_one() -> None:
    halted = see(BreakerState(DAY, Decimal(1000), Decimal(1000)), Decimal(500))
    state = resume(halted, "prices are back soon", None)
    state = see(state, Decimal(400))
    assert (state.halt, state.loss_baseline, state.peak) == (None, Decimal(400), Decimal(400))
    assert see(state, Decimal(387)).halt is not None


@pytest.mark.parametrize("note", ["", "  \n"])
def test_a_resume_says_why(note: str) -> None:
    with pytest.raises(ReasonRequired):
        resume(BreakerState(DAY, Decimal(1), Decimal(1)), note, None)


# ---- halting by hand ----


def test_a_halt_denies_entries_and_lets_exits_through(bench: Bench) -> None:
    bench.hold("100")
    status = bench.desk.halt("earnings tonight", "key:admin")
    assert (status.halted, status.reason, status.note, status.by) == (True, "manual", "earnings tonight", "key:admin")
    entry = bench.buy("1").order
    assert (entry.status, entry.reason) == ("denied", "halted")
    assert "earnings tonight" in (entry.message or "")
    exit_ = bench.sell("100").order
    bench.price(AAPL, "100")
    assert bench.desk.order(exit_.id).status == "filled"
    assert bench.sample(TRADING_HALTED) == 1


def test_a_halt_needs_no_reason_and_a_resume_does(bench: Bench) -> None:
    assert bench.desk.halt("", "tester").halted
    with pytest.raises(ReasonRequired):
        bench.desk.resume(" ", "tester")
    assert bench.desk.status().halted
    assert not bench.desk.resume("checked", "tester").halted
    assert bench.buy("1").order.status == "accepted"
    assert bench.sample(TRADING_HALTED) == 0


@pytest.mark.parametrize("words", ["\x00", "gro\ud800ss", "\x1b[2J", "x" * 20_000], ids=["nul", "half", "esc", "long"])
def test_a_halt_never_fails_because_of_its_words(bench: Bench, words: str) -> None:
    bench.hold("100")
    assert bench.desk.halt(words, words).halted
    assert bench.sell("40").order.status == "accepted", "exits pass"
    bench.desk.tick()
    bench.restart()
    assert bench.desk.status().halted, "and it is kept"


def test_a_halt_that_cannot_be_kept_for_any_reason_holds(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(AccountBook, "save_breaker", fail)
        assert bench.desk.halt("stop", "tester").halted
    assert bench.buy("1").order.reason == "halted"
    bench.restart()
    assert bench.desk.status().note == "stop", "the next decision kept it"


def test_a_halt_survives_a_restart_and_a_new_session(bench: Bench) -> None:
    before = bench.desk.halt("stop", "tester")
    bench.restart()
    bench.market.open_session()
    bench.price(AAPL, "100")
    assert bench.desk.status() == before
    assert bench.buy("1").order.reason == "halted"
    assert bench.sample(TRADING_HALTED) == 1


def test_other_settings_do_not_lift_a_halt(bench: Bench) -> None:
    bench.desk.halt("stop", "tester")
    bench.settings |= {"daily_loss_limit": Decimal(1), "drawdown_limit": Decimal(1), "max_open_orders": 50}
    bench.restart()
    bench.desk.tick()
    assert bench.desk.status().halted


def test_the_first_halt_stands_and_every_one_is_kept(bench: Bench) -> None:
    bench.hold("250")
    bench.price(AAPL, "80")
    bench.desk.halt("me too", "tester")
    assert bench.desk.status().reason == "daily_loss"
    bench.desk.resume("understood", "boss")
    log = bench.desk.breaker_log()
    assert [(e.event, e.reason, e.by) for e in log] == [
        ("resume", None, "boss"),
        ("halt", "manual", "tester"),
        ("halt", "daily_loss", "breaker"),
    ]
    assert log[-1].equity == 95_000
    assert log[-1].day_loss == Decimal("0.05")


def test_a_halt_takes_open_entries_back_and_leaves_open_exits(bench: Bench) -> None:
    bench.hold("100")
    entry, exit_ = bench.buy("10", limit="90").order, bench.sell("10", limit="150").order
    bench.desk.halt("stop", "tester")
    bench.desk.tick()
    taken_back = bench.desk.order(entry.id)
    assert (taken_back.status, taken_back.reason, taken_back.history[-1].by) == ("cancelled", "halted", "breaker")
    assert bench.desk.order(exit_.id).status == "accepted"


# ---- tripping ----


def test_an_unrealised_loss_trips(bench: Bench) -> None:
    bench.hold("250")
    bench.price(AAPL, "88.0001")
    assert not bench.desk.status().halted
    bench.price(AAPL, "88")
    status = bench.desk.status()
    assert (status.reason, status.day_loss, status.by) == ("daily_loss", Decimal("0.03"), "breaker")
    assert bench.sample(BREAKER_TRIPS, reason="daily_loss") == 1
    assert bench.sample(DAILY_LOSS) == pytest.approx(0.03)


def test_a_realised_loss_trips_just_the_same(bench: Bench) -> None:
    """Sold on the way down: nothing is held any more, and the loss is as real."""
    bench.hold("200")
    bench.sell("200")
    bench.price(AAPL, "90")
    assert bench.desk.positions().held == []
    assert not bench.desk.status().halted
    bench.hold("200")
    bench.sell("200")
    bench.price(AAPL, "84")
    assert bench.desk.status().reason == "daily_loss"


def test_a_gap_at_the_opening_is_a_loss_of_that_session(bench: Bench) -> None:
    bench.hold("250")
    bench.market.close()
    bench.desk.tick()
    bench.market.open_session()
    bench.price(AAPL, "48")
    status = bench.desk.status()
    assert (status.reason, status.day_loss) == ("daily_loss", Decimal("0.13"))


def test_yesterdays_loss_is_not_todays(bench: Bench) -> None:
    bench.hold("250")
    bench.price(AAPL, "90")
    assert bench.desk.status().day_loss == Decimal("0.025")
    bench.market.open_session()
    bench.price(AAPL, "88")
    status = bench.desk.status()
    assert (status.halted, status.day_loss) == (False, Decimal("0.005128"))


def test_the_breaker_looks_at_every_order_not_only_at_ticks(bench: Bench) -> None:
    bench.hold("250")
    bench.market.price(AAPL, "80")
    assert bench.buy("1", symbol=MSFT).order.reason == "halted"


def test_it_trips_once_for_one_loss_and_again_only_for_another(bench: Bench) -> None:
    bench.hold("250")
    bench.price(AAPL, "80")
    bench.desk.resume("bought a cheaper house", "boss")
    for price in ("80.01", "80", "79"):
        bench.price(AAPL, price)
    assert not bench.desk.status().halted
    bench.price(AAPL, "68")
    assert bench.desk.status().halted
    assert bench.sample(BREAKER_TRIPS, reason="daily_loss") == 2


def test_a_resume_does_not_rewrite_the_account(bench: Bench) -> None:
    bench.hold("250")
    bench.price(AAPL, "80")
    bench.desk.resume("noted", "boss")
    account, status = bench.desk.account(), bench.desk.status()
    assert account.high_water_mark == 100_000
    assert account.drawdown == Decimal("0.05")
    assert account.day_pnl == -5_000
    assert status.drawdown == status.day_loss == 0
    assert status.drawdown_from == status.day_loss_from == 95_000
    assert bench.sample(DRAWDOWN) == pytest.approx(0.05)


def test_what_the_breaker_measures_is_exposed_beside_the_limits_that_are_set(engine: Engine) -> None:
    bench = Bench(engine, settings={"daily_loss_limit": "0.10"})
    assert bench.sample(BREAKER_LIMIT, measure="daily_loss") == 0.10
    assert bench.sample(BREAKER_LIMIT, measure="drawdown") == 0.20
    assert bench.sample(BREAKER_LOSS, measure="daily_loss") == 0
    bench.hold("250")
    bench.price(AAPL, "80")
    assert bench.sample(BREAKER_LOSS, measure="daily_loss") == pytest.approx(0.05)
    assert bench.sample(BREAKER_LOSS, measure="drawdown") == pytest.approx(0.05)


def test_a_resume_starts_what_the_breaker_exposes_anew(bench: Bench) -> None:
    bench.hold("250")
    bench.price(AAPL, "80")
    bench.desk.resume("noted", "boss")
    assert bench.sample(BREAKER_LOSS, measure="daily_loss") == bench.sample(BREAKER_LOSS, measure="drawdown") == 0
    bench.price(AAPL, "79")
    assert 0 < bench.sample(BREAKER_LOSS, measure="drawdown") < 0.01


def test_the_high_water_mark_outlives_the_process(bench: Bench) -> None:
    bench.hold("250")
    bench.price(AAPL, "140")
    bench.restart()
    bench.market.open_session()
    bench.price(AAPL, "139")
    assert bench.desk.account().high_water_mark == 110_000


# ---- equity that cannot be believed ----


def test_a_position_without_a_price_makes_equity_unknown_and_says_so(bench: Bench) -> None:
    bench.hold("250")
    bench.market.lose(AAPL)
    bench.desk.tick()
    account = bench.desk.account()
    assert (account.equity, account.exposure, account.day_pnl, account.unpriced) == (None, None, None, (AAPL,))
    assert not bench.desk.status().halted
    entry = bench.buy("1", symbol=MSFT).order
    assert entry.reason == "equity_unknown"
    assert "AAPL" in (entry.message or "")
    assert bench.sell("250").order.status == "accepted"
    assert math.isnan(bench.sample(EQUITY))
    assert [p.equity for p in bench.desk.equity_points()] == [100_000]


@pytest.mark.parametrize("price", ["0", "-1", "1", "0.01", "100000"])
def test_one_impossible_price_neither_trips_nor_feeds_the_breaker(bench: Bench, price: str) -> None:
    bench.hold("250")
    bench.price(AAPL, price)
    bench.desk.tick()
    assert bench.desk.account().equity is None
    assert bench.buy("1", symbol=MSFT).order.reason == "equity_unknown"
    bench.price(AAPL, "101")
    status, account = bench.desk.status(), bench.desk.account()
    assert not status.halted
    assert account.high_water_mark == account.equity == 100_250


def test_a_first_price_of_zero_after_a_start_values_nothing(bench: Bench) -> None:
    bench.hold("250")
    bench.market.price(AAPL, "0")
    bench.restart()
    assert bench.desk.account().equity is None
    assert not bench.desk.status().halted


def test_a_crash_that_the_next_price_confirms_is_believed(bench: Bench) -> None:
    bench.hold("250")
    bench.price(AAPL, "20")
    assert not bench.desk.status().halted
    bench.price(AAPL, "19")
    assert bench.desk.status().reason == "daily_loss"


def test_the_worst_real_day_of_the_shipped_prices_is_believed_at_once(bench: Bench) -> None:
    """AAPL on 2000-09-29: 53.50 to 25.75, about -52 %."""
    bench.hold("250")
    bench.price(AAPL, "48.1")
    assert bench.desk.status().reason == "daily_loss"


# ---- failing closed ----


def break_database(engine: Engine) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    event.listen(engine, "before_cursor_execute", fail)
    return fail


def test_a_database_that_fails_counts_as_halted_and_sends_nothing(engine: Engine) -> None:
    broker = FakeBroker()
    bench = Bench(engine, broker=broker)
    fail = break_database(engine)
    status = bench.desk.status()
    assert (status.halted, status.reason, status.day_loss) == (True, "unreadable", None)
    assert "disk I/O error" in (status.note or "")
    with pytest.raises(DatabaseUnavailable):
        bench.desk.tick()
    assert bench.sample(TRADING_HALTED) == 1
    with pytest.raises(DatabaseUnavailable):
        bench.buy("1")
    assert broker.submitted == []
    event.remove(engine, "before_cursor_execute", fail)
    bench.desk.tick()
    assert bench.sample(TRADING_HALTED) == 0


def test_a_halt_holds_while_the_database_fails_and_is_kept_as_soon_as_it_works(bench: Bench) -> None:
    fail = break_database(bench.engine)
    status = bench.desk.halt("the disk is failing", "tester")
    assert (status.halted, status.reason, status.note) == (True, "manual", "the disk is failing")
    with pytest.raises(DatabaseUnavailable):
        bench.desk.resume("never mind", "tester")
    event.remove(bench.engine, "before_cursor_execute", fail)
    assert bench.buy("1").order.reason == "halted"
    bench.desk.tick()
    bench.restart()
    assert bench.desk.status().note == "the disk is failing"


def test_requests_that_hold_the_database_hold_up_neither_a_halt_nor_a_tick(engine: Engine) -> None:
    bench = Bench(engine)
    with ExitStack() as requests:
        for _ in range(REQUEST_CONNECTIONS):
            requests.enter_context(reading(engine)).execute(text("SELECT 1"))
        bench.desk.ping_database()
        assert bench.desk.halt("too many ask", "tester").reason == "manual"
        bench.desk.tick()
    bench.restart()
    assert bench.desk.status().note == "too many ask", "it was kept meanwhile"


def test_a_halt_that_comes_at_any_line_of_a_tick_stays_in_force(engine: Engine) -> None:
    """Stops the tick before each of its lines after the commit, and lets a halt come there that cannot be kept."""
    lines = 0
    while True:
        bench = Bench(engine)
        reached = tick_with_a_halt_before_line(bench, lines)
        if not reached:
            break
        assert bench.desk.status().halted, f"the halt that came before line {lines} is gone"
        assert bench.sample(TRADING_HALTED) == 1
        bench.desk.resume("the next line", "tester")
        lines += 1
    assert lines > 5


def tick_with_a_halt_before_line(bench: Bench, number: int) -> bool:
    """Whether the tick has so many lines; the halt comes from another thread, and may have to wait for the tick."""
    passed, fail = 0, None
    halts: list[Thread] = []

    def halt() -> None:
        bench.desk.halt("now", "tester")

    def traced(frame: FrameType, what: str, _: object) -> Any:
        nonlocal passed, fail
        code = frame.f_code
        if code.co_filename != breaker_monitor.__file__ or code.co_name not in ("after_commit", "_let_go"):
            return None
        if what == "line":
            if passed == number:
                fail = break_database(bench.engine)
                halts.append(Thread(target=halt))
                halts[0].start()
                halts[0].join(0.1)
            passed += 1
        return traced

    sys.settrace(traced)
    try:
        bench.desk.tick()
    finally:
        sys.settrace(None)
    for thread in halts:
        thread.join()
    if fail is not None:
        event.remove(bench.engine, "before_cursor_execute", fail)
    return bool(halts)


@pytest.mark.parametrize(
    "damage", ["DELETE FROM breaker_state", "UPDATE breaker_state SET halted = (1 = 1), reason = 'gremlins'"]
)
def test_state_that_cannot_be_read_counts_as_halted_until_someone_resumes(bench: Bench, damage: str) -> None:
    bench.hold("100")
    with writing(bench.engine) as connection:
        connection.execute(text(damage))
    assert (bench.desk.status().halted, bench.desk.status().reason) == (True, "unreadable")
    assert bench.buy("1").order.reason == "breaker_unreadable"
    assert bench.sell("1").order.status == "accepted"
    bench.desk.tick()
    assert bench.sample(TRADING_HALTED) == 1
    assert not bench.desk.resume("restored from the log", "boss").halted
    assert bench.buy("1").order.status == "accepted"


def test_a_halt_over_unreadable_state_is_kept(bench: Bench) -> None:
    with writing(bench.engine) as connection:
        connection.execute(text("DELETE FROM breaker_state"))
    assert bench.desk.halt("stop", "tester").reason == "manual"
    bench.restart()
    assert bench.desk.status().reason == "manual"


def test_a_silent_broker_does_not_blind_the_breaker(engine: Engine) -> None:
    broker = FakeBroker()
    bench = Bench(engine, broker=broker)
    order = bench.buy("250").order
    broker.fill(order, "250", "100", OrderStatus.FILLED)
    bench.desk.tick()
    bench.buy("1", symbol=MSFT)
    bench.market.price(AAPL, "50")
    broker.silent = True
    with pytest.raises(BrokerUnavailable):
        bench.desk.tick()
    assert bench.desk.status().reason == "daily_loss"


def test_a_halt_does_not_wait_for_a_slow_broker(engine: Engine) -> None:
    broker = FakeBroker()
    bench = Bench(engine, broker=broker)
    submit = broker.submit

    def halted_meanwhile(order: Order) -> BrokerOrder:
        assert bench.desk.halt("now", "tester").halted
        return submit(order)

    broker.submit = halted_meanwhile  # type: ignore[method-assign]
    bench.buy("1")
    assert bench.buy("1").order.reason == "halted"


def test_a_ledger_of_another_mode_is_refused(bench: Bench) -> None:
    bench.broker = FakeBroker()
    with pytest.raises(ForeignLedger, match="'paper' in mode 'replay'"):
        bench.restart()


def test_positions_in_many_symbols_are_all_counted(engine: Engine) -> None:
    bench = Bench(engine, market=FakeMarket(AAPL="100", MSFT="50", IBM="80"))
    for symbol in (AAPL, MSFT, Symbol("IBM")):
        bench.hold("100", symbol)
    for symbol, price in ((AAPL, "90"), (MSFT, "45"), (Symbol("IBM"), "65.01")):
        bench.price(symbol, price)
    assert not bench.desk.status().halted
    bench.price(Symbol("IBM"), "65")
    assert bench.desk.status().halted


def test_the_preview_of_a_halt_is_what_the_halt_then_does(bench: Bench) -> None:
    bench.hold("10")
    bench.buy("1", limit="1")
    bench.buy("2", limit="1", symbol=MSFT)
    bench.sell("5", limit="900")
    would = bench.desk.halt_preview()
    assert not bench.desk.status().halted
    assert [order.symbol for order in would.cancels] == [AAPL, MSFT]
    assert (len(would.keeps), would.positions) == (1, 1)

    bench.desk.halt("a test", "tester")
    bench.desk.tick()

    became = {order.id: order.status for order in bench.desk.orders().orders}
    assert {became[order.id] for order in would.cancels} == {OrderStatus.CANCELLED}
    assert [became[order.id] for order in would.keeps] == [OrderStatus.ACCEPTED]
    after = bench.desk.halt_preview()
    assert (after.halted, list(after.cancels)) == (True, [])
