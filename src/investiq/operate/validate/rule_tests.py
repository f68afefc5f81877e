"""The promtool tests pass; of each case that fails, which one, and how."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from investiq.foundation.findings import CheckResult, Finding, Place
from investiq.monitoring.checks.yaml_lines import line_of
from investiq.operate.validate.committed import RULE_TESTS, RULES
from investiq.operate.validate.documents import NotYaml, read_document, yaml_files
from investiq.operate.validate.program_checks import ProgramOutcome, run_program

__all__ = ["check_rule_tests"]

CHECK = "rule-tests"

_FAILED = re.compile(
    r"(?:^ +name: (?P<test>.+), *\n)?^ +(?:alertname: (?P<alert>.+)|expr: (?P<query>.+)), time: (?P<time>\S+), *$",
    re.MULTILINE,
)
_FIRES = "Labels:{"


def check_rule_tests(root: Path) -> CheckResult:
    """Run the tests of the repository at `root`."""
    paths = yaml_files(root / RULE_TESTS)
    if not paths:
        none = Finding(CHECK, Place.file(RULE_TESTS), "there is no promtool test at all", f"restore {RULE_TESTS}")
        return CheckResult(CHECK, "0 files of promtool tests", (none,))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [finding for found in pool.map(lambda path: list(_faults(root, path)), paths) for finding in found]
    return CheckResult(CHECK, f"{len(paths)} files of promtool tests", tuple(findings))


def _faults(root: Path, path: Path) -> Iterator[Finding]:
    shown = str(path.relative_to(root))
    try:
        document = read_document(path, root)
    except NotYaml as error:
        yield Finding(CHECK, error.place, error.message, error.fix)
        return
    if strangers := [file for file in document.get("rule_files", ()) if not _is_rendered(root, path, file)]:
        what = f"it tests {', '.join(strangers)}, which is not what runs"
        yield Finding(CHECK, Place.file(shown), what, f"let it load a file of ../../{RULES}")
        return
    outcome = run_program(["promtool", "test", "rules", str(path)])
    yield from _failures(shown, document, outcome) or outcome.findings(CHECK, Place.file(shown), _fix(shown))


def _is_rendered(root: Path, tests: Path, rules: str) -> bool:
    return (tests.parent / rules).resolve().parent == (root / RULES).resolve()


def _fix(path: str) -> str:
    return (
        "correct the alert's source and run `investiq render`, or the test, where the alert is as it should be; "
        f"`promtool test rules {path}` shows what was expected, and what came"
    )


def _failures(path: str, document: Mapping[str, Any], outcome: ProgramOutcome) -> list[Finding]:
    """One finding for each case that promtool names."""
    failed = list(_FAILED.finditer(outcome.output)) if outcome.refused else []
    ends = [*(match.start() for match in failed), len(outcome.output)][1:]
    lines = {str(test.get("name")): line_of(test) for test in document.get("tests", ()) if isinstance(test, dict)}
    return [
        Finding(
            CHECK,
            Place.file(path, line=lines.get(match["test"] or "")),
            _told(match, outcome.output[match.end() : end]),
            _fix(path),
        )
        for match, end in zip(failed, ends, strict=True)
    ]


def _told(failed: re.Match[str], sides: str) -> str:
    """What came, beside what was expected.

    Args:
        sides: what promtool prints of both.
    """
    when = f"after {failed['time']}" + (f" (test: {failed['test']})" if failed["test"] else "")
    if failed["query"]:
        return f"{failed['query']} has another result than expected {when}"
    expected, came = (side.count(_FIRES) for side in sides.partition("got:")[::2])
    return f"{failed['alert']} {_difference(expected, came)} {when}"


def _difference(expected: int, came: int) -> str:
    if expected == came:
        return "fires with other labels or texts"
    if not came:
        return "does not fire"
    return f"fires {came} times in place of {expected}" if expected else "fires, and should not,"
