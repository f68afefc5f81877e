"""What the ticket says an order would do, before it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from investiq.serve.web.changes import Actor
from investiq.serve.web.pages.order_preview import would_do
from investiq.serve.web.pages.order_ticket import Ticket
from tests.serve.web.fakes import WOULD, Stand, text_of

BUY = Ticket("AAPL", "buy", "10", "quantity", "market", "").order()


async def said(actor: Actor, stand: Stand, **changes: Any) -> str:
    stand.api.posts["/api/trades"] = (200, WOULD | changes)
    return " ".join(text_of(await would_do(actor, BUY)).split())


async def test_it_asks_for_a_dry_run(actor: Actor, stand: Stand) -> None:
    await said(actor, stand)
    assert stand.api.asked == ["/api/trades?dry_run=true"]


async def test_it_says_what_the_order_costs_and_leaves(actor: Actor, stand: Stand) -> None:
    assert await said(actor, stand) == (
        "Last price 24.75 Wed 9 Jan 2008, 09:30 Estimated cost $248.53 with $1.00 commission "
        "Buying power $95,024.28 → $94,775.75 Position 0 → 10 shares"
    )


async def test_it_says_first_what_would_deny_it(actor: Actor, stand: Stand) -> None:
    words = await said(actor, stand, denial="halted", message="trading is halted (manual)")
    assert words.startswith("Would be denied: trading is halted (manual) Last price")


async def test_a_sale_brings(actor: Actor, stand: Stand) -> None:
    assert "Estimated proceeds $246.47" in await said(actor, stand, side="sell", cost="-246.4700")


async def test_without_a_price_nothing_is_guessed(actor: Actor, stand: Stand) -> None:
    unknown = dict.fromkeys(("last_price", "last_price_at", "price", "cost", "buying_power_after", "position_after"))
    words = await said(actor, stand, **unknown, denial="no_price", message="there is no usable price of AAPL")
    assert words == "Would be denied: there is no usable price of AAPL"


@pytest.mark.parametrize(("down", "words"), [(True, ""), (False, "unknown symbol XX")])
async def test_a_refusal_is_told_and_an_outage_is_left_to_the_header(
    actor: Actor, stand: Stand, down: bool, words: str
) -> None:
    stand.api.down = down
    stand.api.posts["/api/trades"] = (422, {"reason": "unknown_symbol", "detail": "unknown symbol XX", "status": 422})
    assert text_of(await would_do(actor, BUY)) == words
