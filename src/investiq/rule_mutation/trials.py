"""What a mutant meets until a test notices it.

One group of tests after the other: first those that have killed most mutants of its rule, then those that ask for the
rule itself, then those that ask for one that reads it, the quickest first. What fails there fails in the whole files
too; what passes meets the whole files before it counts as a survivor. So the short way never lies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from investiq.foundation.subprocesses import ProgramRun
from investiq.rule_mutation.promtool import Promtool, failed_tests, names_a_failure
from investiq.rule_mutation.promtool_tests import affected_names
from investiq.rule_mutation.rule import Mutant, Rule
from investiq.rule_mutation.suite import LoadedTests, Suite
from investiq.rule_mutation.verdict import MutantVerdict, MutationOutcome

__all__ = ["Trials"]

_MUTANT = "mutant.yml"

_Group = tuple[str, int]
"""A group of tests: the name of its file, and its position there."""

_Selection = Sequence[tuple[LoadedTests, Collection[int] | None]]
"""Test files, each with the positions of the groups to run; None runs all."""


@dataclass(frozen=True)
class Trials:
    """Judges mutants, from several threads at a time: each mutant has a folder of its own.

    What the threads learn of the tests, they learn for all; it decides the order of the tests, never a verdict.
    """

    suite: Suite
    promtool: Promtool
    _kills: dict[int, Counter[_Group]] = field(default_factory=dict)
    _seconds: dict[_Group, float] = field(default_factory=dict)
    _names: dict[int, set[str]] = field(default_factory=dict)

    def verdict(self, mutant: Mutant) -> MutantVerdict:
        """What becomes of a mutant."""
        if mutant.proof:
            return MutantVerdict(mutant, MutationOutcome.PROVEN, (mutant.proof,))
        path = next(path for path, file in self.suite.files.items() if mutant.rule in file.rules)
        tests = [one for one in self.suite.tests if path in one.rule_files]
        if not tests:
            return MutantVerdict(mutant, MutationOutcome.UNTESTED, ("no test file loads its rule file",))
        names = self._affected(mutant.rule)
        if not any(one.tests.concerning(names) for one in tests):
            why = "no test asks for it, nor for a rule that reads it"
            return MutantVerdict(mutant, MutationOutcome.UNTESTED, (why,))
        with TemporaryDirectory(dir=self.promtool.scratch) as folder:
            (Path(folder) / _MUTANT).write_text(self.suite.files[path].with_change(mutant.rule, mutant.change), "utf-8")
            return self._meet(mutant, Path(folder), path, self._stages(mutant, tests, names))

    def _meet(self, mutant: Mutant, folder: Path, path: Path, stages: Iterable[_Selection]) -> MutantVerdict:
        for stage, selection in enumerate(stages):
            files = [
                _write(folder, f"{stage}-{number}.yml", one, path, groups)
                for number, (one, groups) in enumerate(selection)
            ]
            run = self.promtool.test_rules(folder, files)
            if run.timed_out:
                what = f"promtool did not end in {self.promtool.timeout_seconds:g} s"
                return MutantVerdict(mutant, MutationOutcome.TIMED_OUT, (what,))
            self._remember(mutant.rule, selection, run.seconds, killed=not run.succeeded)
            if not run.succeeded:
                return self._noticed(mutant, folder, run)
        return self._survivor(mutant)

    def _stages(self, mutant: Mutant, tests: Sequence[LoadedTests], names: Collection[str]) -> Iterator[_Selection]:
        """Soonest what kills most for its time: see the top of this module."""
        own = _groups(tests, {mutant.rule.name})
        kills = self._kills.setdefault(id(mutant.rule), Counter())

        def rank(group: _Group) -> tuple[int, bool, float]:
            return -kills[group], group not in own, self._seconds.get(group, 0.0)

        for name, position in sorted(_groups(tests, names), key=rank):
            yield [(one, {position}) for one in tests if one.tests.name == name]
        yield [(one, None) for one in tests]

    def _remember(self, rule: Rule, selection: _Selection, seconds: float, *, killed: bool) -> None:
        """What each group costs and kills: it will kill the next mutant of the rule too, more often than not."""
        for group in ((one.tests.name, position) for one, positions in selection for position in positions or ()):
            self._seconds[group] = seconds
            self._kills[id(rule)][group] += killed

    def _noticed(self, mutant: Mutant, folder: Path, run: ProgramRun) -> MutantVerdict:
        if names_a_failure(run.output):
            return MutantVerdict(mutant, MutationOutcome.KILLED, failed_tests(run.output))
        check = self.promtool.check_rules(folder, _MUTANT)
        if not check.succeeded:
            return MutantVerdict(mutant, MutationOutcome.INVALID, (check.output.strip(),))
        why = run.output.strip().partition("\n")[0] or "it printed nothing: killed, for want of memory perhaps"
        return MutantVerdict(mutant, MutationOutcome.BROKEN_OFF, (f"promtool named no failed test: {why}",))

    def _survivor(self, mutant: Mutant) -> MutantVerdict:
        entry = next((entry for entry in self.suite.listed if entry.id == mutant.id), None)
        if entry is not None and entry.describes(mutant):
            return MutantVerdict(mutant, MutationOutcome.LISTED, (entry.reason,))
        return MutantVerdict(mutant, MutationOutcome.SURVIVED)

    def _affected(self, rule: Rule) -> set[str]:
        if id(rule) not in self._names:
            self._names[id(rule)] = affected_names(rule, [*self.suite.rules, *self.suite.context])
        return self._names[id(rule)]


def _groups(tests: Iterable[LoadedTests], names: Collection[str]) -> set[_Group]:
    """Those that ask for one of these alerts or series."""
    return {(one.tests.name, position) for one in tests for position in one.tests.concerning(names)}


def _write(folder: Path, name: str, one: LoadedTests, mutated: Path, groups: Collection[int] | None) -> str:
    """The test file in the mutant's folder, with the mutant in place of its original."""
    paths = (_MUTANT if path == mutated else str(path) for path in one.rule_files)
    (folder / name).write_text(one.tests.with_rule_files(paths, groups), "utf-8")
    return name
