"""The table of settings says of each what its JSON schema says, without the schema being made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from investiq.foundation.config import Config
from investiq.foundation.config.fields import settings_of
from investiq.foundation.config.schema import ServiceConfig, ServiceObjective
from investiq.foundation.config.slo import CustomSlo


def _member(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What the schema says of the setting `key`."""
    table = schema
    for name in key.split("."):
        found = table["properties"][name]
        table = schema["$defs"][found["$ref"].rpartition("/")[2]] if "$ref" in found else found
    return table


@pytest.mark.parametrize("model", [Config, ServiceConfig, ServiceObjective, CustomSlo])
def test_types_and_choices_are_those_of_the_json_schema(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    for setting in settings_of(model):
        member = _member(schema, setting.key)
        variants = [one for one in member.get("anyOf", [member]) if one.get("type") != "null"]
        assert setting.types == {one["type"] for one in variants}, setting.key
        choices = [choice for one in variants for choice in one.get("enum", [one["const"]] if "const" in one else [])]
        assert list(setting.choices) == choices, setting.key
