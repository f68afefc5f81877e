"""Values with their units, as people read them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import investiq.serve.web
from investiq.foundation.contract.panels import PanelUnit
from investiq.serve.web.units import _UNITS, unit_named

CHARTS = Path(investiq.serve.web.__file__).parent / "assets" / "charts.js"


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("none", 3.0, "3"),
        ("none", 0.51234, "0.512"),
        ("short", 0.0, "0"),
        ("short", 1234.0, "1,234"),
        ("short", 12.34, "12.3"),
        ("short", 2_345_678.0, "2.35 M"),
        ("short", -4.0, "−4"),
        ("cps", 0.5, "0.5/s"),
        ("reqps", 120_000.0, "120 k/s"),
        ("s", 0.0, "0 s"),
        ("s", 0.0123, "12.3 ms"),
        ("s", 5.25, "5.25 s"),
        ("s", 119.0, "119 s"),
        ("s", 240.0, "4 min"),
        ("s", 9000.0, "2.5 h"),
        ("s", 259_200.0, "3 days"),
        ("ms", 0.25, "0.25 ms"),
        ("ms", 950.4, "950 ms"),
        ("ms", 12_500.0, "12.5 s"),
        ("percentunit", 0.0, "0 %"),
        ("percentunit", 1.0, "100 %"),
        ("percentunit", 0.0512, "5.1 %"),
        ("percentunit", 0.0004, "0.04 %"),
        ("currencyUSD", 12.5, "$12.50"),
        ("currencyUSD", 100_092.16, "$100,092"),
        ("bytes", 512.0, "512 B"),
        ("bytes", 300_000_000.0, "286 MiB"),
        ("Bps", 2048.0, "2 KiB/s"),
        ("d", 3.5, "3.5 days"),
        ("d", 0.25, "6 h"),
        ("dateTimeAsIso", 0.0, "never"),
        ("dateTimeAsIso", 1_767_348_000_000.0, "2 Jan 10:00:00 UTC"),
        ("dateTimeAsIso", 1e30, "–"),
        ("a unit of tomorrow", 2.5, "2.5"),
    ],
)
def test_a_value_is_written_with_its_unit(unit: str, value: float, text: str) -> None:
    assert unit_named(unit).written(value).replace("\u202f", " ") == text


def test_each_unit_of_panels_has_its_own_way_to_be_written() -> None:
    assert set(_UNITS) == set(PanelUnit)


def test_each_unit_has_a_function_that_writes_it_at_the_axis() -> None:
    script = CHARTS.read_text()

    for unit in _UNITS.values():
        assert re.search(rf"^\s+{unit.axis}: ", script, re.MULTILINE), f"{CHARTS} has no {unit.axis}"
