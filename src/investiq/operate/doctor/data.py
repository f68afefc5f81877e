"""Are the prices whole: every session of the exchange, every symbol, and the replay inside them?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from investiq.foundation.config import Config, Paths
from investiq.foundation.errors import InvestIQError
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.invest.market.kept_start import kept_start
from investiq.operate.doctor.installation import Installation

if TYPE_CHECKING:
    from investiq.invest.market.calendar import TradingCalendar
    from investiq.invest.market.provider import PriceProvider

__all__ = ["check"]

CHECK = "data"

_REPLAY = Place(PlaceKind.SETTING, "replay")

_SHOWN_DAYS = 3
_SHOWN_FILES = 3


def check(installation: Installation) -> CheckResult:
    """Read the configured prices as the API does, and hold them against the calendar. Nothing needs to run."""
    from investiq.invest.market.calendar import xnys  # noqa: PLC0415  pandas: only when this check runs
    from investiq.invest.market.opening import open_provider  # noqa: PLC0415

    config, calendar = installation.config, xnys()
    try:
        provider = open_provider(config.market, calendar, Paths.of(config).prices, keep=False)
    except InvestIQError as error:
        fix = 'set market.folder to a folder of bars in the form that is shown, or market.provider to "replay"'
        place = Place.file(config.market.folder or "market.folder")
        return CheckResult(CHECK, "no prices", (Finding(CHECK, place, error.message, fix),))
    findings = [
        *_refused(provider),
        *_gaps(provider, calendar),
        *_nearly_named(config, provider),
        *_outside(config, provider, calendar),
    ]
    histories = [provider.bars(symbol) for symbol in provider.symbols()]
    seen = f"{len(histories)} symbols, {sum(map(len, histories))} bars without a gap against {calendar.name}"
    return CheckResult(CHECK, seen, tuple(findings), tuple(_unasked(provider)))


def _refused(provider: PriceProvider) -> Iterator[Finding]:
    for symbol, reasons in provider.refused().items():
        further = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        fix = f"mend that row of the file, or take the file of {symbol} away"
        why = "it can be neither analysed nor traded"
        yield Finding(CHECK, Place(PlaceKind.SYMBOL, symbol), f"refused: {reasons[0]}{further}", fix, why)


def _gaps(provider: PriceProvider, calendar: TradingCalendar) -> Iterator[Finding]:
    for symbol in provider.symbols():
        missing = calendar.missing(provider.bars(symbol).sessions.tolist())
        if missing:
            what = f"lacks {len(missing)} of its sessions: {_days(missing)}"
            fix = f"add the bars of those days to the file of {symbol}, or take the file away"
            why = "over a gap, averages and returns are wrong"
            yield Finding(CHECK, Place(PlaceKind.SYMBOL, symbol), what, fix, why)


def _nearly_named(config: Config, provider: PriceProvider) -> Iterator[Finding]:
    """Columns that are not read, and look as if they were; each once, however many files have it."""
    files: dict[tuple[str, str], list[str]] = {}
    for column in provider.unused_columns():
        if column.like:
            files.setdefault((column.name, column.like), []).append(column.file)
    for (name, like), having in files.items():
        more = len(having) - _SHOWN_FILES
        shown = ", ".join(having[:_SHOWN_FILES]) + (f" and {more} more" if more > 0 else "")
        fix = f"call it {like} if that is what it holds; if not, leave it out"
        why = "what is not read changes no price and no analysis"
        what = f"column {name!r} of {shown} is not used"
        yield Finding(CHECK, Place.file(config.market.folder or ""), what, fix, why, FindingSeverity.WARNING)


def _unasked(provider: PriceProvider) -> Iterator[str]:
    for column in provider.unused_columns():
        if not column.like:
            yield f"no engine asks for column {column.name!r} of {column.file}"


def _days(days: Sequence[date]) -> str:
    return ", ".join(map(str, days[:_SHOWN_DAYS])) + (", …" if len(days) > _SHOWN_DAYS else "")


def _outside(config: Config, provider: PriceProvider, calendar: TradingCalendar) -> Iterator[Finding]:
    if config.market.clock == "wall":
        yield from _late(provider, calendar)
        return
    from investiq.invest.market.opening import first_session  # noqa: PLC0415

    try:
        first = first_session(config.market.start, provider, calendar)
        kept = kept_start(config)
    except InvestIQError as error:
        fix = "`investiq up --fresh --from DAY`, with a day inside the prices"
        yield Finding(CHECK, _REPLAY, error.message, fix)
        return
    if kept is not None and kept != first:
        what = f"the data here belongs to a replay from {kept}, and market.start says {config.market.start}"
        fix = f"set market.start to {kept}, or begin anew: `investiq up --fresh`"
        yield Finding(CHECK, _REPLAY, what, fix, "the API refuses to start with it")


def _late(provider: PriceProvider, calendar: TradingCalendar) -> Iterator[Finding]:
    """By the time of day, prices must reach the last session that is over."""
    now = datetime.now(UTC)
    for symbol in provider.symbols():
        _first, last = provider.span(symbol)
        lacking = [session.day for session in calendar.sessions(last, now.date()) if session.close <= now][1:]
        if lacking:
            what = f"its prices end on {last}, {len(lacking)} sessions ago"
            fix = f"add the bars from {lacking[0]} to {lacking[-1]} to the file of {symbol}"
            why = "analyses are of that day, and at prices so old no entry is taken"
            yield Finding(CHECK, Place(PlaceKind.SYMBOL, symbol), what, fix, why)
