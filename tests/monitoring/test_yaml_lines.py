"""Mappings know their line, and are else what YAML says."""

from __future__ import annotations

import yaml

from investiq.monitoring.checks.yaml_lines import line_of, load_with_lines

TEXT = """\
# a comment
groups:
  - name: api
    rules:
      - &first
        alert: One
        labels: {severity: page}
      - <<: *first
        alert: Two
"""


def test_a_mapping_has_the_line_where_it_starts() -> None:
    rules = load_with_lines("f.yml", TEXT)["groups"][0]["rules"]
    assert [line_of(rule) for rule in rules] == [5, 8]
    assert line_of(rules[0]["labels"]) == 7


def test_the_document_is_that_of_any_other_reader() -> None:
    assert load_with_lines("f.yml", TEXT) == yaml.safe_load(TEXT)
    assert (load_with_lines("f.yml", "[1, 2]"), load_with_lines("f.yml", "")) == ([1, 2], None)


def test_what_comes_from_elsewhere_has_no_line() -> None:
    assert (line_of({"alert": "One"}), line_of(None)) == (None, None)
