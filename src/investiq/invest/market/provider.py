"""What a source of prices must answer, and how its calls are counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Protocol, TypeVar

from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.invest.market.columns import UnusedColumn
from investiq.invest.market.history import History
from investiq.invest.market.types import Fundamentals, Headline, Symbol

__all__ = ["BadMarketData", "ObservedProvider", "PriceProvider", "Progress", "UnknownSymbol", "nearest_symbols"]

Answer = TypeVar("Answer")

Progress = Callable[[int, int], None]
"""Called as `progress(done, total)`, in files that had to be read."""


class BadMarketData(InvestIQError):
    """A source of prices cannot be used as it stands: missing, empty, or wrong in a way that the message names."""

    reason = "bad_market_data"


class UnknownSymbol(InvestIQError):
    """No prices for this symbol (HTTP 404). `detail["suggestions"]` holds the nearest symbols that have some."""

    reason = "unknown_symbol"

    def __init__(self, symbol: str, suggestions: Sequence[Symbol] = ()) -> None:
        hint = f"; the nearest known: {', '.join(suggestions)}" if suggestions else ""
        super().__init__(f"no prices for {symbol}{hint}", symbol=symbol, suggestions=list(suggestions))


def nearest_symbols(text: str, known: Iterable[Symbol]) -> Sequence[Symbol]:
    """Three symbols of `known` most like `text`, best first; however far off, so that there is always a way on."""
    return [Symbol(match) for match in get_close_matches(text.strip().upper(), list(known), n=3, cutoff=0.0)]


class PriceProvider(Protocol):
    """A source of bars, and of headlines and fundamentals if it has them.

    A provider knows its whole history and hides nothing; only `Market` stands between it and the rest of the product,
    which must not see later than now. Training, which cuts by date itself, may use a provider directly.
    """

    @property
    def name(self) -> str:
        """How configuration calls it."""

    def symbols(self) -> Sequence[Symbol]:
        """Every symbol that it can serve, ascending."""

    def refused(self) -> Mapping[Symbol, Sequence[str]]:
        """Symbols whose data it found and will not serve, with each reason and its place (`AAPL.csv:17: ...`)."""

    def unused_columns(self) -> Sequence[UnusedColumn]:
        """Columns of its files that it does not read, and whose owner may think that it does."""

    def refresh(self) -> None:
        """Take over what has changed at the source since; for one thread, and never during a replay.

        Raises:
            BadMarketData: the source cannot be looked at; what was read before is served.
        """

    def rejected(self) -> Mapping[str, Sequence[str]]:
        """What has changed and is not taken over, since it is bad, with the reasons; what was read before is served."""

    def version(self) -> int:
        """Grows whenever any of its answers has changed."""

    def span(self, symbol: Symbol) -> tuple[date, date]:
        """The first and the last session of `bars`, without reading them where that takes time.

        Raises:
            UnknownSymbol: it does not serve `symbol`.
        """

    def bars(self, symbol: Symbol) -> History:
        """The whole history, ascending by session, never empty.

        Raises:
            UnknownSymbol: it does not serve `symbol`.
        """

    def headlines(self, symbol: Symbol) -> Sequence[Headline] | None:
        """All headlines about `symbol`, ascending by time of publication; None when it has no news for any symbol."""

    def fundamentals(self, symbol: Symbol) -> Sequence[Fundamentals] | None:
        """All figures of `symbol`, ascending by time of publication; None when it has none for any symbol."""


class ObservedProvider:
    """A provider whose calls are counted and timed."""

    def __init__(self, provider: PriceProvider, metrics: Metrics) -> None:
        self._provider = provider
        calls, durations = (
            metrics.counter(catalogue.PROVIDER_CALLS),
            metrics.histogram(catalogue.PROVIDER_CALL_DURATION),
        )
        # The child of a label set is looked up once: `.labels()` takes a lock on every call.
        self._count = {each: calls.labels(*each).inc for each in catalogue.PROVIDER_CALLS.known_label_sets()}
        self._time = {
            each: durations.labels(*each).observe for each in catalogue.PROVIDER_CALL_DURATION.known_label_sets()
        }

    @property
    def name(self) -> str:
        return self._provider.name

    def symbols(self) -> Sequence[Symbol]:
        return self._provider.symbols()

    def refused(self) -> Mapping[Symbol, Sequence[str]]:
        return self._provider.refused()

    def unused_columns(self) -> Sequence[UnusedColumn]:
        return self._provider.unused_columns()

    def refresh(self) -> None:
        self._provider.refresh()

    def rejected(self) -> Mapping[str, Sequence[str]]:
        return self._provider.rejected()

    def version(self) -> int:
        return self._provider.version()

    def span(self, symbol: Symbol) -> tuple[date, date]:
        return self._provider.span(symbol)

    def bars(self, symbol: Symbol) -> History:
        return self._observe("bars", self._provider.bars, symbol)

    def headlines(self, symbol: Symbol) -> Sequence[Headline] | None:
        return self._observe("headlines", self._provider.headlines, symbol)

    def fundamentals(self, symbol: Symbol) -> Sequence[Fundamentals] | None:
        return self._observe("fundamentals", self._provider.fundamentals, symbol)

    def _observe(self, operation: str, call: Callable[[Symbol], Answer], symbol: Symbol) -> Answer:
        outcome = "failed"
        started = time.perf_counter()
        try:
            answer = call(symbol)
            outcome = "ok"
        except UnknownSymbol:
            outcome = "ok"  # the provider did its work; the question was wrong
            raise
        finally:
            self._time[operation,](time.perf_counter() - started)
            self._count[operation, outcome]()
        return answer
