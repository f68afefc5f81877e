"""The pages of orders and of halts: the address says what they show."""

from __future__ import annotations

from typing import Any, cast

from investiq.serve.web.pages import halts, orders
from investiq.serve.web.permission import Person
from investiq.serve.web.sources import Sources
from tests.serve.web.fakes import Stand, order, rows_of, text_of

TRADER = cast(Person, {"name": "alice", "scope": "trade", "until": "later"})
HALT = {
    "id": 7,
    "event": "halt",
    "reason": "daily_loss",
    "note": "the session's loss reached 3 %",
    "by": "breaker",
    "at": "2008-01-09T15:00:00Z",
    "wall": "2026-01-02T10:00:00Z",
    "equity": "96950.0000",
    "day_loss": "0.0305",
    "drawdown": "0.0412",
}


def found(drawn: Any, kind: str) -> list[Any]:
    """Components of a kind, in the order of the page."""
    children = getattr(drawn, "children", None)
    below = children if isinstance(children, list | tuple) else [children]
    here = [drawn] if type(drawn).__name__ == kind else []
    return here + [each for child in below if child is not None for each in found(child, kind)]


async def test_the_address_says_which_orders_are_shown(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/trades"] = {"orders": [order()], "next_cursor": "41"}
    query = "?symbol=AAPL&side=buy&status=accepted&by=agent&from=2008-01-02&to=2008-01-31&before=50&odd=1"
    page = await orders.layout(sources, query, None)
    asked = next(path for path in stand.api.asked if path.startswith("/api/trades"))
    assert asked == (
        "/api/trades?limit=50&cursor=50&symbol=AAPL&side=buy&status=accepted&by=agent&from=2008-01-02&to=2008-01-31"
    )
    newest, older = (link.href for link in found(page, "Nav")[-1].children)
    assert "before" not in newest
    assert older.endswith("to=2008-01-31&before=41")
    chosen = [option.value for option in found(page, "Option") if getattr(option, "selected", False)]
    assert chosen == ["buy", "accepted"]
    assert {field.name: field.value for field in found(page, "Input")}["from"] == "2008-01-02"


async def test_who_may_trade_cancels_from_here_too(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/trades"] = {"orders": [order()], "next_cursor": None}
    (table,) = found(await orders.layout(sources, "", TRADER), "Table")
    assert [row[""] for row in rows_of(table)] == ["Cancel"]
    (table,) = found(await orders.layout(sources, "", None), "Table")
    assert "" not in rows_of(table)[0]


async def test_no_order_that_fits_is_not_no_orders(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/trades"] = {"orders": [], "next_cursor": None}
    assert "No matching orders" in text_of(await orders.layout(sources, "?side=sell", None))
    assert "No orders yet" in text_of(await orders.layout(sources, "", None))


async def test_what_the_api_refuses_or_does_not_answer_is_said(sources: Sources, stand: Stand) -> None:
    stand.api.down = True
    for page in (await orders.layout(sources, "?side=sell", None), await halts.layout(sources, "")):
        assert "not available" in text_of(page)


async def test_each_halt_says_who_why_and_at_what_equity(sources: Sources, stand: Stand) -> None:
    resume = HALT | {"id": 8, "event": "resume", "reason": None, "note": "explained", "by": "ana"}
    stand.api.documents["/api/trading/halts"] = {"events": [resume, HALT], "next_cursor": "7"}
    page = await halts.layout(sources, "?before=9")
    resumed, halted = rows_of(found(page, "Table")[0])
    assert (resumed["What"], resumed["Why"], resumed["Note"], resumed["By"]) == ("Resumed", "", "explained", "ana")
    assert (halted["What"], halted["Equity"], halted["Session loss"]) == ("Halted", "$96,950.00", "3.05\u202f%")
    assert halted["Why"] != "daily_loss"
    assert "before=7" in str(page)


async def test_a_system_that_never_halted_says_so(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/trading/halts"] = {"events": [], "next_cursor": None}
    assert "No halts so far" in text_of(await halts.layout(sources, ""))
