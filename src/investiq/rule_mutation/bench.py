"""Where promtool runs: a folder for each trial, beside copies of all rule files, under names of our own.

promtool takes every path of a rule file for a pattern, and goes on where it finds nothing: an alert that is not there
then looks like a test that noticed. No path of the user's reaches it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from investiq.foundation.subprocesses import ProgramRun
from investiq.rule_mutation.promtool import Promtool
from investiq.rule_mutation.suite import LoadedTests, Suite

__all__ = ["Bench", "Selection", "Trial"]

_CHANGED = "changed.yml"

Selection = Sequence[tuple[LoadedTests, Collection[int] | None]]
"""Test files, each with the positions of the groups to run; None runs all."""


@dataclass(frozen=True)
class Bench:
    """Copies of all rule files in the scratch folder of promtool.

    Attributes:
        copies: name of the copy of each rule file.
    """

    promtool: Promtool
    copies: Mapping[Path, str]

    @classmethod
    def of(cls, suite: Suite, promtool: Promtool) -> Bench:
        """Write the copies."""
        files = {**suite.files, **suite.context}
        copies = {path: f"rules-{number}.yml" for number, path in enumerate(files)}
        for path, name in copies.items():
            (promtool.scratch / name).write_text(files[path].text, "utf-8")
        return cls(promtool, copies)

    @contextmanager
    def trial(self, path: Path | None, text: str = "") -> Iterator[Trial]:
        """A folder in which the rule file at `path` is `text`, and every other as it is; None changes none."""
        with TemporaryDirectory(dir=self.promtool.scratch) as folder:
            trial = Trial(self, Path(folder), path)
            (trial.folder / _CHANGED).write_text(text, "utf-8")
            yield trial


@dataclass(frozen=True)
class Trial:
    """Rule files of which one is changed."""

    bench: Bench
    folder: Path
    changed: Path | None

    def run(self, selection: Selection) -> ProgramRun:
        """Run these tests on the rules."""
        names = [self._write(number, *one) for number, one in enumerate(selection)]
        return self.bench.promtool.test_rules(self.folder, names)

    def check(self) -> ProgramRun:
        """Whether Prometheus would load what was changed."""
        return self.bench.promtool.check_rules(self.folder, _CHANGED)

    def _write(self, number: int, one: LoadedTests, groups: Collection[int] | None) -> str:
        name = f"tests-{number}.yml"
        paths = (_CHANGED if path == self.changed else f"../{self.bench.copies[path]}" for path in one.rule_files)
        (self.folder / name).write_text(one.tests.with_rule_files(paths, groups), "utf-8")
        return name
