"""The rule files and the test files of a run, read once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from investiq.foundation.documents.text import UnreadableFile, read_text
from investiq.foundation.errors import InvestIQError
from investiq.rule_mutation.equivalents import FILE_NAME, EquivalentMutant, read_equivalents
from investiq.rule_mutation.generate import mutants_of
from investiq.rule_mutation.promtool_tests import TestFile
from investiq.rule_mutation.rule import Mutant, Rule
from investiq.rule_mutation.rule_file import RuleFile
from investiq.rule_mutation.siblings import NONE_KNOWN, Families

__all__ = ["LoadedTests", "NoSuchFile", "Suite", "load_suite"]


class NoSuchFile(InvestIQError):
    """A file that was named cannot be read."""

    reason = "usage"


@dataclass(frozen=True)
class LoadedTests:
    """A test file and what it loads.

    Attributes:
        rule_files: absolute paths, in the order of the file.
    """

    tests: TestFile
    path: Path
    rule_files: Sequence[Path]


@dataclass(frozen=True)
class Suite:
    """Rule files and the test files that load them.

    Attributes:
        files: the rule files to mutate, by absolute path.
        tests: all test files.
        listed: mutants that are said to be equivalent.
        context: rules of further files that the tests load.
        families: metrics that are confused with each other.
    """

    files: Mapping[Path, RuleFile]
    tests: Sequence[LoadedTests]
    listed: Sequence[EquivalentMutant]
    context: Sequence[Rule]
    families: Families

    @property
    def rules(self) -> list[Rule]:
        """The rules to mutate, in the order of their files."""
        return [rule for file in self.files.values() for rule in file.rules]

    @property
    def mutants(self) -> list[Mutant]:
        """Every mutant of every rule."""
        return mutants_of(self.rules, families=self.families)


def load_suite(
    rules: Sequence[Path],
    tests: Sequence[Path],
    equivalents: Sequence[Path] = (),
    families: Families = NONE_KNOWN,
) -> Suite:
    """Read everything.

    Args:
        rules: rule files; empty takes those that the tests load.
        equivalents: lists of equivalent mutants; empty takes equivalent.toml beside the tests, where there is one.
        families: metrics that are confused with each other, where more is known of them than the rules tell.

    Raises:
        NoSuchFile: a file cannot be read.
        UnreadableFile: a file is not what it should be.
    """
    loaded = [_load_tests(path) for path in tests]
    all_loaded = {path for one in loaded for path in one.rule_files}
    names = {path.resolve(): _shown(path) for path in rules or sorted(all_loaded)}
    files = {path: RuleFile.parse(name, _read(path)) for path, name in names.items()}
    context = [
        rule for path in sorted(all_loaded - set(files)) for rule in RuleFile.parse(_shown(path), _read(path)).rules
    ]
    lists = equivalents or sorted({path.parent / FILE_NAME for path in tests if (path.parent / FILE_NAME).is_file()})
    listed = [entry for path in lists for entry in read_equivalents(_shown(path), _read(path))]
    return Suite(files, loaded, listed, context, families)


def _load_tests(path: Path) -> LoadedTests:
    tests = TestFile.parse(_shown(path), _read(path))
    found = [file for pattern in tests.patterns for file in _matching(path.resolve().parent, pattern)]
    return LoadedTests(tests, path, tuple(dict.fromkeys(found)))


def _matching(folder: Path, pattern: str) -> list[Path]:
    """The files of a pattern of `rule_files`, as promtool finds them: relative to the folder of the test file."""
    absolute = Path(os.path.normpath(folder / pattern))
    if absolute.is_file():
        return [absolute.resolve()]
    anchor = Path(absolute.anchor)
    # To Go, `**` is `*`, and `[^a]` is what others write as `[!a]`.
    as_python = re.sub(r"\*+", "*", str(absolute.relative_to(anchor))).replace("[^", "[!")
    return sorted(file.resolve() for file in anchor.glob(as_python) if file.is_file())


def _read(path: Path) -> str:
    try:
        return read_text(path, _shown(path))
    except UnreadableFile as error:
        raise NoSuchFile(error.message) from error


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
