"""A whole run: the tests on the unchanged rules, then on every mutant, some of them at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from investiq.foundation.errors import InvestIQError
from investiq.foundation.findings import Finding, FindingSeverity, Place
from investiq.foundation.subprocesses import StopSign, scratch_folder
from investiq.rule_mutation.baseline import check_baseline
from investiq.rule_mutation.bench import Bench
from investiq.rule_mutation.generate import unchanged_expressions
from investiq.rule_mutation.promtool import Promtool, find_promtool
from investiq.rule_mutation.results import results
from investiq.rule_mutation.rule import Mutant, Rule
from investiq.rule_mutation.suite import Suite
from investiq.rule_mutation.trials import Trials
from investiq.rule_mutation.verdict import CHECK, MutantVerdict, Report, judge_listed

__all__ = ["NothingToMutate", "Progress", "mutate"]

Progress = Callable[[int, int], None]
"""Is told how many mutants are done, and of how many."""


class NothingToMutate(InvestIQError):
    """No rule is left to mutate."""

    reason = "usage"


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

    Raises:
        PromtoolMissing: promtool is not installed.
        BaselineFails: the tests fail, or take too long, on the unchanged rules.
        NothingToMutate: there is no rule, or none of one of the names `only`.
    """
    started = time.monotonic()
    jobs = jobs or os.cpu_count() or 1
    rules = [rule for rule in suite.rules if not only or rule.name in only]
    wanted = [mutant for mutant in suite.mutants if not only or mutant.rule.name in only]
    _require_rules(suite, rules, only)
    verdicts = _verdicts(suite, wanted, jobs, timeout_seconds, progress)
    findings = [
        *_not_understood(rules),
        *judge_listed(suite.meant, {verdict.mutant.id: verdict for verdict in verdicts}),
    ]
    names = [one.tests.name for one in suite.tests]
    unchanged = unchanged_expressions(rules, wanted)
    return Report(rules, names, verdicts, findings, unchanged, time.monotonic() - started, jobs)


def _verdicts(
    suite: Suite, mutants: Sequence[Mutant], jobs: int, timeout_seconds: float, progress: Progress | None
) -> list[MutantVerdict]:
    program, stop = find_promtool(), StopSign()
    with scratch_folder("investiq-mutants-", stop) as folder, ThreadPoolExecutor(jobs) as pool:
        promtool = Promtool(program, folder, timeout_seconds, stop)
        try:
            bench = Bench.of(suite, promtool)
            check_baseline(suite, bench, pool)
            return _in_order(pool, Trials(suite, bench), mutants, progress)
        except BaseException:  # an interrupt too: whoever stops this waits for nothing that runs
            stop.up = True
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _in_order(
    pool: ThreadPoolExecutor, trials: Trials, mutants: Sequence[Mutant], progress: Progress | None
) -> list[MutantVerdict]:
    futures = [pool.submit(trials.verdict, mutant) for mutant in mutants]
    verdicts: list[MutantVerdict] = []
    for verdict in results(futures, trials.bench.promtool.stop):
        verdicts.append(verdict)
        if progress is not None:
            progress(len(verdicts), len(futures))
    return verdicts


def _require_rules(suite: Suite, rules: Sequence[Rule], only: Collection[str]) -> None:
    named = {rule.name for rule in rules}
    if unknown := sorted(set(only) - named):
        known = sorted({rule.name for rule in suite.rules})
        raise NothingToMutate(f"there is no rule {', '.join(unknown)}; there are {', '.join(known) or 'none'}")
    if not rules:
        raise NothingToMutate(_why_no_rule(suite))


def _why_no_rule(suite: Suite) -> str:
    if suite.files:
        return f"no rule in {', '.join(file.name for file in suite.files.values())}"
    named = [f"{', '.join(one.tests.patterns) or 'none'} in {one.tests.name}" for one in suite.tests]
    return f"no rule file: none is found by the `rule_files` {'; '.join(named)}"


def _not_understood(rules: Iterable[Rule]) -> Iterator[Finding]:
    for rule in rules:
        if rule.tree is None:
            place = Place.file(rule.file, rule.name, rule.line)
            fix = "only its other fields were changed: give the expression a form that Prometheus 2 and 3 both know"
            why = "nobody knows what its tests notice of it"
            yield Finding(CHECK, place, rule.problem or "not understood", fix, why, FindingSeverity.UNCHECKED)
