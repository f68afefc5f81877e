"""The listing of the symbols as JSON: each page is written once between two prices, however often it is asked for."""

from __future__ import annotations

import threading
from typing import Final

from pydantic import TypeAdapter

from investiq.foundation.contract import api
from investiq.invest.market.market import Market, SymbolState
from investiq.invest.market.market_step import MarketStep
from investiq.invest.market.types import Symbol
from investiq.serve.api.documents import document

__all__ = ["SymbolPages"]

_MOST_KEPT: Final = 32
_ADAPTER: Final = TypeAdapter(api.Symbols)


class SymbolPages:
    """Pages of what can be analysed and traded; several threads may ask."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._lock = threading.Lock()
        self._step: MarketStep | None = None
        self._pages: dict[tuple[Symbol | None, int | None], bytes] = {}

    def page(self, after: Symbol | None, limit: int | None) -> bytes:
        """The first `limit` of the symbols behind `after`; without them, all."""
        _, step = self._market.moment()
        with self._lock:
            found = self._pages.get((after, limit)) if step == self._step else None
        if found is None:
            found = _ADAPTER.dump_json(self._document(after, limit))
            if self._market.moment()[1] == step:  # otherwise it may be of two steps
                self._keep(step, (after, limit), found)
        return found

    def _keep(self, step: MarketStep, key: tuple[Symbol | None, int | None], page: bytes) -> None:
        with self._lock:
            if step != self._step or len(self._pages) >= _MOST_KEPT:
                self._step, self._pages = step, {}
            self._pages[key] = page

    def _document(self, after: Symbol | None, limit: int | None) -> api.Symbols:
        states = self._market.overview(after=after, limit=None if limit is None else limit + 1)
        further = states[limit - 1].symbol if limit is not None and len(states) > limit else None
        refused = sorted(self._market.refused().items()) if after is None else ()
        return api.Symbols(
            symbols=[_summary(state) for state in states[:limit]],
            refused=[api.RefusedSymbol(symbol=symbol, reasons=list(reasons)) for symbol, reasons in refused],
            next_cursor=further,
        )


def _summary(state: SymbolState) -> api.SymbolSummary:
    return document(api.SymbolSummary, state, last_price=state.quote.price, last_price_at=state.quote.at)
