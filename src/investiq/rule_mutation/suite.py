"""The rule files and the test files of a run, read once."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from investiq.foundation.documents.text import UnreadableFile, read_text
from investiq.foundation.errors import InvestIQError
from investiq.foundation.foreign_text import visible
from investiq.rule_mutation.equivalents import FILE_NAME, EquivalentMutant, read_equivalents, with_mutants
from investiq.rule_mutation.generate import mutants_of
from investiq.rule_mutation.patterns import matching
from investiq.rule_mutation.promtool_tests import TestFile
from investiq.rule_mutation.rule import Mutant, Origin, Rule
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
        context: further rule files that the tests load, by absolute path.
        families: metrics that are confused with each other.
    """

    files: Mapping[Path, RuleFile]
    tests: Sequence[LoadedTests]
    listed: Sequence[EquivalentMutant]
    context: Mapping[Path, RuleFile]
    families: Families

    @property
    def rules(self) -> list[Rule]:
        """The rules to mutate, in the order of their files."""
        return [rule for file in self.files.values() for rule in file.rules]

    @property
    def all_rules(self) -> list[Rule]:
        """Those of the further files, too."""
        return [*self.rules, *(rule for file in self.context.values() for rule in file.rules)]

    @functools.cached_property
    def mutants(self) -> list[Mutant]:
        """Every mutant of every rule."""
        return mutants_of(self.rules, families=self.families)

    @functools.cached_property
    def excused(self) -> Mapping[str, EquivalentMutant]:
        """Id of each mutant that is said to be equivalent -> the entry that says so of it alone."""
        described = ((entry, [mutant for mutant in found if entry.describes(mutant)]) for entry, found in self.meant)
        return {mutants[0].id: entry for entry, mutants in described if len(mutants) == 1}

    @functools.cached_property
    def meant(self) -> list[tuple[EquivalentMutant, list[Mutant]]]:
        """Each entry of the lists, with the mutants that have its id."""
        return with_mutants(self.listed, self.mutants)


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
    root = _common_folder([*names, *(path.resolve() for path in tests)])
    files = {path: RuleFile.parse(name, _read(path), _origin(path, root)) for path, name in names.items()}
    context = {path: RuleFile.parse(_shown(path), _read(path)) for path in sorted(all_loaded - set(files))}
    lists = equivalents or sorted({path.parent / FILE_NAME for path in tests if (path.parent / FILE_NAME).is_file()})
    listed = [entry for path in lists for entry in read_equivalents(_shown(path), _read(path))]
    return Suite(files, loaded, listed, context, families)


def _common_folder(files: Sequence[Path]) -> Path:
    """The folder that all files lie below: from there, a file has the same path wherever the run is started."""
    return Path(os.path.commonpath([path.parent for path in files])) if files else Path("/")


def _origin(path: Path, root: Path) -> Origin:
    return Origin(path.parts[1:], len(path.relative_to(root).parts))


def _load_tests(path: Path) -> LoadedTests:
    tests = TestFile.parse(_shown(path), _read(path))
    # Not resolved: promtool looks beside the link, not beside the file that it leads to.
    folder = Path(os.path.abspath(path.parent))  # noqa: PTH100
    found = [file for pattern in tests.patterns for file in matching(folder, pattern)]
    return LoadedTests(tests, path, tuple(dict.fromkeys(found)))


def _read(path: Path) -> str:
    try:
        return read_text(path, _shown(path))
    except UnreadableFile as error:
        raise NoSuchFile(error.message) from error


def _shown(path: Path) -> str:
    """On one line, and as text: a name may hold what is neither."""
    here = Path.cwd()
    shown = os.fsencode(path.relative_to(here) if path.is_relative_to(here) else path).decode(
        "utf-8", "backslashreplace"
    )
    return visible(shown)
