"""What a mutant meets until a test notices it.

One group of tests after the other: first those that have killed most mutants of its rule, then those that ask for the
rule itself, then those that ask for one that reads it, the quickest first. What fails there fails in the whole files
too; what passes meets the whole files before it counts as a survivor. So the short way never lies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from investiq.foundation.subprocesses import ProgramRun
from investiq.rule_mutation.bench import Bench, Selection, Trial
from investiq.rule_mutation.promtool import failed_tests, named_failure, why_it_ended
from investiq.rule_mutation.promtool_tests import affected_names
from investiq.rule_mutation.rule import Mutant, Rule
from investiq.rule_mutation.suite import LoadedTests, Suite
from investiq.rule_mutation.verdict import MutantVerdict, MutationOutcome

__all__ = ["Trials"]

_Group = tuple[str, int]
"""A group of tests: the name of its file, and its position there."""


@dataclass(frozen=True)
class Trials:
    """Judges mutants, from several threads at a time: each mutant has a folder of its own.

    What the threads learn of the tests, they learn for all; it decides the order of the tests, never a verdict.
    """

    suite: Suite
    bench: Bench
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
        with self.bench.trial(path, self.suite.files[path].with_change(mutant.rule, mutant.change)) as trial:
            return self._meet(mutant, trial, self._stages(mutant, tests, names))

    def _meet(self, mutant: Mutant, trial: Trial, stages: Iterable[Selection]) -> MutantVerdict:
        for selection in stages:
            run = trial.run(selection)
            if run.timed_out:
                what = f"promtool did not end in {self.bench.promtool.timeout_seconds:g} s"
                return MutantVerdict(mutant, MutationOutcome.TIMED_OUT, (what,))
            self._remember(mutant.rule, selection, run.seconds, killed=not run.succeeded)
            if not run.succeeded:
                return _noticed(mutant, trial, run)
        return self._survivor(mutant)

    def _stages(self, mutant: Mutant, tests: Sequence[LoadedTests], names: Collection[str]) -> Iterator[Selection]:
        """Soonest what kills most for its time: see the top of this module."""
        own = _groups(tests, {mutant.rule.name})
        kills = self._kills.setdefault(id(mutant.rule), Counter())

        def rank(group: _Group) -> tuple[int, bool, float]:
            return -kills[group], group not in own, self._seconds.get(group, 0.0)

        for name, position in sorted(_groups(tests, names), key=rank):
            yield [(one, {position}) for one in tests if one.tests.name == name]
        yield [(one, None) for one in tests]

    def _remember(self, rule: Rule, selection: Selection, seconds: float, *, killed: bool) -> None:
        """What each group costs and kills: it will kill the next mutant of the rule too, more often than not."""
        for group in ((one.tests.name, position) for one, positions in selection for position in positions or ()):
            self._seconds[group] = seconds
            self._kills[id(rule)][group] += killed

    def _survivor(self, mutant: Mutant) -> MutantVerdict:
        entry = self.suite.excused.get(mutant.id)
        if entry is None:
            return MutantVerdict(mutant, MutationOutcome.SURVIVED)
        return MutantVerdict(mutant, MutationOutcome.LISTED, (entry.reason,))

    def _affected(self, rule: Rule) -> set[str]:
        if id(rule) not in self._names:
            self._names[id(rule)] = affected_names(rule, self.suite.all_rules)
        return self._names[id(rule)]


def _groups(tests: Iterable[LoadedTests], names: Collection[str]) -> set[_Group]:
    """Those that ask for one of these alerts or series."""
    return {(one.tests.name, position) for one in tests for position in one.tests.concerning(names)}


def _noticed(mutant: Mutant, trial: Trial, run: ProgramRun) -> MutantVerdict:
    """What it means that promtool does not end well: only a test that fails has noticed anything."""
    if named_failure(run.output):
        return MutantVerdict(mutant, MutationOutcome.KILLED, failed_tests(run.output))
    check = trial.check()
    if not check.succeeded and not check.timed_out:
        return MutantVerdict(mutant, MutationOutcome.INVALID, (check.output.strip(),))
    why = why_it_ended(run.output) or "it printed nothing: killed, for want of memory perhaps"
    return MutantVerdict(mutant, MutationOutcome.BROKEN_OFF, (f"promtool named no failed test: {why}",))
