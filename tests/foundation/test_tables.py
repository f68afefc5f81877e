"""A table is text that people read and `awk` takes apart."""

from __future__ import annotations

from investiq.foundation.tables import aligned_table


def test_numbers_stand_to_the_right_and_what_is_missing_is_a_dash() -> None:
    rows = [("api", 7, None), ("signal-models", 1_000, "up")]
    assert aligned_table(("part", "restarts", "state"), rows).splitlines() == [
        "PART           RESTARTS  STATE",
        "api                   7  -",
        "signal-models      1000  up",
    ]


def test_a_table_of_nothing_has_its_headings() -> None:
    assert aligned_table(("part", "state"), []) == "PART  STATE"


def test_a_row_is_one_line_whatever_its_cells_hold() -> None:
    """The comment of a silence, say, which anybody may write."""
    rows = [("api", "one\ntwo\r\x1b[2J\u202e"), ("web", "up")]
    lines = aligned_table(("part", "why"), rows).split("\n")
    assert lines == ["PART  WHY", r"api   one\ntwo\r\x1b[2J\u202e", "web   up"]
