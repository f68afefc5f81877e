"""What is only offered to work with is not loaded, and is there for whoever wants it."""

from __future__ import annotations

import importlib
import json
import sys

import pytest

from investiq.foundation.optional_imports import as_if_missing

UNUSED = "colorsys"
"""A module that is there, and that nothing here needs."""


def test_a_hidden_module_cannot_be_imported_within_and_can_be_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, UNUSED, raising=False)
    with as_if_missing(UNUSED), pytest.raises(ModuleNotFoundError):
        importlib.import_module(UNUSED)
    assert importlib.import_module(UNUSED).__name__ == UNUSED


def test_a_module_that_is_loaded_stays_loaded() -> None:
    with as_if_missing("json"):
        assert importlib.import_module("json") is json
    assert sys.modules["json"] is json


def test_after_a_failure_too_nothing_stays_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, UNUSED, raising=False)
    with pytest.raises(ZeroDivisionError), as_if_missing(UNUSED):
        1 / 0  # noqa: B018
    assert UNUSED not in sys.modules
