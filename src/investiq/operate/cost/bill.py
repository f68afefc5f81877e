"""What a month has cost so far, what it will at this pace, and how that compares with the budget. Pure.

What has no price is counted and not priced: it is not free, and no total hides that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from investiq.foundation.config.schema import CostConfig

__all__ = ["Bill", "BillLine", "Usage", "bill"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What was counted in a month.

    Attributes:
        provider_calls, notifications: None where nothing was counted.
        storage_gib_months: mean of the bytes kept, times the part of the month that was watched.
        watched: part of the whole month that has been watched, from 0 to 1.
    """

    provider_calls: float | None
    notifications: float | None
    storage_gib_months: float | None
    watched: float


@dataclass(frozen=True, slots=True)
class BillLine:
    """One thing that costs money.

    Attributes:
        quantity: in `unit`; None where it was not counted.
        price: of one; None where none is configured.
        setting: what sets the price.
    """

    what: str
    quantity: float | None
    unit: str
    price: Decimal | None
    setting: str

    @property
    def cost(self) -> Decimal | None:
        """None where it was not counted, or has no price."""
        if self.quantity is None or self.price is None:
            return None
        return Decimal(repr(self.quantity)) * self.price


@dataclass(frozen=True, slots=True)
class Bill:
    """A month.

    Attributes:
        spent: of what has a price; None where nothing has.
        forecast: for the whole month at the pace so far; None before an hour of it was watched.
        budget: for a whole month; None where none is configured.
    """

    month: str
    currency: str
    lines: tuple[BillLine, ...]
    watched: float
    spent: Decimal | None
    forecast: Decimal | None
    budget: Decimal | None

    @property
    def not_priced(self) -> tuple[BillLine, ...]:
        return tuple(line for line in self.lines if line.price is None)

    @property
    def exceeds(self) -> bool:
        """Whether the month will cost more than its budget, or has already."""
        costs = [cost for cost in (self.spent, self.forecast) if cost is not None]
        return self.budget is not None and any(cost > self.budget for cost in costs)


_LEAST_WATCHED = 1 / 24 / 31
"""An hour of the longest month: a forecast from less says nothing."""


def bill(month: str, usage: Usage, prices: CostConfig) -> Bill:
    """The bill of a month."""
    lines = (
        BillLine("provider calls", usage.provider_calls, "calls", prices.provider_call, "cost.provider_call"),
        BillLine("notifications", usage.notifications, "notifications", prices.notification, "cost.notification"),
        BillLine(
            "metrics kept", usage.storage_gib_months, "GiB-months", prices.storage_gib_month, "cost.storage_gib_month"
        ),
    )
    costs = [line.cost for line in lines if line.cost is not None]
    spent = sum(costs, Decimal(0)) if costs else None
    enough = spent is not None and usage.watched >= _LEAST_WATCHED
    forecast = spent / Decimal(repr(min(usage.watched, 1.0))) if enough and spent is not None else None
    return Bill(month, prices.currency, lines, usage.watched, spent, forecast, prices.monthly_budget)


def document(found: Bill) -> Mapping[str, object]:
    """As `investiq.cost/1`. Money as text, as everywhere: a float of it would be another number."""
    return {
        "month": found.month,
        "currency": found.currency,
        "watched": round(found.watched, 4),
        "spent": _text(found.spent),
        "forecast": _text(found.forecast),
        "budget": _text(found.budget),
        "exceeds_budget": found.exceeds,
        "lines": [
            {
                "what": line.what,
                "quantity": line.quantity,
                "unit": line.unit,
                "price": None if line.price is None else str(line.price),
                "cost": _text(line.cost),
                "setting": line.setting,
            }
            for line in found.lines
        ],
    }


def _text(money: Decimal | None) -> str | None:
    return None if money is None else f"{money:.2f}"
