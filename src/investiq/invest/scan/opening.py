"""What a scan is made from: the configuration, the session, and everything else that its rows follow from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import numpy as np

from investiq import __version__
from investiq.foundation.config.paths import Paths
from investiq.foundation.config.schema import Config
from investiq.foundation.errors import InvestIQError
from investiq.invest.analysis.listing import UnknownSymbols
from investiq.invest.market.calendar import Session, TradingCalendar, xnys
from investiq.invest.market.clock import replay_now
from investiq.invest.market.opening import first_session, open_provider
from investiq.invest.market.price_cache import KeptColumns
from investiq.invest.market.provider import PriceProvider, Progress
from investiq.invest.market.types import Symbol
from investiq.invest.scan.chunk import Settings, SymbolData
from investiq.invest.signals.artifact import ModelMissing, ModelRefused, load
from investiq.invest.signals.model import Model

__all__ = ["NoSession", "Scan", "open_scan"]


class NoSession(InvestIQError):
    """There is no completed session with prices on the day that was asked for."""

    reason = "no_session"


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan that can be run.

    Attributes:
        session: the session at whose close everything is analysed.
        symbols: ascending.
        key: names everything that the rows follow from: those of one key are the same.
    """

    session: Session
    symbols: Sequence[Symbol]
    settings: Settings
    provider: PriceProvider
    key: str

    @property
    def model_version(self) -> str | None:
        """Of the signal model, None where there is none."""
        model = self.settings.model
        return model.card.model_version if isinstance(model, Model) else None

    def data_of(self, symbol: Symbol) -> SymbolData:
        """What another process needs to know of `symbol`."""
        as_of, provider = self.settings.as_of, self.provider
        headlines, fundamentals = provider.headlines(symbol), provider.fundamentals(symbol)
        return SymbolData(
            symbol,
            _place(provider, symbol) or provider.bars(symbol),
            headlines and [one for one in headlines if one.published_at <= as_of],
            fundamentals and [one for one in fundamentals if one.published_at <= as_of],
        )


def open_scan(
    config: Config,
    as_of: date | None = None,
    symbols: Sequence[Symbol] | None = None,
    progress: Progress | None = None,
) -> Scan:
    """The scan of `symbols`, or of all, at the close of the last session up to `as_of`, or of the newest that is over.

    Args:
        progress: called with the number of price files read so far, and of those to be read.

    Raises:
        NoSession: that session is not over yet, or there are no prices as early as that.
        UnknownSymbols: they have no prices by then.
        InvestIQError: the market data cannot be used, or the replay's position not be read.
    """
    calendar = xnys()
    provider = open_provider(config.market, calendar, Paths.of(config).prices, progress)
    session = _session(as_of, _now(config, provider, calendar), provider, calendar)
    known = [symbol for symbol in provider.symbols() if provider.span(symbol)[0] <= session.day]
    chosen = known if symbols is None else sorted(set(symbols))
    if unknown := sorted(set(chosen) - set(known)):
        raise UnknownSymbols(unknown)
    weights = {str(name): float(weight) for name, weight in config.analysis.weights.items()}
    settings = Settings(session.close, weights, _model(config))
    return Scan(session, chosen, settings, provider, _key(chosen, settings, provider))


def _now(config: Config, provider: PriceProvider, calendar: TradingCalendar) -> datetime:
    market = config.market
    if market.clock == "wall":
        return datetime.now(UTC)
    first, last = first_session(market.start, provider, calendar), _last_day(provider)
    return replay_now(calendar.sessions(first, last), market.session_seconds, Paths.of(config).replay_state)


def _session(as_of: date | None, now: datetime, provider: PriceProvider, calendar: TradingCalendar) -> Session:
    completed = calendar.completed(now)
    if as_of is None:
        return calendar.session(min(completed.day, _last_day(provider)))
    first = min(provider.span(symbol)[0] for symbol in provider.symbols())
    if as_of < first:
        raise NoSession(f"there are no prices on {as_of}: the first are of {first}", first=first.isoformat())
    session = calendar.latest(datetime.combine(as_of, time.max, UTC))
    if session.close > now:
        raise NoSession(
            f"not every session up to {as_of} is over: it is {now:%Y-%m-%d %H:%M} UTC in the market, and the newest "
            f"completed session is that of {completed.day}",
            newest=completed.day.isoformat(),
        )
    return session


def _last_day(provider: PriceProvider) -> date:
    return max(provider.span(symbol)[1] for symbol in provider.symbols())


def _model(config: Config) -> Model | str:
    try:
        return load(Paths.of(config).models)
    except (ModelMissing, ModelRefused) as error:
        return error.message


def _place(provider: PriceProvider, symbol: Symbol) -> KeptColumns | None:
    place: Callable[[Symbol], KeptColumns | None] | None = getattr(provider, "place", None)
    return place(symbol) if place is not None else None


# ---- what the rows follow from ----


def _key(symbols: Sequence[Symbol], settings: Settings, provider: PriceProvider) -> str:
    model = settings.model
    inputs = {
        "as_of": settings.as_of.isoformat(),
        "weights": settings.weights,
        "model": model.card.model_version if isinstance(model, Model) else f"none: {model}",
        "prices": {symbol: _content_of(provider, symbol) for symbol in symbols},
        "headlines": _published(provider.headlines(symbol) for symbol in symbols),
        "fundamentals": _published(provider.fundamentals(symbol) for symbol in symbols),
        "code": _code(),
        "numpy": np.__version__,
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:24]


def _content_of(provider: PriceProvider, symbol: Symbol) -> str:
    if place := _place(provider, symbol):
        return place.sha256
    digest = hashlib.sha256()
    for column in provider.bars(symbol).columns():
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _published(items: Iterable[Sequence[object] | None]) -> str:
    digest = hashlib.sha256()
    for each in items:
        digest.update(b"none" if each is None else "\n".join(map(_text, each)).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def _text(item: object) -> str:
    values = getattr(item, "values", None)
    return f"{item!r} {sorted(values.items())}" if isinstance(values, Mapping) else repr(item)


@cache
def _code() -> str:
    """The version of everything that computes: whoever changes an engine has no rows of the old one."""
    digest = hashlib.sha256(__version__.encode())
    for source in _sources(resources.files("investiq.invest")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _sources(folder: Traversable) -> Iterable[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _sources(entry)
        elif entry.name.endswith(".py"):
            yield entry
