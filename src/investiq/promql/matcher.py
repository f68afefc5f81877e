"""A label matcher, the same in PromQL and in Alertmanager: `label op "value"`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

__all__ = ["Matcher", "eq", "label_name", "matching", "ne", "not_matching", "quoted"]

_PLAIN_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REGEX_SPECIAL = re.compile(r"([.+*?()|\[\]{}^$\\])")


@dataclass(frozen=True, slots=True)
class Matcher:
    """`label op "value"`; op is one of = != =~ !~.

    Attributes:
        alternatives: the values that it was built from, where it was built from values; how it came to be is no part
            of what it means, so it counts neither for equality nor in the text.
    """

    label: str
    op: str
    value: str
    alternatives: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{label_name(self.label)}{self.op}{quoted(self.value)}"

    @property
    def is_regex(self) -> bool:
        return self.op in ("=~", "!~")

    def accepts(self, value: str) -> bool:
        """Whether a label with this value matches. A pattern that only RE2 understands accepts all: look closer."""
        try:
            equal = bool(re.fullmatch(self.value, value)) if self.is_regex else value == self.value
        except re.error:
            return True
        return equal != self.op.startswith("!")


def eq(label: str, *values: str) -> Matcher:
    """The label has one of `values`."""
    return _one_of(label, "=", "=~", values)


def ne(label: str, *values: str) -> Matcher:
    """The label has none of `values`."""
    return _one_of(label, "!=", "!~", values)


def matching(label: str, pattern: str) -> Matcher:
    """The label matches the whole RE2 `pattern`."""
    return Matcher(label, "=~", pattern)


def not_matching(label: str, pattern: str) -> Matcher:
    """The label does not match the whole RE2 `pattern`."""
    return Matcher(label, "!~", pattern)


def quoted(text: str) -> str:
    """A PromQL string: Go reads the escapes of JSON."""
    return json.dumps(text, ensure_ascii=False)


def label_name(name: str) -> str:
    """A label as it stands in an expression: in quotes where it is more than letters, digits and underscores."""
    return name if _PLAIN_LABEL.fullmatch(name) else quoted(name)


def _one_of(label: str, one: str, many: str, values: tuple[str, ...]) -> Matcher:
    if len(values) == 1:
        return Matcher(label, one, values[0], values)
    return Matcher(label, many, "|".join(_REGEX_SPECIAL.sub(r"\\\1", value) for value in values), values)
