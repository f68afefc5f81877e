"""From text to the tree of promql_parser: what Prometheus 2 and 3 read, of bounded size.

The parser descends into each operand on the stack of the thread, which ends the process where there is no more of it.
"""

from __future__ import annotations

import json
import re
from typing import Any

import promql_parser
from promql_parser import Function, ValueType

__all__ = ["parsed", "without_raw_strings"]

_MOST_OPERATIONS = 500
"""Operators and opening parentheses; the longest rule of ours has about forty."""

_STRING_OR_COMMENT = re.compile(r""""(?:\\.|[^"\\])*+"|'(?:\\.|[^'\\])*+'|`[^`]*+`|\#[^\n]*+""", re.DOTALL)
_OPERATION = re.compile(r"[-+*/%^(]|[<>=!]=?|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_BEFORE_1970 = re.compile(r"@\s*-")
_IN_BRACES = re.compile(r"\{[^{}]*+\}")

# Prometheus 3 calls it double_exponential_smoothing, and knows no other name for it.
promql_parser.register_extra_functions(
    [Function("holt_winters", [ValueType.Matrix, ValueType.Scalar, ValueType.Scalar], ValueType.Vector)]
)


def parsed(text: str) -> Any:
    """The tree of an expression.

    Raises:
        ValueError: it is not PromQL, newer than the parser, or too long for it.
    """
    bare = _IN_BRACES.sub("", _STRING_OR_COMMENT.sub("", text))
    if sum(1 for _ in _OPERATION.finditer(bare)) > _MOST_OPERATIONS:
        raise ValueError(f"it has more than {_MOST_OPERATIONS} operators and parentheses: record parts of it first")
    if _BEFORE_1970.search(bare):  # the parser would make it 1970
        raise ValueError("a time before 1970 (@ -...) is not understood")
    return promql_parser.parse(without_raw_strings(text))


def without_raw_strings(text: str) -> str:
    """Backquoted strings as quoted ones: the parser would unescape what stands between backquotes."""
    return _STRING_OR_COMMENT.sub(lambda m: _quoted(m[0][1:-1]) if m[0].startswith("`") else m[0], text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # Go reads the escapes of JSON
