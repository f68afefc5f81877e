"""`rule_files` find what they find for promtool; the folder of the tests is no pattern, whatever it is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from investiq.rule_mutation.patterns import matching


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("../rules/*.yml", ["node.yml", "x[1].yml"]),
        ("../rules/./node.yml", ["node.yml"]),
        ("../../team [a]/rules/node.yml", ["node.yml"]),
        ("../*/node.yml", ["node.yml"]),
        ("../**/*.yml", ["node.yml", "x[1].yml", "strong.yml"]),
        ("../rules/**/*.yml", ["deep.yml"]),
        ("../rules/[^m]ode.yml", ["node.yml"]),
        ("../rules/[^n]ode.yml", []),
        ("../rules/[l-o]ode.yml", ["node.yml"]),
        ("../rules/[o-l]ode.yml", []),
        ("../rules/n?de.yml", ["node.yml"]),
        ("../rules/x\\[1\\].*", ["x[1].yml"]),
        ("../rules/x[1].yml", ["x[1].yml"]),
        ("../rules/{node,x}.yml", []),
        ("../rules/[", []),
        ("../nowhere/*.yml", []),
        ("../rules/*/../node.yml", ["node.yml"]),
        ("strong.yml", ["strong.yml"]),
    ],
)
def test_a_pattern_finds_what_it_finds_for_promtool(tmp_path: Path, pattern: str, found: list[str]) -> None:
    """To it, two stars are one: rules that it does not load are no rules that the tests notice."""
    names = ("rules/node.yml", "rules/x[1].yml", "rules/below/deep.yml", "rules/below/further/deeper.yml")
    for name in (*names, "tests/strong.yml"):
        path = tmp_path / "team [a]" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [path.name for path in matching(tmp_path / "team [a]/tests", pattern)] == found


def test_an_absolute_pattern_is_none_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "r.yml").touch()
    assert matching(Path("/"), f"{tmp_path}/*.yml") == [tmp_path / "r.yml"]
