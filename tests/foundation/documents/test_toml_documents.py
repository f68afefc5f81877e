"""TOML of anybody: what it says, or a plain error, in bounded time; and on which line it says it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from investiq.foundation.documents.text import UnreadableFile
from investiq.foundation.documents.toml_documents import key_lines, load


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "[" * 50_000, "f.toml:1 is nested more than 32 levels deep"),
        ("\na = " + "{a = " * 50_000, "f.toml:2 is nested more than 32 levels deep"),
        (".".join(["a"] * 100_000) + " = 1", "f.toml:1 is nested more than 32 levels deep"),
        ("[" + ".".join(["a"] * 100_000) + "]", "is nested more than 32 levels deep"),
        ("x = " + "{a.b.c.d = " * 30 + "1" + "}" * 30, "is nested more than 96 levels deep"),
        ("a = \0", "f.toml is not valid TOML"),
        (f"a = {'1' * 5_000}", "a number has too many digits"),
        (f"a = 1e{'9' * 30}", "a number has too many digits"),
        ("a = 2024-02-30", "f.toml is not valid TOML: Invalid date or datetime (at line 1"),
        ("a = 1\na = 2", "f.toml is not valid TOML: Cannot overwrite a value (at "),
    ],
    ids=lambda text: str(text)[:24],
)
def test_what_cannot_be_taken_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        load("f.toml", text, Decimal)
    assert message in caught.value.message


def test_brackets_and_dots_in_texts_and_comments_are_none() -> None:
    dots = "[{." * 100
    text = f'# {dots}\na = \'{dots}\' # {dots}\nb = "{dots}"\nc = """\n{dots}"""\nd = [[1], [2]]'
    assert load("f.toml", text) == {"a": dots, "b": dots, "c": dots, "d": [[1], [2]]}


def test_each_key_has_the_line_where_it_stands() -> None:
    text = '''\
a = 1
s = """
[no]
x = 2
"""
l = [
  [1]
]
b . "c d" = { x = 1 } # [t]
[t] # [no]
x = ["]", "="]
y = "#"
[[u]]
z = 1
[[u]]
z = '[no]'
[u.v]
w = 1
'''
    assert key_lines(text) == {
        **{"a": 1, "s": 2, "l": 6, "b.c d": 9, "t": 10, "t.x": 11, "t.y": 12},
        **{"u": 13, "u.0": 13, "u.0.z": 14, "u.1": 15, "u.1.z": 16, "u.1.v": 17, "u.1.v.w": 18},
    }
