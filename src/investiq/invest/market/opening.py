"""Makes the market that the configuration asks for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from investiq.foundation.config.schema import MarketConfig
from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry.metrics import Metrics
from investiq.invest.market.calendar import Session, TradingCalendar, xnys
from investiq.invest.market.clock import Clock, ReplayClock, WallClock
from investiq.invest.market.market import Market
from investiq.invest.market.provider import ObservedProvider, PriceProvider, Progress
from investiq.invest.market.providers.replay import ReplayProvider

__all__ = ["StartOutsideData", "first_session", "open_clock", "open_market", "open_provider"]

STATE_FILE = "replay.json"
PRICES_FOLDER = "prices"


class StartOutsideData(InvestIQError):
    """The replay should start where there are no prices."""

    reason = "start_outside_data"


def open_market(config: MarketConfig, data_dir: Path, metrics: Metrics | None = None) -> tuple[Market, Clock]:
    """The market of `config`, with the clock that drives it (a `ReplayClock` wants to be closed at the end).

    Args:
        data_dir: where a replay keeps its position, and the columns of files lie.
        metrics: counts and times the calls to the provider, when given.

    Raises:
        BadMarketData: there are no usable prices.
        StartOutsideData: the replay's start is not inside the data.
        StartMismatch: `data_dir` belongs to a replay with another start.
        ReplayStateError: the replay's position cannot be read or kept.
    """
    calendar = xnys()
    provider = open_provider(config, calendar, data_dir / PRICES_FOLDER)
    clock = open_clock(config, data_dir, provider, calendar)
    return Market(provider if metrics is None else ObservedProvider(provider, metrics), clock, calendar), clock


def open_provider(
    config: MarketConfig,
    calendar: TradingCalendar,
    cache: Path | None = None,
    progress: Progress | None = None,
    *,
    keep: bool = True,
) -> PriceProvider:
    """The source of prices that `config` names; knows its whole history (for training, which cuts by date itself).

    Args:
        cache: where the columns of files are kept for the next start; None to read every file.
        progress: called with the number of files read so far, and of those to be read.
        keep: False to leave the cache as it is.

    Raises:
        BadMarketData: the folder of the `files` provider is missing, empty, or holds no usable symbol.
    """
    match config.provider, config.folder:
        case "replay", _:
            return ReplayProvider()
        case "files", Path() as folder:
            from investiq.invest.market.providers.files import FilesProvider  # noqa: PLC0415  40 MB of pyarrow

            return FilesProvider(folder, calendar, cache, progress, keep=keep)
        case impossible:  # the configuration refuses "files" without a folder
            raise ValueError(f"no provider for {impossible}")


def open_clock(config: MarketConfig, data_dir: Path, provider: PriceProvider, calendar: TradingCalendar) -> Clock:
    """The clock that `config` names; a replay runs from its start to the last session of `provider`.

    Raises:
        StartOutsideData, StartMismatch, ReplayStateError: see `open_market`.
    """
    if config.clock == "wall":
        return WallClock()
    sessions = _replayed(config.start, provider, calendar)
    return ReplayClock(sessions, config.session_seconds, data_dir / STATE_FILE)


def first_session(start: date, provider: PriceProvider, calendar: TradingCalendar) -> date:
    """The session at which a replay from `start` begins: `start`, or the next session when it is a holiday.

    Raises:
        StartOutsideData: `start` lies before the first or after the last session of `provider`.
    """
    return _replayed(start, provider, calendar)[0].day


def _replayed(start: date, provider: PriceProvider, calendar: TradingCalendar) -> tuple[Session, ...]:
    first, last = _range(provider)
    sessions = tuple(calendar.sessions(start, last))
    if start < first or not sessions:
        raise StartOutsideData(
            f"market.start {start} is not inside the data of provider {provider.name!r}, which runs from {first} to "
            f"{last}: set market.start (or --from) to a day in between",
            first=first.isoformat(),
            last=last.isoformat(),
        )
    return sessions


def _range(provider: PriceProvider) -> tuple[date, date]:
    spans = [provider.span(symbol) for symbol in provider.symbols()]
    return min(first for first, _ in spans), max(last for _, last in spans)
