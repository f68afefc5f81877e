"""What stands below a field of a document describes it in OpenAPI.

Pydantic can do this by itself (`use_attribute_docstrings`), but reads the whole source file anew for every class and
every route that mentions it, and before anybody asks for a description: half a second of each start. Here the file is
read once, when a description is made.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise

from pydantic.config import JsonDict

__all__ = ["describe_fields"]


def describe_fields(schema: JsonDict, document: type) -> None:
    """Add the descriptions to the JSON schema of `document`, a class at the top level of its module."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    for name, text in _descriptions(document.__module__).get(document.__name__, {}).items():
        described = properties.get(name)
        if isinstance(described, dict):
            described.setdefault("description", text)


@functools.cache
def _descriptions(module: str) -> Mapping[str, Mapping[str, str]]:
    """Class -> field -> what stands below it; nothing where the source is not there to be read."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:
        return {}
    return {node.name: dict(_below_fields(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _below_fields(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(node.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
