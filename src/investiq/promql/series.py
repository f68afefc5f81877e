"""What is known of a series besides its name."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SeriesFacts"]


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What stands behind a series name.

    Attributes:
        metric: whose series it is: of `x_bucket`, `x_sum` and `x_count` the histogram `x`.
        counts: it only grows: a counter, or a part of a histogram.
        labels: all its labels; None where a program may add some.
        buckets: upper bounds, of the buckets of a histogram.
        bounds: the smallest and the largest value; None where there is no such limit.
    """

    metric: str
    counts: bool
    labels: frozenset[str] | None
    buckets: tuple[float, ...] = ()
    bounds: tuple[float, float] | None = None
