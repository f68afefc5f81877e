"""The tests on the rules as they are, in the very form of a mutant: they must pass, or no failure says anything."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from investiq.foundation.errors import InvestIQError
from investiq.foundation.subprocesses import ProgramRun
from investiq.rule_mutation.bench import Bench
from investiq.rule_mutation.promtool import Promtool, named_failure, unknown_words
from investiq.rule_mutation.results import results
from investiq.rule_mutation.suite import LoadedTests, Suite

__all__ = ["BaselineFails", "check_baseline"]


class BaselineFails(InvestIQError):
    """The tests fail on the rules as they are."""

    reason = "baseline_fails"


def check_baseline(suite: Suite, bench: Bench, pool: ThreadPoolExecutor) -> None:
    """Run every test on every rule, its expression printed anew: a mutant differs from that in its change alone.

    Raises:
        BaselineFails: a test file fails, cannot be run, or takes too long.
    """
    checks = [pool.submit(_check, suite, bench, one, path) for one, path in _pairs(suite)]
    for _ in results(checks, bench.promtool.stop):
        pass


def _pairs(suite: Suite) -> Iterator[tuple[LoadedTests, Path | None]]:
    """Each test file with each rule file that is changed under it, or with none."""
    for one in suite.tests:
        changed = [path for path in one.rule_files if path in suite.files]
        yield from ((one, path) for path in changed or (None,))


def _check(suite: Suite, bench: Bench, one: LoadedTests, path: Path | None) -> None:
    run = _run(bench, one, path, suite.files[path].rewritten() if path else "")
    if run.timed_out:
        what = f"promtool did not end in {bench.promtool.timeout_seconds:g} s; --timeout gives it more"
        raise BaselineFails(f"{one.tests.name}: {what}")
    if run.succeeded:
        return
    unchanged = _run(bench, one, None, "")
    anew = "printing the expressions anew changed what they mean"
    why = anew if unchanged.succeeded else _what_to_mend(bench.promtool, unchanged.output)
    output = (run if unchanged.succeeded else unchanged).output.strip()
    raise BaselineFails(f"{one.tests.name} fails on the unchanged rules ({why}):\n{output}")


def _run(bench: Bench, one: LoadedTests, path: Path | None, text: str) -> ProgramRun:
    with bench.trial(path, text) as trial:
        return trial.run([(one, None)])


def _what_to_mend(promtool: Promtool, output: str) -> str:
    if unknown := unknown_words(output):
        return f"{promtool.version()}, does not know {', '.join(unknown)}: a newer one may"
    return "mend the tests first" if named_failure(output) else "promtool cannot run them: mend what it names"
