"""Text can be read: its contrast with its ground is at least 4.5 to 1 (WCAG 1.4.3), in light and in dark."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any, cast

import pytest

from investiq.serve.web import charts
from investiq.serve.web.layout import INDEX

_FILE = files("investiq.serve.web").joinpath("assets/console.css")
CSS = re.sub(r"/\*.*?\*/", "", _FILE.read_text("utf-8"), flags=re.S)
SCHEMES = ("light", "dark")

GROUNDS = {
    "--iq-text": ("--iq-ground", "--iq-card", "--iq-hover", "--iq-bad-tint"),
    "--iq-muted": ("--iq-ground", "--iq-card", "--iq-hover", "--iq-bad-tint", "--iq-plain-tint"),
    "--iq-accent": ("--iq-ground", "--iq-card", "--iq-hover"),
    "--iq-good": ("--iq-ground", "--iq-card", "--iq-hover", "--iq-good-tint"),
    "--iq-bad": ("--iq-ground", "--iq-card", "--iq-hover", "--iq-bad-tint"),
    "--iq-warn": ("--iq-ground", "--iq-card", "--iq-hover", "--iq-warn-tint"),
}
"""Colour of text -> what it may stand on by inheritance."""


def _tokens(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root(?:\[data-mantine-color-scheme=\"dark\"\])? \{(.*?)\n\}", CSS, re.S)[:2]
    read = [dict(re.findall(r"(--iq-[\w-]+): (#\w{6});", block)) for block in (light, dark)]
    return read[0] | (read[1] if scheme == "dark" else {})


def _luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _declared() -> list[tuple[str, str, str]]:
    """Selector, text and ground of each rule that names both."""
    found = []
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", CSS):
        named = dict(re.findall(r"(?:^|[;\s])(color|background): (#\w{3,6}|var\(--iq-[\w-]+\));", body))
        if len(named) == 2:
            found.append((selector.strip(), named["color"], named["background"]))
    return found


def _resolved(value: str, tokens: dict[str, str]) -> str:
    color = tokens[value[4:-1]] if value.startswith("var(") else value
    return color if len(color) == 7 else "#" + "".join(2 * digit for digit in color[1:])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_can_be_read_on_each_ground_that_it_stands_on(scheme: str) -> None:
    tokens = _tokens(scheme)
    weak = {
        (text, ground): round(found, 2)
        for text, grounds in GROUNDS.items()
        for ground in grounds
        if (found := contrast(tokens[text], tokens[ground])) < 4.5
    }
    assert weak == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_a_rule_writes_on_a_ground_of_its_own_can_be_read(scheme: str) -> None:
    tokens, declared = _tokens(scheme), _declared()
    weak = {
        selector: round(found, 2)
        for selector, text, ground in declared
        if (found := contrast(_resolved(text, tokens), _resolved(ground, tokens))) < 4.5
    }
    assert len(declared) > 6
    assert weak == {}


def test_nothing_is_made_weak_by_being_seen_through() -> None:
    """But the page that is grey as a whole, because it is old."""
    weak = [selector.strip() for selector in re.findall(r"([^{}]*)\{[^{}]*opacity: 0\.", CSS)]
    assert weak == [".is-stale #page, .is-stale .status"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axes_and_their_labels_can_be_read(scheme: str) -> None:
    tokens = _tokens(scheme)
    assert contrast(tokens["--iq-muted"], tokens["--iq-card"]) >= 4.5, "what assets/charts.js gives the axes"
    options = cast(Any, charts.chart("any", 100, [])).chartOptions
    assert options["layout"]["textColor"] == _tokens("light")["--iq-muted"]
    for color in (charts.AVERAGES[50], charts.DOWN):
        assert contrast("#ffffff", color) >= 4.5, "the latest value stands in white on the colour of its line"


def test_the_page_has_one_footer() -> None:
    assert "<footer" not in INDEX, "the layout has it: a second landmark leads nowhere"
