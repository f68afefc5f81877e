"""Numbers and times as people read them. What is missing is a dash, never a zero.

The API's decimals arrive as strings; they are rounded here for the eye and nowhere else.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

__all__ = [
    "MISSING",
    "age",
    "clock_time",
    "count",
    "cut",
    "day",
    "market_time",
    "minute",
    "money",
    "number",
    "percent",
    "price",
    "quantity",
    "signed",
    "signed_money",
    "tone",
    "total_return",
]

MISSING = "–"
MINUS = "−"
NEW_YORK = ZoneInfo("America/New_York")

Figure = str | float | int | Decimal | None


def _decimal(value: Figure) -> Decimal | None:
    try:
        figure = Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
    return figure if figure is not None and figure.is_finite() else None


def _fixed(value: Figure, digits: int, unit: str = "", suffix: str = "", *, plus: bool = False) -> str:
    figure = _decimal(value)
    if figure is None:
        return MISSING
    rounded = round(figure, digits)
    sign = MINUS if rounded < 0 else "+" if plus and rounded > 0 else ""
    return f"{sign}{unit}{abs(rounded):,.{digits}f}{suffix}"


def money(value: Figure, digits: int = 2) -> str:
    """`$12,345.60`"""
    return _fixed(value, digits, "$")


def signed_money(value: Figure) -> str:
    """`+$12.30`, `−$12.30`"""
    return _fixed(value, 2, "$", plus=True)


def price(value: Figure) -> str:
    """`24.75`; four decimals below a dollar."""
    figure = _decimal(value)
    return _fixed(figure, 4 if figure is not None and abs(figure) < 1 else 2)


def number(value: Figure, digits: int = 2) -> str:
    """`1,234.57`"""
    return _fixed(value, digits)


def signed(value: Figure, digits: int = 2) -> str:
    """`+0.86`"""
    return _fixed(value, digits, plus=True)


def cut(value: Figure, digits: int) -> Decimal | None:
    """The figure without what is beyond `digits` decimals: what has not reached a limit never looks as if it had."""
    figure = _decimal(value)
    return None if figure is None else figure.quantize(Decimal(1).scaleb(-digits), ROUND_DOWN)


def percent(value: Figure, digits: int = 0, *, plus: bool = False) -> str:
    """`70 %` from the fraction 0.7."""
    figure = _decimal(value)
    return _fixed(None if figure is None else figure * 100, digits, suffix="\u202f%", plus=plus)


def quantity(value: Figure) -> str:
    """Shares: `10`, `10.5`; no zeros at the end."""
    figure = _decimal(value)
    if figure is None:
        return MISSING
    text = f"{abs(figure):,.6f}".rstrip("0").rstrip(".")
    return f"{MINUS}{text}" if figure < 0 else text


def count(amount: int, one: str, many: str | None = None) -> str:
    """`1 order`, `3 orders`, `no orders`"""
    return f"{amount or 'no'} {one if amount == 1 else many or one + 's'}"


def tone(value: Figure, digits: int = 2) -> str:
    """The class of a gain, a loss, or neither, of a figure that is shown with so many digits: -0.001 shows as 0.00."""
    figure = _decimal(value)
    rounded = None if figure is None else round(figure, digits)
    if not rounded:
        return "tone-plain"
    return "tone-good" if rounded > 0 else "tone-bad"


def total_return(equity: Figure, start: Figure) -> Decimal | None:
    """equity / start - 1; None where either is not known."""
    now, then = _decimal(equity), _decimal(start)
    return None if now is None or not then else now / then - 1


def age(seconds: float | None) -> str:
    """`8 s`, `12 min`, `3.5 h`, `2 days`"""
    if seconds is None:
        return MISSING
    if seconds < 90:
        return f"{seconds:.0f}\u202fs"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f}\u202fmin"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f}\u202fh"
    return f"{seconds / 86400:.0f} days"


def market_time(iso: str | None) -> str:
    """`Wed 2 Jan 2008, 13:01` in New York, where the market is."""
    if not iso:
        return MISSING
    local = datetime.fromisoformat(iso).astimezone(NEW_YORK)
    return f"{local:%a} {local.day} {local:%b %Y}, {local:%H:%M}"


def day(iso: str | None) -> str:
    """`2 Jan 2008`"""
    if not iso:
        return MISSING
    moment = date.fromisoformat(iso[:10])
    return f"{moment.day} {moment:%b %Y}"


def clock_time(moment: datetime | str | None, now: datetime | None = None) -> str:
    """Real time in UTC: `11:20:05 UTC`, with the day when that is not today's, and its year when that is another."""
    if not moment:
        return MISSING
    when = (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(UTC)
    return f"{_day_unless_today(when, now)}{when:%H:%M:%S} UTC"


def minute(moment: datetime, now: datetime | None = None) -> str:
    """Real time in UTC, to the minute that has begun: `11:20 UTC`, with the day when that is not today's."""
    when = moment.astimezone(UTC)
    return f"{_day_unless_today(when, now)}{when:%H:%M} UTC"


def _day_unless_today(when: datetime, now: datetime | None) -> str:
    today = (now or datetime.now(UTC)).date()
    if when.date() == today:
        return ""
    return f"{when.day} {when:%b} " if when.year == today.year else f"{when.day} {when:%b} {when.year}, "
