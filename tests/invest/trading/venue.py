"""A venue in memory, for the broker that others are copied from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from investiq.invest.trading.brokers._template import VenueFill, VenueOrder, VenueTimeout
from tests.invest.trading.fakes import START


class MemoryVenue:
    """Keeps orders; open ones fill when the test lets them. `silent` makes it time out, after it did what was asked."""

    def __init__(self) -> None:
        self._orders: dict[str, VenueOrder] = {}
        self._quantities: dict[str, str] = {}
        self.silent = False

    def post_order(self, client_id: str, symbol: str, side: str, quantity: str, limit: str | None) -> VenueOrder:
        self._quantities.setdefault(client_id, quantity)
        placed = self._orders.setdefault(client_id, VenueOrder(f"v-{client_id}", client_id, "new"))
        self._answer()
        return placed

    def order(self, client_id: str) -> VenueOrder | None:
        self._answer()
        return self._orders.get(client_id)

    def orders(self, client_ids: Sequence[str]) -> Sequence[VenueOrder]:
        self._answer()
        return [self._orders[client_id] for client_id in client_ids if client_id in self._orders]

    def delete_order(self, client_id: str) -> VenueOrder | None:
        self._answer()
        found = self._orders.get(client_id)
        if found is not None and found.state == "new":
            found = self._orders[client_id] = replace(found, state="cancelled")
        return found

    def account(self) -> tuple[str, Mapping[str, str]]:
        self._answer()
        return "100000", {}

    def fill(self) -> None:
        for client_id, order in self._orders.items():
            if order.state == "new":
                fill = VenueFill("1", self._quantities[client_id], "100", "0", START)
                self._orders[client_id] = replace(order, state="done", fills=(fill,))

    def say(self, client_id: str, state: str) -> None:
        """A word about an order that no documentation knows."""
        self._orders[client_id] = replace(self._orders[client_id], state=state)

    def _answer(self) -> None:
        if self.silent:
            raise VenueTimeout
