"""YAML of anybody: what it says, or a plain error, in bounded time."""

from __future__ import annotations

import pytest
import yaml

from investiq.foundation.documents.text import UnreadableFile
from investiq.foundation.documents.yaml_documents import compose, load, load_all

_TEN_TIMES = "".join(
    f"{name}: &{name} [{', '.join(['*' + below] * 10)}]\n" for below, name in zip("abcdefgh", "bcdefghi", strict=True)
)
LAUGHS = f"a: &a [x, x, x, x, x, x, x, x, x, x]\n{_TEN_TIMES}"
MERGED = "".join(f"m{i + 1}: &m{i + 1} {{a: *m{i}, b: *m{i}}}\n" for i in range(64))
LONG_TEXTS = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 10_000)}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "f.yml:6 holds more than a quarter of a million values, its aliases"),
        (f"m0: &m0 {{a: 1}}\n{MERGED}", "holds more than a quarter of a million values"),
        (LONG_TEXTS, "f.yml:2 holds more than"),
        ("[" * 50_000, "f.yml:1 is nested more than 100 levels deep"),
        ("- " * 50_000, "is nested more than 100 levels deep"),
        ("a: " + "{a: " * 50_000, "is nested more than 100 levels deep"),
        ("a: &a [*a]", "f.yml:1 has a value that holds itself (*a)"),
        ("a: 1\nb: {c: 1,\n  c: 2}", "f.yml:3 has the key 'c' twice in one mapping"),
        ("1: a\n'1': b", "f.yml:2 has the key '1' twice in one mapping"),
        ("? [a]\n: b", "f.yml:1 has a list or a mapping for a key"),
        ('a: "\\0"', "f.yml:1 has a NUL character in a value"),
        ("a: 1\nb: [", "f.yml:2 is not YAML"),
        ("a: *b", "f.yml:1 is not YAML: found undefined alias"),
        ("a: 1\n---\nb: 1", "f.yml:3 has several documents, expected one"),
        ("a: !!python/object:os.system x", "f.yml:1 is not YAML: could not determine a constructor"),
        (f"a:\n  {'1' * 5_000}", "f.yml:2 is not YAML: the value is none of its type (int)"),
        ("a: !!int x", "f.yml:1 is not YAML: the value is none of its type (int)"),
        ("a: !!bool x", "the value is none of its type (bool)"),
        ("a: !!timestamp x", "the value is none of its type (timestamp)"),
        ("<<: 1", "is not YAML"),
    ],
    ids=lambda text: str(text)[:24],
)
def test_what_cannot_be_taken_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        load("f.yml", text)
    assert message in caught.value.message


def test_anchors_and_merge_keys_within_bounds_mean_what_they_mean() -> None:
    text = "base: &base {a: 1, b: [x, y]}\nmore: {<<: *base, a: 2}\nsame: *base\n"
    assert load("f.yml", text) == yaml.safe_load(text)


def test_a_date_is_the_text_that_it_is() -> None:
    assert load("f.yml", "a: 2024-02-30\nb: 2024-01-01") == {"a": "2024-02-30", "b": "2024-01-01"}


def test_several_documents_are_read_one_by_one() -> None:
    assert load_all("f.yml", "a: 1\n---\n---\n[2]") == [{"a": 1}, None, [2]]
    assert (load("f.yml", ""), compose("f.yml", "# nothing"), load_all("f.yml", "")) == (None, None, [])
