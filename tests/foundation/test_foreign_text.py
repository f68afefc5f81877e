"""Text of others is shown, and does nothing."""

from __future__ import annotations

import unicodedata

import pytest

from investiq.foundation.foreign_text import block, encodable, is_plain, replaced, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Prices are old — 5 % (naïve 価格)", None),
        ("شناسه\u200cها 👨‍👩‍👧", None),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("\x9b31m\x9d", r"\x9b31m\x9d"),
        ("halted\rtrading is open", r"halted\rtrading is open"),
        ("one\ntwo\tthree", r"one\ntwo\tthree"),
        ("\u202eABC\u2066\u2069\u200f\u061c", r"\u202eABC\u2066\u2069\u200f\u061c"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("zero\u200bwidth\ufeff\U000e0041", r"zero\u200bwidth\ufeff\U000e0041"),
        ("gro\udcdf", r"gro\udcdf"),
    ],
)
def test_what_a_terminal_acts_upon_is_written_out(text: str, shown: str | None) -> None:
    assert visible(text) == (text if shown is None else shown)


def test_no_character_that_unicode_calls_a_control_or_a_mark_of_direction_passes() -> None:
    everything = "".join(map(chr, range(0x110000)))
    left = {c for c in visible(everything) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert left == {"\u200c", "\u200d"}, "joiners, which letters and emoji need"
    assert not any(
        unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI") for c in left
    )


def test_further_lines_of_a_text_cannot_be_taken_for_lines_of_somebody_else() -> None:
    assert block("comment\ntrading is open\n\nend\ta\x1b") == "comment\n  trading is open\n\n  end\ta\\x1b"


@pytest.mark.parametrize("text", ["gro\udcdf", "\0", "a\nb", "\x1b[31m", "\x9b", "bytes that were \ufffd"])
def test_what_is_no_text_is_known_and_can_be_replaced(text: str) -> None:
    assert not is_plain(text)
    assert encodable(text).encode("utf-8")
    assert replaced(text).encode("utf-8")
    assert "\n" not in replaced(text)
    assert visible(replaced(text)) == replaced(text)


def test_words_that_are_text_are_kept_as_they_are() -> None:
    words = "Größe: 5 % of the order, „odd“ fills 👍🏽"
    assert is_plain(words)
    assert replaced(words) == encodable(words) == words
    assert replaced("first line\r\nsecond\tcolumn") == "first line second column"
