"""Free text on a wire."""

from __future__ import annotations

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from investiq.foundation.contract.api import TradingReason
from investiq.foundation.contract.text import Line
from investiq.foundation.foreign_text import acted_upon

LINE: TypeAdapter[str] = TypeAdapter(Line)
TEXTS = ("looking into it", "Größe: 5 % „odd“ fills 👍🏽", "شناسه\u200cها 👨‍👩‍👧", "a\u00a0b")
CONTROLS = (
    "\x00",
    "\x07",
    "\x1b[2J",
    "\x7f",
    "\x85",
    "\x9b31m",
    "gro\ud800",
    "\u202eABC",
    "\u2066",
    "\u200f",
    "\ufeff",
    "\u2028",
)


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_taken_as_it_is(text: str) -> None:
    assert LINE.validate_python(text) == text
    assert TradingReason(reason=f" {text} ").reason == text


@pytest.mark.parametrize("text", CONTROLS)
def test_what_is_no_text_is_refused_by_its_number(text: str) -> None:
    for refuse in (LINE.validate_python, lambda text: TradingReason(reason=f"x{text}x")):
        with pytest.raises(ValidationError, match=r"the character U\+[0-9A-F]{4} cannot be read|valid string"):
            refuse(text)


def test_only_a_reason_may_have_lines() -> None:
    assert TradingReason(reason="first\r\nsecond\tcolumn").reason == "first\r\nsecond\tcolumn"
    for text in ("a\nb", "a\tb", "a\r\nb", "a\rb"):
        with pytest.raises(ValidationError):
            LINE.validate_python(text)
    for text in ("", "  ", "\n", "a\rb"):
        with pytest.raises(ValidationError):
            TradingReason(reason=text)


def test_the_description_says_what_is_checked() -> None:
    line = re.compile(LINE.json_schema()["pattern"])
    reason = re.compile(TradingReason.model_json_schema()["properties"]["reason"]["pattern"])
    everything = set(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    taken, acting = set(filter(line.fullmatch, everything)), set(filter(acted_upon, everything))
    assert not taken & acting
    assert len(everything - taken - acting) < 4_096, "unassigned formats alone"
    assert reason.search("two\nlines")
    assert not reason.search(" \n ")
    assert not reason.search("a\x00")
