"""The trading page: figures, tables, and the changes that a person may make."""

from __future__ import annotations

from typing import Any, cast

import httpx2
import pytest
from dash import no_update

from investiq.foundation.contract.api import TradingStatus
from investiq.serve.web.changes import Actor
from investiq.serve.web.elements import notice
from investiq.serve.web.header import header_content
from investiq.serve.web.pages.breaker import breaker_card, decide, enabled, preview
from investiq.serve.web.pages.order_ticket import Ticket, place
from investiq.serve.web.pages.row_actions import cancel
from investiq.serve.web.pages.trading import equity_content, layout, state_content, table_content
from investiq.serve.web.sources import Sources
from tests.serve.web.callbacks import named
from tests.serve.web.fakes import ACCOUNT, HALTED, STATUS, Stand, order, rows_of, text_of

MARKET_BUY = Ticket("AAPL", "buy", "10", "quantity", "market", None)


async def test_the_account_and_the_limits_are_shown(sources: Sources) -> None:
    figures, breaker = map(text_of, await state_content(sources))

    for expected in (
        "Equity $100,092.16",
        "Cash $95,024.28",
        "Unrealised −$2.50",
        "Realised +$92.16 after $6.45 commission",
        "5\u202f% of equity",
        "Total return +0.09\u202f% of $100,000.00 at the start",
    ):
        assert expected in figures
    assert "Entries and exits allowed." in breaker
    assert "Drawdown 0.36\u202f% below the all-time high" in figures
    assert "Drawdown" not in breaker  # after a resume it is another number
    assert "counted from $100,400.50" in breaker
    assert "0.40\u202f%  of 20.00\u202f% allowed" in breaker


async def test_a_limit_that_is_not_reached_does_not_look_reached(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/trading/status"] = STATUS | {"day_loss": "0.029999"}

    _, breaker = map(text_of, await state_content(sources))

    assert "2.99\u202f%  of 3.00\u202f% allowed" in breaker


async def test_what_a_missing_price_hides_is_a_dash_and_the_symbol_is_named(sources: Sources, stand: Stand) -> None:
    unpriced = {"equity": None, "exposure": None, "unrealised_pnl": None, "day_pnl": None, "unpriced": ["FB"]}
    stand.api.documents["/api/account"] = ACCOUNT | unpriced

    figures, _ = map(text_of, await state_content(sources))

    assert "Equity – no price: FB" in figures
    assert "In positions –" in figures


async def test_a_halt_shows_reason_note_person_and_both_times(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/trading/status"] = HALTED

    _, breaker = map(text_of, await state_content(sources))

    assert "Why halted manually Note a price that seems wrong By local admin" in breaker
    assert "Wed 9 Jan 2008, 10:00 New York (market time)" in breaker
    assert "10:00:00 UTC (real time)" in breaker


async def test_orders_keep_their_order_and_say_why_they_were_denied(sources: Sources) -> None:
    _, _, orders, missing = await table_content(sources, may_trade=False)

    first, second = rows_of(orders)
    assert missing is None
    assert (first["Status"], first["Why"], first["Asked"]) == ("Denied", "trading is halted", "$5,000.00")
    assert (second["Status"], second["Asked"], second["Filled"]) == ("Accepted", "10 sh.", "")


async def test_what_was_sold_out_comes_last_with_what_it_brought(sources: Sources) -> None:
    positions, *_ = await table_content(sources, may_trade=False)

    rows = rows_of(positions)
    assert [(row["Symbol"], row["Shares"]) for row in rows] == [("AAPL", "296.6936"), ("IBM", "closed")]
    assert [row["Realised"] for row in rows] == ["−$3.00", "+$95.16"]
    assert "+$98.61 before $3.45 commission" in str(positions)


async def test_only_who_may_trade_finds_buttons_and_only_where_they_do_something(
    sources: Sources, stand: Stand
) -> None:
    positions, _, orders, _ = await table_content(sources, may_trade=True)
    held, sold_out = rows_of(positions)
    denied, accepted = rows_of(orders)
    assert (held[""], sold_out[""], accepted[""], denied[""]) == ("Sell…", "", "Cancel", "")

    for table in (await table_content(sources, may_trade=False))[::2]:
        assert all("" not in row for row in rows_of(table))


async def test_an_open_order_is_cancelled_from_its_row(sources: Sources, actor: Actor, stand: Stand) -> None:
    stand.api.posts["/api/trades/o1"] = (200, order(status="cancelled"))
    said = await cancel(sources, actor, "o1")
    assert text_of(said) == "Cancelled Buy AAPL, order o1."
    assert stand.api.changes[0][0] == "/api/trades/o1"


async def test_an_order_that_filled_meanwhile_says_so(sources: Sources, actor: Actor, stand: Stand) -> None:
    refusal = {"reason": "order_not_open", "detail": "order o1 is filled: only an open order can be cancelled"}
    stand.api.posts["/api/trades/o1"] = (409, refusal)
    said = await cancel(sources, actor, "o1")
    assert "Not cancelled order o1 is filled: only an open order can be cancelled" in text_of(said)


async def test_tables_without_an_answer_say_so(sources: Sources, stand: Stand) -> None:
    stand.api.down = True

    rows, positions, orders, why = await table_content(sources, may_trade=False)

    assert rows is no_update
    assert orders is no_update
    assert "Positions: API server has not answered" in text_of(positions)
    assert "Orders: API server has not answered" in text_of(why)


async def test_the_equity_curve_is_sent_again_only_when_it_has_grown(sources: Sources, stand: Stand) -> None:
    series, _, shown, _ = await equity_content(sources, None)
    again = await equity_content(sources, shown)
    stand.api.documents["/api/account/equity"]["points"] = []
    sources.equity.forget()
    *_, nothing = await equity_content(sources, shown)

    assert [line["id"] for line in series] == ["equity", "drawdown"]
    assert again[0] is no_update
    assert "No equity yet" in text_of(nothing)


async def test_the_preview_of_a_halt_says_what_the_desk_would_do(sources: Sources, stand: Stand) -> None:
    text = text_of(await preview(sources, "halt"))
    assert "All new entries are denied" in text
    assert "1 open buy order is cancelled : 10 shares of AAPL." in text
    assert "1 open position stays and can be sold." in text
    assert "may fill" not in text

    sources.forget_trading()
    sale = order(side="sell", symbol="IBM")
    stand.api.documents["/api/trading/halt"] = {"halted": False, "cancels": [], "keeps": [sale] * 7, "positions": 0}
    text = text_of(await preview(sources, "halt"))
    assert "No open buy orders." in text
    assert "7 open sell orders are kept and may fill: 10 shares of IBM" in text
    assert "and 2 more." in text
    assert "No open positions." in text


async def test_the_preview_of_a_resume_says_why_it_was_halted(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/trading/status"] = HALTED | {"reason": "daily_loss"}

    text = text_of(await preview(sources, "resume"))

    assert "session loss limit reached" in text
    assert "both limits restart from current equity" in text


@pytest.mark.parametrize("state", ["lost", "awaited"])
async def test_the_preview_of_a_resume_says_that_it_will_be_refused_while_the_monitoring_is_not_heard(
    sources: Sources, stand: Stand, state: str
) -> None:
    monitoring = HALTED["monitoring"] | {"heartbeat": state, "note": "the last heartbeat of the monitoring is 95 s old"}
    stand.api.documents["/api/trading/status"] = HALTED | {"reason": "monitoring_lost", "monitoring": monitoring}

    text = text_of(await preview(sources, "resume"))

    assert "no heartbeat from the monitoring" in text
    assert "This will be refused" in text
    assert "95 s old" in text
    assert "allowed again at once" not in text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("fresh", "Heard , 4\u202fs old"),
        ("lost", "Lost , 4\u202fs old"),
        ("awaited", "Waiting for the first heartbeat"),
        ("not_required", "Not required: trading may be unmonitored"),
    ],
)
def test_the_breaker_shows_whether_the_monitoring_is_heard(state: str, words: str) -> None:
    monitoring = STATUS["monitoring"] | {"heartbeat": state}
    card = text_of(breaker_card(cast(TradingStatus, STATUS | {"monitoring": monitoring})))

    assert f"Monitoring heartbeat {words}" in card


async def test_a_preview_without_the_api_invents_no_number(sources: Sources, stand: Stand) -> None:
    stand.api.down = True

    text = text_of(await preview(sources, "halt"))
    assert "Their number is unknown" in text
    assert "Open buy orders are cancelled" in text


@pytest.mark.parametrize("change", ["halt", "resume"])
async def test_a_change_is_sent_with_its_reason_and_shown_at_once(
    sources: Sources, actor: Actor, stand: Stand, change: Any
) -> None:
    stand.api.posts[f"/api/trading/{change}"] = (200, HALTED)
    await sources.status()
    stand.api.documents["/api/trading/status"] = HALTED

    opened, failure, changed = await decide(sources, actor, change, "  a price that seems wrong ")

    assert (opened, failure) == (False, None)
    assert changed is not no_update
    assert [(path, body) for path, body, _ in stand.api.changes] == [
        (f"/api/trading/{change}", {"reason": "a price that seems wrong"})
    ]
    assert "Halted" in text_of((await state_content(sources))[1])


@pytest.mark.parametrize("reason", ["", "  ", "no"])
async def test_without_a_reason_nothing_is_sent(sources: Sources, actor: Actor, stand: Stand, reason: str) -> None:
    opened, failure, _ = await decide(sources, actor, "halt", reason)

    assert opened
    assert "Say why" in text_of(failure)
    assert stand.api.changes == []


async def test_a_change_that_fails_keeps_the_dialogue_and_says_so(sources: Sources, actor: Actor, stand: Stand) -> None:
    stand.api.posts["/api/trading/resume"] = (
        403,
        {"reason": "insufficient_scope", "detail": "this needs admin access"},
    )

    opened, failure, changed = await decide(sources, actor, "resume", "found the cause")

    assert opened
    assert changed is no_update
    assert "Failed this needs admin access" in text_of(failure)


async def test_an_order_is_sent_with_the_key_of_the_form(sources: Sources, actor: Actor, stand: Stand) -> None:
    stand.api.posts["/api/trades"] = (201, order())

    answer, next_key, _ = await place(sources, actor, "key-1", MARKET_BUY)

    (_, body, headers) = stand.api.changes[0]
    assert body == {"symbol": "AAPL", "side": "buy", "order_type": "market", "quantity": "10"}
    assert headers["idempotency-key"] == "key-1"
    assert next_key not in ("key-1", no_update)
    assert text_of(answer) == (
        "Accepted Buy 10 shares of AAPL, at the market. Fills at the next price. "
        "Wed 9 Jan 2008, 11:30 New York. Order o1"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"limit_price": "17.50"}, "limit 17.50. Fills when the price is 17.50 or lower, after costs."),
        (
            {"limit_price": "17.50", "side": "sell"},
            "limit 17.50. Fills when the price is 17.50 or higher, after costs.",
        ),
        (
            {"status": "filled", "filled_quantity": "10", "average_price": "24.75"},
            "Filled Buy 10 shares of AAPL, at the market. 10 shares filled at 24.75.",
        ),
        ({"status": "unknown"}, "Unknown Buy 10 shares of AAPL, at the market. The broker has not answered"),
        ({"status": "rejected", "message": "the money is not there"}, "the money is not there"),
    ],
)
async def test_an_order_is_acknowledged_as_what_it_is(
    sources: Sources, actor: Actor, stand: Stand, changes: dict[str, Any], words: str
) -> None:
    stand.api.posts["/api/trades"] = (201, order(**changes))

    answer, *_ = await place(sources, actor, "k", MARKET_BUY)

    assert words in text_of(answer)
    assert "Order o1" in text_of(answer)


async def test_an_order_in_dollars_with_a_limit(sources: Sources, actor: Actor, stand: Stand) -> None:
    stand.api.posts["/api/trades"] = (201, order(notional="5000", quantity=None))

    await place(sources, actor, "k", Ticket("AAPL", "sell", "5,000", "notional", "limit", "17.5"))

    expected = {"symbol": "AAPL", "side": "sell", "order_type": "limit", "notional": "5000", "limit_price": "17.5"}
    assert stand.api.changes[0][1] == expected


async def test_a_denied_order_says_which_rule(sources: Sources, actor: Actor, stand: Stand) -> None:
    denied = order(status="denied", reason="halted", message="trading is halted (manual)")
    problem = {"reason": "order_denied", "denial": "halted", "order": denied, "detail": "denied"}
    stand.api.posts["/api/trades"] = (409, problem)

    answer, *_ = await place(sources, actor, "k", MARKET_BUY)

    assert "Denied Buy 10 shares of AAPL, at the market: trading is halted (manual)" in text_of(answer)


async def test_after_a_doubt_the_key_stays_so_that_sending_again_is_the_same_order(
    sources: Sources, actor: Actor, stand: Stand
) -> None:
    stand.api.down = True

    answer, next_key, changed = await place(sources, actor, "k", MARKET_BUY)

    assert next_key is no_update
    assert changed is no_update
    assert "cannot" in text_of(answer)


@pytest.mark.parametrize(
    "ticket",
    [
        MARKET_BUY._replace(symbol=None),
        MARKET_BUY._replace(amount=None),
        MARKET_BUY._replace(amount=""),
        MARKET_BUY._replace(amount=10),
        MARKET_BUY._replace(amount="0"),
        MARKET_BUY._replace(amount="-5"),
        MARKET_BUY._replace(amount="NaN"),
        MARKET_BUY._replace(amount="1e5"),
        MARKET_BUY._replace(amount="10,5"),
        MARKET_BUY._replace(type="limit", limit="1_0"),
        MARKET_BUY._replace(type="limit"),
        MARKET_BUY._replace(side="steal"),
    ],
)
async def test_an_incomplete_form_is_not_sent(sources: Sources, actor: Actor, stand: Stand, ticket: Ticket) -> None:
    await place(sources, actor, "k", ticket)

    assert ticket.fault()
    assert stand.api.changes == []


def test_the_form_says_under_the_field_what_a_number_may_have_meant() -> None:
    typed = MARKET_BUY._replace(amount="10,5", type="limit", limit="1e5")

    assert typed.field_faults() == (
        "'10,5' may mean two numbers: write 10.5 or 105",
        "'1e5' is not a plain number: write 100000",
    )
    assert typed._replace(amount="", type="market").field_faults() == (None, None)


async def test_the_ticket_that_was_sent_again_after_a_log_in_is_the_same_order(console: httpx2.AsyncClient) -> None:
    """Its key is made anew when the form changes, and for nothing else."""
    check = await named(console, "ticket-amount")
    assert {one["id"] for one in check["inputs"]} == {f"ticket-{field}" for field in Ticket._fields}


async def test_what_the_desk_names_to_type_stands_nowhere_between_backticks(sources: Sources, stand: Stand) -> None:
    note = "none came; `investiq status` shows whether Prometheus runs"
    monitoring = HALTED["monitoring"] | {"heartbeat": "lost", "note": note}
    stand.api.documents["/api/trading/status"] = HALTED | {"note": note, "monitoring": monitoring}
    stand.api.documents["/api/trades"] = {"orders": [order(message=note)], "next_cursor": None}

    shown = [
        *await header_content(sources),
        *await state_content(sources),
        await preview(sources, "resume"),
        notice("Denied", [note], "red"),
        (await table_content(sources, may_trade=True))[2],
    ]

    assert "investiq status" in str(shown)
    assert "`" not in str(shown)


def test_what_is_pressed_or_chosen_has_a_name() -> None:
    """A label beside a radio group names it for the eye only."""
    drawn = str(layout())

    for name in ("Side", "Shares or dollars", "Type"):
        assert f"aria-label='{name}'" in drawn
    assert "closeButtonProps={'aria-label': 'Close without changes'}" in drawn


@pytest.mark.parametrize(
    ("halted", "session", "halt", "resume", "says"),
    [
        (False, {}, False, False, "Log in to halt trading."),
        (False, {"name": "alice", "scope": "trade"}, True, False, ""),
        (
            True,
            {"name": "alice", "scope": "trade"},
            False,
            False,
            "alice may trade, not resume trading: that",
        ),
        (True, {"name": "alice", "scope": "admin"}, False, True, ""),
        (
            False,
            {"name": "bob", "scope": "read"},
            False,
            False,
            "bob may read, not halt trading: that",
        ),
        (False, None, False, False, ""),
    ],
)
def test_halt_and_resume_live_for_who_may(*, halted: bool, session: Any, halt: bool, resume: bool, says: str) -> None:
    halt_dead, resume_dead, why = enabled(cast(TradingStatus, HALTED if halted else STATUS), session)
    assert (not halt_dead, not resume_dead) == (halt, resume)
    assert " ".join(text_of(why).split()).startswith(says)
    assert bool(text_of(why)) == bool(says)
