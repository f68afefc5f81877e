"""When a goal counts as met, and what a row must say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.rows import Curve, Met, Report, Row, cells, exponent


def _row(ours: Sequence[float], peer: Sequence[float] = (), **more: object) -> Row:
    named = {"peer_name": "bare"} if peer else {}
    return Row(
        **{  # type: ignore[arg-type]
            "name": "a request",
            "unit": "µs",
            "ours": ours,
            "peer": peer,
            "not_compared": "sockets",
            "command": "run",
            **named,
            **more,
        }
    )


def test_the_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    """A busy moment slows both of a round: the medians of each side alone would give 20 / 10."""
    assert _row([10, 20, 90], [5, 20, 10]).ratio == 2.0
    assert _row([10, 20, 90], [10, 20, 90]).ratio == 1.0


@pytest.mark.parametrize(
    ("ours", "better", "goal", "met"),
    [
        ([0.9, 1.0, 1.1], "lower", 1.0, Met.YES),
        ([1.00, 1.02, 1.10], "lower", 1.0, Met.WITHIN_NOISE),  # half the interquartile range is 0.025
        ([1.00, 1.03, 1.10], "lower", 1.0, Met.NO),
        ([0.7, 0.9, 0.9], "higher", 0.8, Met.YES),
        ([0.70, 0.79, 0.85], "higher", 0.8, Met.WITHIN_NOISE),
        ([0.1, 0.1, 0.1], "higher", 0.8, Met.NO),
        ([1.001], "lower", 1.0, Met.NO),  # one round shows no noise
        ([9.0], "lower", None, Met.NO_GOAL),
    ],
)
def test_a_goal_is_missed_when_it_is_missed_by_more_than_the_noise(
    ours: list[float], better: str, goal: float | None, met: Met
) -> None:
    assert _row(ours, [1.0] * len(ours), better=better, goal=goal).met is met


def test_a_goal_of_our_figure_alone_leaves_the_peer_aside() -> None:
    assert _row([4.0, 4.1], [1.0, 1.0], goal=5.0, goal_of="ours").met is Met.YES


@pytest.mark.parametrize(
    "wrong",
    [
        {"ours": []},
        {"not_compared": ""},
        {"peer_name": "bare"},
        {"peer": [1.0, 2.0], "peer_name": "bare"},
        {"goal": 1.0},
    ],
)
def test_a_row_without_its_figures_or_its_caveats_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a request: "):
        _row(**{"ours": [1.0], **wrong})  # type: ignore[arg-type]


def test_cells_say_figures_with_their_units_and_the_goal() -> None:
    assert cells(_row([1234.0], [2468.0], goal=0.8, better="higher")) == (
        "1,234 µs",
        "bare 2,468 µs",
        "0.50",
        "≥ 0.8",
        "no",
    )
    assert cells(_row([-0.001], unit=""))[0] == "0.00"
    assert cells(_row([3.14159], goal=5, goal_of="ours")) == ("3.14 µs", "", "", "≤ 5 µs", "yes")


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_law_is_its_power(power: float) -> None:
    sizes = [1_000, 10_000, 100_000, 1_000_000]
    assert exponent(sizes, [7 * size**power for size in sizes]) == pytest.approx(power)


def test_a_report_survives_json() -> None:
    report = Report(
        [_row([1.0], [2.0], goal=1.0)], [Curve(name="a page", unit="ms", of="orders", sizes=[1, 10], values=[2.0, 2.5])]
    )
    assert Report.from_json(report.to_json()) == report
