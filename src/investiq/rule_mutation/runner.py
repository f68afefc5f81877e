"""`investiq rules mutate`: writes each mutant to a folder of its own and runs the promtool tests on it.

A mutant meets one group of tests after the other: first those that have killed most mutants of its rule, then those
that ask for the rule itself, then those that ask for one that reads it, the quickest first. What fails there fails in
the whole files too; what passes meets the whole files before it counts as a survivor. So the short way never lies.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from investiq.foundation.errors import InvestIQError
from investiq.foundation.findings import Finding, FindingSeverity, Place
from investiq.foundation.subprocesses import SHORT_LIVED
from investiq.rule_mutation.equivalents import FILE_NAME, EquivalentMutant, read_equivalents
from investiq.rule_mutation.generate import mutants_of
from investiq.rule_mutation.promtool_tests import TestFile, affected_names
from investiq.rule_mutation.rule import Mutant, Rule
from investiq.rule_mutation.rule_file import RuleFile
from investiq.rule_mutation.siblings import NONE_KNOWN, Families
from investiq.rule_mutation.verdict import CHECK, MutantVerdict, MutationOutcome, Report, judge_listed

__all__ = ["BaselineFails", "NoSuchFile", "NothingToMutate", "PromtoolMissing", "Suite", "load_suite", "mutate"]

Progress = Callable[[int, int], None]

_MUTANT = "mutant.yml"
_TEST_NAME = re.compile(r"^\s+name: (.+),\s*$", re.MULTILINE)
_UNKNOWN = re.compile(r'(?:field |unknown function with name ")(\w+)(?: not found in type|")')
_FAILED_TEST = re.compile(r"^\s+exp:|time: \S+, err:", re.MULTILINE)


class PromtoolMissing(InvestIQError):
    """promtool is not installed."""

    reason = "promtool_missing"


class NoSuchFile(InvestIQError):
    """A file that was named cannot be read."""

    reason = "usage"


class NothingToMutate(InvestIQError):
    """No rule is left to mutate."""

    reason = "usage"


class BaselineFails(InvestIQError):
    """The tests fail on the rules as they are, so their failing on a mutant would say nothing."""

    reason = "baseline_fails"


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
        rules: by absolute path: the files to mutate.
        tests: all test files.
        listed: mutants that are said to be equivalent.
        context: rules of further files that the tests load.
        families: metrics that are confused with each other.
    """

    rules: Mapping[Path, RuleFile]
    tests: Sequence[LoadedTests]
    listed: Sequence[EquivalentMutant]
    context: Sequence[Rule]
    families: Families

    @property
    def mutants(self) -> list[Mutant]:
        """Every mutant of every rule."""
        rules = [rule for file in self.rules.values() for rule in file.rules]
        return mutants_of(rules, families=self.families)


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
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoSuchFile(f"{path} cannot be read: {error}") from error


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def mutate(
    suite: Suite,
    *,
    only: Collection[str] = (),
    jobs: int | None = None,
    timeout_seconds: float = 60.0,
    progress: Progress | None = None,
) -> Report:
    """Run the tests on every mutant.

    Args:
        only: names of the rules to mutate; none means all.
        jobs: mutants at a time; None takes one for each CPU.
        timeout_seconds: for one run of promtool.
        progress: is told how many mutants are done, of how many.

    Raises:
        PromtoolMissing: promtool is not installed.
        BaselineFails: the tests fail, or take too long, on the unchanged rules.
        NothingToMutate: there is no rule, or none of one of the names `only`.
    """
    started = time.monotonic()
    jobs = jobs or os.cpu_count() or 1
    mutants = suite.mutants
    rules = [rule for file in suite.rules.values() for rule in file.rules if not only or rule.name in only]
    wanted = [mutant for mutant in mutants if not only or mutant.rule.name in only]
    _require_rules(suite, rules, only)
    with _scratch() as folder, ThreadPoolExecutor(jobs) as pool:
        runner = _Runner(suite, folder, _promtool(), timeout_seconds)
        runner.check_baseline(pool)
        try:
            verdicts = _in_order(pool, runner, wanted, progress)
        except BaseException:  # an interrupt too: whoever stops this waits for the running mutants, not for all
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    findings = [*_not_understood(rules), *_judged(suite, mutants, verdicts)]
    names = [one.tests.name for one in suite.tests]
    return Report(rules, names, verdicts, findings, time.monotonic() - started, jobs)


def _in_order(
    pool: ThreadPoolExecutor, runner: _Runner, mutants: Sequence[Mutant], progress: Progress | None
) -> list[MutantVerdict]:
    futures = [pool.submit(runner.verdict, mutant) for mutant in mutants]
    for done, _ in enumerate(as_completed(futures), start=1):
        if progress is not None:
            progress(done, len(futures))
    return [future.result() for future in futures]


def _require_rules(suite: Suite, rules: Sequence[Rule], only: Collection[str]) -> None:
    named = {rule.name for rule in rules}
    if unknown := sorted(set(only) - named):
        known = sorted({rule.name for file in suite.rules.values() for rule in file.rules})
        raise NothingToMutate(f"there is no rule {', '.join(unknown)}; there are {', '.join(known) or 'none'}")
    if not rules:
        raise NothingToMutate(_why_no_rule(suite))


def _why_no_rule(suite: Suite) -> str:
    if suite.rules:
        return f"no rule in {', '.join(file.name for file in suite.rules.values())}"
    named = [f"{', '.join(one.tests.patterns) or 'none'} in {one.tests.name}" for one in suite.tests]
    return f"no rule file: none is found by the `rule_files` {'; '.join(named)}"


def _not_understood(rules: Iterable[Rule]) -> Iterator[Finding]:
    for rule in rules:
        if rule.tree is None:
            place = Place.file(rule.file, rule.name, rule.line)
            fix = "its other fields were changed; its expression needs a newer promql-parser, or a simpler form"
            why = "nobody knows what its tests notice of it"
            yield Finding(CHECK, place, rule.problem or "not understood", fix, why, FindingSeverity.UNCHECKED)


def _judged(suite: Suite, mutants: Sequence[Mutant], verdicts: Sequence[MutantVerdict]) -> list[Finding]:
    by_id = {mutant.id: mutant for mutant in mutants}
    return judge_listed(suite.listed, by_id, {verdict.mutant.id: verdict for verdict in verdicts})


def _promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        raise PromtoolMissing("promtool is not installed: it comes with Prometheus (Debian: apt install prometheus)")
    return found


@contextmanager
def _scratch() -> Iterator[Path]:
    with TemporaryDirectory(prefix="investiq-mutants-") as folder:
        yield Path(folder)


_Group = tuple[str, int]
"""A group of tests: the name of its file, and its position there."""

_Selection = Sequence[tuple[LoadedTests, Collection[int] | None]]
"""Test files, each with the positions of the groups to run; None runs all."""


@dataclass(frozen=True, slots=True)
class _Run:
    passed: bool
    output: str
    seconds: float
    timed_out: bool = False


@dataclass(frozen=True)
class _Runner:
    """Runs promtool on mutants; safe to use from several threads, since each mutant has a folder of its own."""

    suite: Suite
    folder: Path
    promtool: str
    timeout_seconds: float
    _kills: dict[int, Counter[_Group]] = field(default_factory=dict)
    _seconds: dict[_Group, float] = field(default_factory=dict)
    _names: dict[int, set[str]] = field(default_factory=dict)

    def check_baseline(self, pool: ThreadPoolExecutor) -> None:
        """Every test passes on every rule, its expression printed anew."""
        originals = {path: self.folder / f"rules-{i}-{path.name}" for i, path in enumerate(self.suite.rules)}
        for path, copy in originals.items():
            copy.write_text(self.suite.rules[path].rewritten(), "utf-8")
        checks = [pool.submit(self._check, number, one, originals) for number, one in enumerate(self.suite.tests)]
        for check in checks:
            check.result()

    def _check(self, number: int, one: LoadedTests, copies: Mapping[Path, Path]) -> None:
        test = self.folder / f"tests-{number}-{one.path.name}"
        test.write_text(one.tests.with_rule_files(str(copies.get(path, path)) for path in one.rule_files), "utf-8")
        run = self._promtool_test(self.folder, [test.name])
        if run.timed_out:
            raise BaselineFails(
                f"{one.tests.name}: promtool did not end in {self.timeout_seconds:g} s; --timeout gives it more"
            )
        if run.passed:
            return
        unchanged = self._promtool_test(one.path.parent, [one.path.name])
        output = (run if unchanged.passed else unchanged).output.strip()
        why = "printing the expressions anew changed what they mean" if unchanged.passed else self._what_to_mend(output)
        raise BaselineFails(f"{one.tests.name} fails on the unchanged rules ({why}):\n{output}")

    def _what_to_mend(self, output: str) -> str:
        unknown = list(dict.fromkeys(_UNKNOWN.findall(output)))
        if not unknown:
            return "mend the tests first"
        version = self._run(self.folder, ["--version"]).output.partition(" (")[0]
        return f"{version}, does not know {', '.join(unknown)}: a newer one may"

    def verdict(self, mutant: Mutant) -> MutantVerdict:
        """What becomes of a mutant."""
        if mutant.proof:
            return MutantVerdict(mutant, MutationOutcome.PROVEN, (mutant.proof,))
        path = next(path for path, file in self.suite.rules.items() if mutant.rule in file.rules)
        tests = [one for one in self.suite.tests if path in one.rule_files]
        if not tests:
            return MutantVerdict(mutant, MutationOutcome.UNTESTED, ("no test file loads its rule file",))
        names = self._affected(mutant.rule)
        if not any(one.tests.concerning(names) for one in tests):
            return MutantVerdict(
                mutant, MutationOutcome.UNTESTED, ("no test asks for it, nor for a rule that reads it",)
            )
        with TemporaryDirectory(dir=self.folder) as folder:
            (Path(folder) / _MUTANT).write_text(self.suite.rules[path].with_change(mutant.rule, mutant.change), "utf-8")
            return self._meet(mutant, Path(folder), path, self._stages(mutant, tests, names))

    def _meet(self, mutant: Mutant, folder: Path, path: Path, stages: Iterable[_Selection]) -> MutantVerdict:
        for stage, selection in enumerate(stages):
            files = [
                _write(folder, f"{stage}-{number}.yml", one, path, groups)
                for number, (one, groups) in enumerate(selection)
            ]
            run = self._promtool_test(folder, files)
            if run.timed_out:
                return MutantVerdict(
                    mutant, MutationOutcome.TIMED_OUT, (f"promtool did not end in {self.timeout_seconds:g} s",)
                )
            self._remember(mutant.rule, selection, run.seconds, killed=not run.passed)
            if not run.passed:
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

    def _noticed(self, mutant: Mutant, folder: Path, run: _Run) -> MutantVerdict:
        if not _FAILED_TEST.search(run.output):
            check = self._run(folder, ["check", "rules", _MUTANT])
            if not check.passed:
                return MutantVerdict(mutant, MutationOutcome.INVALID, (check.output.strip(),))
            why = run.output.strip().partition("\n")[0] or "it printed nothing: killed, for want of memory perhaps"
            return MutantVerdict(mutant, MutationOutcome.BROKEN_OFF, (f"promtool named no failed test: {why}",))
        return MutantVerdict(mutant, MutationOutcome.KILLED, tuple(dict.fromkeys(_TEST_NAME.findall(run.output))))

    def _survivor(self, mutant: Mutant) -> MutantVerdict:
        entry = next((entry for entry in self.suite.listed if entry.id == mutant.id), None)
        if entry is not None and entry.describes(mutant):
            return MutantVerdict(mutant, MutationOutcome.LISTED, (entry.reason,))
        return MutantVerdict(mutant, MutationOutcome.SURVIVED)

    def _affected(self, rule: Rule) -> set[str]:
        if id(rule) not in self._names:
            rules = (one for file in self.suite.rules.values() for one in file.rules)
            self._names[id(rule)] = affected_names(rule, [*rules, *self.suite.context])
        return self._names[id(rule)]

    def _promtool_test(self, folder: Path, files: Sequence[str]) -> _Run:
        return self._run(folder, ["test", "rules", *files])

    def _run(self, folder: Path, arguments: Sequence[str]) -> _Run:
        environment = {**os.environ, **SHORT_LIVED, "TMPDIR": str(self.folder)}
        started = time.monotonic()
        try:
            done = subprocess.run(
                [self.promtool, *arguments],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=self.timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _Run(passed=False, output="", seconds=self.timeout_seconds, timed_out=True)
        return _Run(done.returncode == 0, done.stdout + done.stderr, time.monotonic() - started)


def _groups(tests: Iterable[LoadedTests], names: Collection[str]) -> set[_Group]:
    """Those that ask for one of these alerts or series."""
    return {(one.tests.name, position) for one in tests for position in one.tests.concerning(names)}


def _write(folder: Path, name: str, one: LoadedTests, mutated: Path, groups: Collection[int] | None) -> str:
    """The test file in the mutant's folder, with the mutant in place of its original."""
    paths = (_MUTANT if path == mutated else str(path) for path in one.rule_files)
    (folder / name).write_text(one.tests.with_rule_files(paths, groups), "utf-8")
    return name
