"""Values with their units, as panels name them: for people, and for the axis of a chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from investiq.foundation import figures as fmt
from investiq.foundation.contract.panels import PanelUnit

__all__ = ["UnitFormat", "unit_named"]

NARROW = "\u202f"


@dataclass(frozen=True, slots=True)
class UnitFormat:
    """How values of a unit are written.

    Attributes:
        written: a value, for people.
        axis: the function of assets/charts.js that writes it at an axis.
        least_top: how far up an axis from zero goes at least, so that nothing next to nothing does not look like much.
        least_step: the smallest difference that an axis shows.
    """

    written: Callable[[float], str]
    axis: str
    least_top: float = 1.0
    least_step: float = 0.001


def unit_named(name: str) -> UnitFormat:
    """The unit that a panel names; one that is not known here is a plain number."""
    return _UNITS.get(name, _UNITS[PanelUnit.STATE])


def _figure(value: float) -> str:
    """Three figures that count: `1,234`, `12.3`, `0.0123`; nothing smaller than a ten thousandth."""
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3 if size >= 0.01 else 4
    text = fmt.number(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scaled(value: float, base: float, prefixes: tuple[str, ...]) -> str:
    """The figure with the prefix that fits, after a narrow space: `12.3 k`."""
    place = 0
    while abs(value) >= base and place < len(prefixes) - 1:
        value, place = value / base, place + 1
    return f"{_figure(value)}{NARROW}{prefixes[place]}".rstrip(NARROW)


def _count(value: float) -> str:
    return _figure(value) if abs(value) < 100_000 else _scaled(value, 1000, ("", "k", "M", "G", "T"))


def _per_second(value: float) -> str:
    return f"{_count(value)}/s"


def _share(value: float) -> str:
    percent = value * 100
    digits = 0 if percent in (0, 100) else 1 if abs(percent) >= 1 else 2
    return fmt.percent(value, digits)


def _seconds(value: float) -> str:
    if value == 0:
        return f"0{NARROW}s"
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if abs(value) >= 2 * size:
            return f"{_figure(value / size)}{NARROW}{unit}"
    return f"{_figure(value)}{NARROW}s" if abs(value) >= 1 else _milliseconds(value * 1000)


def _milliseconds(value: float) -> str:
    return f"{_figure(value)}{NARROW}ms" if abs(value) < 10_000 else _seconds(value / 1000)


def _dollars(value: float) -> str:
    return fmt.money(value, 2 if abs(value) < 10_000 else 0)


def _bytes(value: float) -> str:
    return _scaled(value, 1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB"))


def _bytes_per_second(value: float) -> str:
    return f"{_bytes(value)}/s"


def _moment(milliseconds: float) -> str:
    """Real time in UTC; zero is the moment of something that never was."""
    if milliseconds <= 0:
        return "never"
    try:
        return fmt.clock_time(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (OverflowError, ValueError, OSError):
        return fmt.MISSING


_UNITS: Mapping[str, UnitFormat] = {
    PanelUnit.STATE: UnitFormat(_figure, "plain"),
    PanelUnit.COUNT: UnitFormat(_count, "count", least_step=0.01),
    PanelUnit.PER_SECOND: UnitFormat(_per_second, "rate"),
    PanelUnit.REQUESTS_PER_SECOND: UnitFormat(_per_second, "rate"),
    PanelUnit.SECONDS: UnitFormat(_seconds, "seconds"),
    PanelUnit.MILLISECONDS: UnitFormat(_milliseconds, "milliseconds", least_top=10.0),
    PanelUnit.SHARE: UnitFormat(_share, "share", least_top=0.01, least_step=0.0001),
    PanelUnit.DOLLARS: UnitFormat(_dollars, "dollars", least_top=10.0, least_step=0.01),
    PanelUnit.BYTES: UnitFormat(_bytes, "bytes", least_top=1024.0, least_step=1.0),
    PanelUnit.BYTES_PER_SECOND: UnitFormat(
        lambda value: f"{_bytes(value)}/s", "bytes_per_second", least_top=1024.0, least_step=1.0
    ),
    PanelUnit.DAYS: UnitFormat(lambda value: _seconds(value * 86_400), "days"),
    PanelUnit.MOMENT: UnitFormat(_moment, "moment", least_step=1.0),
}
