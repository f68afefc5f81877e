"""Mutants that no test can notice, listed by hand with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from investiq.foundation.documents import toml_documents
from investiq.foundation.documents.text import UnreadableFile
from investiq.rule_mutation.rule import Mutant

__all__ = ["FILE_NAME", "EquivalentMutant", "entry_for", "read_equivalents", "with_mutants"]

FILE_NAME = "equivalent.toml"
"""Beside the tests; TOML, so that no `promtool test rules *.yml` takes it for a test file."""

_KEYS = ("id", "rule", "operator", "change", "reason")


@dataclass(frozen=True, slots=True)
class EquivalentMutant:
    """A mutant that is said to be equivalent.

    Attributes:
        id: of the mutant; it changes with the rule's expression, so that the reason is thought over again.
        source: where it is listed.
    """

    id: str
    rule: str
    operator: str
    change: str
    reason: str
    source: str

    def describes(self, mutant: Mutant) -> bool:
        """Whether what people read about the mutant is what it is."""
        return (self.rule, self.operator, self.change) == (mutant.rule.name, mutant.operator, str(mutant.change))


def read_equivalents(name: str, text: str) -> list[EquivalentMutant]:
    """The entries `[[equivalent]]` of a file.

    Raises:
        UnreadableFile: it is not TOML, or an entry lacks a key.
    """
    entries = toml_documents.load(name, text).get("equivalent", [])
    return [_entry(name, entry) for entry in _tables(entries)]


def _tables(entries: object) -> Sequence[dict[str, object]]:
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _entry(name: str, entry: dict[str, object]) -> EquivalentMutant:
    missing = [key for key in _KEYS if not entry.get(key)]
    if missing:
        which = entry.get("id") or entry.get("rule") or "without id"
        raise UnreadableFile(name, f"cannot be used: the entry {which} needs {', '.join(missing)}")
    return EquivalentMutant(**{key: str(entry[key]) for key in _KEYS}, source=name)


def with_mutants(
    entries: Sequence[EquivalentMutant], mutants: Iterable[Mutant]
) -> list[tuple[EquivalentMutant, list[Mutant]]]:
    """Each entry with the mutants that have its id, or had it in another run."""
    found: dict[str, list[Mutant]] = {entry.id: [] for entry in entries}
    for mutant in mutants if found else ():
        for one in mutant.ids & found.keys():
            found[one].append(mutant)
    return [(entry, found[entry.id]) for entry in entries]


def entry_for(mutant: Mutant) -> str:
    """The entry that lists a mutant, its reason still to be written."""
    values = (mutant.id, mutant.rule.name, mutant.operator, str(mutant.change))
    lines = [f"{key} = {_toml(value)}" for key, value in zip(_KEYS, values, strict=False)]
    return "\n".join(["[[equivalent]]", *lines, 'reason = ""'])


def _toml(text: str) -> str:
    if "'" not in text and text.isprintable():
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
