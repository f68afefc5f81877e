"""The tests on the rules as they are: they must pass, or their failing on a mutant would say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from investiq.foundation.errors import InvestIQError
from investiq.rule_mutation.promtool import Promtool, unknown_words
from investiq.rule_mutation.results import results
from investiq.rule_mutation.suite import LoadedTests, Suite

__all__ = ["BaselineFails", "check_baseline"]


class BaselineFails(InvestIQError):
    """The tests fail on the rules as they are."""

    reason = "baseline_fails"


def check_baseline(suite: Suite, promtool: Promtool, pool: ThreadPoolExecutor) -> None:
    """Run every test on every rule, its expression printed anew: a mutant differs from that in its change alone.

    Raises:
        BaselineFails: a test file fails, or takes too long.
    """
    originals = {path: promtool.scratch / f"rules-{i}-{path.name}" for i, path in enumerate(suite.files)}
    for path, copy in originals.items():
        copy.write_text(suite.files[path].rewritten(), "utf-8")
    checks = [pool.submit(_check, promtool, number, one, originals) for number, one in enumerate(suite.tests)]
    for _ in results(checks, promtool.stop):
        pass


def _check(promtool: Promtool, number: int, one: LoadedTests, copies: Mapping[Path, Path]) -> None:
    test = promtool.scratch / f"tests-{number}-{one.path.name}"
    test.write_text(one.tests.with_rule_files(str(copies.get(path, path)) for path in one.rule_files), "utf-8")
    run = promtool.test_rules(promtool.scratch, [test.name])
    if run.timed_out:
        what = f"promtool did not end in {promtool.timeout_seconds:g} s; --timeout gives it more"
        raise BaselineFails(f"{one.tests.name}: {what}")
    if run.succeeded:
        return
    unchanged = promtool.test_rules(one.path.parent, [one.path.name])
    output = (run if unchanged.succeeded else unchanged).output.strip()
    anew = "printing the expressions anew changed what they mean"
    why = anew if unchanged.succeeded else _what_to_mend(promtool, output)
    raise BaselineFails(f"{one.tests.name} fails on the unchanged rules ({why}):\n{output}")


def _what_to_mend(promtool: Promtool, output: str) -> str:
    unknown = unknown_words(output)
    if not unknown:
        return "mend the tests first"
    return f"{promtool.version()}, does not know {', '.join(unknown)}: a newer one may"
