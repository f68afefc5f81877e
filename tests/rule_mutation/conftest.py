"""Files for the tests that mutate somebody else's rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rule_mutation.node_rules import RULES, STRONG, WEAK


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rules and tests in folders of their own, far from this repository."""
    for name, text in (("rules/node.yml", RULES), ("tests/strong.yml", STRONG), ("tests/weak.yml", WEAK)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path
