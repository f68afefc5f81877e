"""What may not be silenced, and how that is said."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from investiq.clients.alertmanager.refusals import NotSilenceable, check_length, check_name, check_text
from investiq.clients.alertmanager.silence import LONGEST_SILENCE

RULES = {"ServiceDown": "", "HighLatency": "", "Watchdog": "it is the heartbeat"}


def test_a_rule_may_be_silenced() -> None:
    check_name("ServiceDown", RULES)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ServiceDwn", "did you mean ServiceDown"),
        ("servicedown", "did you mean ServiceDown"),
        ("Zzzz", "/runbooks of the console names them all"),
        ("Watchdog", "it is the heartbeat"),
    ],
)
def test_a_name_that_cannot_be_silenced_is_refused_with_the_next_step(name: str, says: str) -> None:
    with pytest.raises(NotSilenceable, match=re.escape(says)):
        check_name(name, RULES)


def test_a_silence_ends_within_a_week() -> None:
    check_length(timedelta(days=7))
    assert timedelta(days=7) == LONGEST_SILENCE
    for length in (timedelta(0), timedelta(days=7, seconds=1)):
        with pytest.raises(NotSilenceable):
            check_length(length)


def test_a_word_is_more_than_space() -> None:
    assert check_text(" known \n", "say why") == "known"
    with pytest.raises(NotSilenceable, match="say why"):
        check_text(" \n", "say why")


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[2J", "a\nb", "a\u202eb"])
def test_a_character_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(NotSilenceable, match=r"U\+[0-9A-F]{4} cannot be read"):
        check_text(text, "say why")
