"""Fields are described by what stands below them, and only when somebody asks."""

from __future__ import annotations

import inspect

import pytest
from pydantic import TypeAdapter

from investiq.foundation.contract import api, field_docs


def test_what_stands_below_a_field_describes_it() -> None:
    properties = TypeAdapter(api.Dependency).json_schema()["properties"]
    assert properties["critical"]["description"] == "whether /health is 503 while it is down"
    assert "description" not in properties["error"]


def test_a_start_reads_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every route makes such adapters; a stack that starts has no time to read the file for each."""

    def refused(*_: object) -> None:
        raise AssertionError("the source was read")

    for reads in ("findsource", "getsource", "getsourcelines"):
        monkeypatch.setattr(inspect, reads, refused)
    field_docs._descriptions.cache_clear()
    assert TypeAdapter(list[api.Health])
    with pytest.raises(AssertionError, match="the source was read"):
        TypeAdapter(api.Health).json_schema()


def test_without_its_source_a_document_is_not_described(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object) -> str:
        raise OSError("could not get source code")

    monkeypatch.setattr(inspect, "getsource", gone)
    field_docs._descriptions.cache_clear()
    try:
        assert "description" not in TypeAdapter(api.Dependency).json_schema()["properties"]["critical"]
    finally:
        field_docs._descriptions.cache_clear()
