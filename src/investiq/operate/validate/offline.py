"""`investiq validate --offline`: reads the committed files and runs the programs' own checkers over them.

The judging is done by the pure checks of `monitoring.checks`; this module fetches what they judge.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from investiq.foundation import runbooks
from investiq.foundation.config import Config
from investiq.foundation.errors import InvestIQError
from investiq.foundation.findings import CheckResult, Finding
from investiq.foundation.telemetry import catalogue
from investiq.monitoring.checks.coverage import check_coverage
from investiq.monitoring.checks.dashboards import check_dashboards
from investiq.monitoring.checks.exporters import check_foreign
from investiq.monitoring.checks.expressions import Expression, expressions, panel_expressions
from investiq.monitoring.checks.labels import check_labels
from investiq.monitoring.checks.rates import check_rates
from investiq.monitoring.checks.references import check_references
from investiq.monitoring.checks.runbooks import check_runbooks
from investiq.monitoring.checks.thresholds import check_thresholds
from investiq.monitoring.checks.usage import check_usage
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.dashboards.events import EVENTS
from investiq.monitoring.exporters import EXTERNAL_METRICS
from investiq.monitoring.exporters.expositions import recordings
from investiq.monitoring.rules import ALERTS, CONDITIONAL
from investiq.monitoring.scraping.jobs import jobs
from investiq.operate.render.files import RenderError, render_committed, write_runtime
from investiq.operate.slo.status import READ
from investiq.operate.validate.program_checks import refusals, run_checker

__all__ = ["OFFLINE_CHECKS", "NoCheckout", "checkout", "validate_offline"]

RULES = "monitoring/rules"
DASHBOARDS = "monitoring/grafana/dashboards"
RULE_TESTS = "tests/rules"


class NoCheckout(InvestIQError):
    """The committed files are not there: InvestIQ is installed without its repository."""

    reason = "no_checkout"


def checkout() -> Path:
    """The root of the repository that this package runs from.

    Raises:
        NoCheckout: the package was installed without it.
    """
    root = Path(__file__).resolve().parents[4]
    if not (root / "pyproject.toml").is_file() or not (root / "monitoring").is_dir():
        raise NoCheckout(f"{root} is not a clone of InvestIQ: run this from the clone that `make up` was typed in")
    return root


def validate_offline(root: Path, config: Config, only: Collection[str] | None = None) -> list[CheckResult]:
    """Every check that needs no running program, in the order of `OFFLINE_CHECKS`.

    Args:
        root: of the repository.
        config: whose runtime files are checked too, since they carry receivers that the committed ones do not.
        only: names of the checks to make; None makes all.
    """
    return [check(root, config) for name, check in OFFLINE_CHECKS.items() if only is None or name in only]


def check_references_of(root: Path, config: Config) -> CheckResult:
    """See `monitoring.checks.references`."""
    # No rule at all is a finding, however many panels there are.
    found = _expressions(root) if _documents(root, RULES) else []
    return check_references(found, [job.name for job in jobs(config)])


def check_rates_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.rates`."""
    return check_rates(_expressions(root))


def check_thresholds_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.thresholds`."""
    return check_thresholds(_expressions(root))


def check_labels_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.labels`."""
    return check_labels(_expressions(root))


def check_usage_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.usage`."""
    return check_usage(catalogue.ALL, _expressions(root), {recording.name for recording in READ})


def _expressions(root: Path) -> list[Expression]:
    """Those of the committed rules, and those of the panels that are drawn everywhere."""
    return [*expressions(_documents(root, RULES)), *panel_expressions(dashboards_of(Config()), EVENTS)]


def check_dashboards_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.dashboards`."""
    paths = sorted((root / DASHBOARDS).glob("*.json"))
    return check_dashboards({f"{DASHBOARDS}/{path.name}": json.loads(path.read_text("utf-8")) for path in paths})


def check_foreign_of(_root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.foreign`."""
    return check_foreign(EXTERNAL_METRICS, recordings())


def check_coverage_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.coverage`."""
    return check_coverage(ALERTS, _documents(root, RULE_TESTS))


def check_runbooks_of(_root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.runbooks`."""
    return check_runbooks([*ALERTS, *CONDITIONAL], {subject: runbooks.text(subject) for subject in runbooks.names()})


def check_rendered(root: Path, _config: Config) -> CheckResult:
    """The committed files are what `investiq render` writes, and nothing else lies beside them."""
    rendered = render_committed()
    findings = [_differs(path.as_posix()) for path, text in rendered.items() if _read(root / path) != text]
    known = {root / path for path in rendered}
    orphans = [path for path in sorted((root / "monitoring").rglob("*")) if path.is_file() and path not in known]
    findings += (
        Finding("rendered", str(path.relative_to(root)), "nothing renders this file", "remove it") for path in orphans
    )
    return CheckResult("rendered", f"{len(rendered)} files", tuple(findings))


def _differs(path: str) -> Finding:
    fix = "run `investiq render` and commit the result; `investiq render --check` shows the difference"
    return Finding("rendered", path, "it differs from what the source renders", fix)


def check_programs(root: Path, config: Config) -> CheckResult:
    """promtool, amtool and the blackbox exporter accept the committed files and those of this machine."""
    findings = refusals("programs", "committed files", root / "monitoring")
    with TemporaryDirectory(prefix="investiq-") as scratch:
        try:
            write_runtime(config, Path(scratch))
            findings += refusals("programs", "files of this machine", Path(scratch))
        except RenderError as error:
            fix = "correct the setting: `investiq config show` names its source"
            findings.append(Finding("programs", "files of this machine", error.message, fix))
    return CheckResult("programs", "committed files and those of this machine", tuple(findings))


def check_rule_tests(root: Path, _config: Config) -> CheckResult:
    """The promtool tests pass."""
    paths = _yaml_files(root / RULE_TESTS)
    if not paths:
        none = Finding("rule-tests", RULE_TESTS, "there is no promtool test at all", f"restore {RULE_TESTS}")
        return CheckResult("rule-tests", "0 files of promtool tests", (none,))

    def run(path: Path) -> list[Finding]:
        if strangers := [file for file in _parsed(path).get("rule_files", ()) if not _is_rendered(root, path, file)]:
            what = f"it tests {', '.join(strangers)}, which is not what runs"
            return [Finding("rule-tests", f"{RULE_TESTS}/{path.name}", what, f"let it load a file of ../../{RULES}")]
        command = ["promtool", "test", "rules", str(path)]
        fix = "correct the alert's source and run `investiq render`; or the test, where the alert is as it should be"
        return run_checker("rule-tests", f"{RULE_TESTS}/{path.name}", command, fix)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [finding for found in pool.map(run, paths) for finding in found]
    return CheckResult("rule-tests", f"{len(paths)} files of promtool tests", tuple(findings))


def _is_rendered(root: Path, tests: Path, rules: str) -> bool:
    return (tests.parent / rules).resolve().parent == (root / RULES).resolve()


def _documents(root: Path, folder: str) -> dict[str, Mapping[str, Any]]:
    return {f"{folder}/{path.name}": _parsed(path) for path in _yaml_files(root / folder)}


def _parsed(path: Path) -> Mapping[str, Any]:
    document = yaml.safe_load(path.read_text("utf-8"))
    return document if isinstance(document, dict) else {}


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yml"))


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


OFFLINE_CHECKS: Mapping[str, Callable[[Path, Config], CheckResult]] = {
    "rendered": check_rendered,
    "programs": check_programs,
    "rule-tests": check_rule_tests,
    "references": check_references_of,
    "rates": check_rates_of,
    "thresholds": check_thresholds_of,
    "labels": check_labels_of,
    "usage": check_usage_of,
    "dashboards": check_dashboards_of,
    "foreign": check_foreign_of,
    "alert-tests": check_coverage_of,
    "runbooks": check_runbooks_of,
}
"""Name of each check -> the check; its findings carry the same name."""
