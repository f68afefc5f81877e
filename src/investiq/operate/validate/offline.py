"""`investiq validate --offline`: reads the committed files and runs the programs' own checkers over them.

The judging is done by the pure checks of `monitoring.checks`; this module fetches what they judge.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from investiq.foundation import runbooks
from investiq.foundation.config import Config
from investiq.foundation.findings import CheckResult, Finding, Place
from investiq.foundation.subprocesses import StopSign, scratch_folder
from investiq.foundation.telemetry import catalogue
from investiq.foundation.topology import console_url
from investiq.foundation.vocabulary import Subject
from investiq.monitoring.checks.burn_rates import check_burn_rates
from investiq.monitoring.checks.coverage import check_coverage
from investiq.monitoring.checks.dashboards import check_dashboards
from investiq.monitoring.checks.exporters import check_foreign
from investiq.monitoring.checks.expressions import Expression, expressions, panel_expressions
from investiq.monitoring.checks.inhibitions import check_inhibitions
from investiq.monitoring.checks.labels import check_labels
from investiq.monitoring.checks.rates import check_rates
from investiq.monitoring.checks.references import check_references
from investiq.monitoring.checks.runbooks import check_runbooks
from investiq.monitoring.checks.sources import source_of
from investiq.monitoring.checks.thresholds import check_thresholds
from investiq.monitoring.checks.usage import check_usage
from investiq.monitoring.dashboards import dashboards_of
from investiq.monitoring.dashboards.events import EVENTS
from investiq.monitoring.exporters import EXTERNAL_METRICS
from investiq.monitoring.exporters.expositions import recordings
from investiq.monitoring.routing.routes import alertmanager_document
from investiq.monitoring.rules import ALERTS, CONDITIONAL
from investiq.monitoring.rules.rule_file import rule_document
from investiq.monitoring.rules.slo import alerts
from investiq.monitoring.rules.slo import recordings as recordings_of_slos
from investiq.monitoring.scraping.jobs import jobs
from investiq.monitoring.slo import slos_of
from investiq.operate.render.files import RenderError, render_committed, write_runtime
from investiq.operate.slo.status import READ
from investiq.operate.validate.committed import RULE_TESTS, RULES, committed_files
from investiq.operate.validate.documents import read_documents
from investiq.operate.validate.edge import check_edge
from investiq.operate.validate.program_checks import refusals
from investiq.operate.validate.rule_tests import check_rule_tests
from investiq.operate.validate.runner import FILES, run_check

__all__ = ["OFFLINE_CHECKS", "RULES", "RULE_TESTS", "validate_committed", "validate_offline"]

DASHBOARDS = "monitoring/grafana/dashboards"


def validate_committed(config: Config, only: Collection[str] | None = None) -> list[CheckResult]:
    """`validate_offline` of the clone that this package runs from; without one, of what this version renders."""
    with committed_files(StopSign()) as root:
        return validate_offline(root, config, only)


def validate_offline(root: Path, config: Config, only: Collection[str] | None = None) -> list[CheckResult]:
    """Every check that needs no running program, in the order of `OFFLINE_CHECKS`.

    Args:
        root: of the repository.
        config: whose runtime files are checked too, since they carry receivers that the committed ones do not.
        only: names of the checks to make; None makes all.
    """
    wanted = [name for name in OFFLINE_CHECKS if only is None or name in only]
    return [run_check(name, Place.file(root), partial(OFFLINE_CHECKS[name], root, config), FILES) for name in wanted]


def check_references_of(root: Path, config: Config) -> CheckResult:
    """See `monitoring.checks.references`."""
    # No rule at all is a finding, however many panels there are.
    found = _expressions(root) if read_documents(root, RULES) else []
    return check_references(found, [job.name for job in jobs(config)])


def check_rates_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.rates`."""
    return check_rates(_expressions(root))


def check_thresholds_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.thresholds`."""
    return check_thresholds(_expressions(root))


def check_burn_rates_of(root: Path, config: Config) -> CheckResult:
    """See `monitoring.checks.burn_rates`; also of the objectives of this machine."""
    slos = slos_of(config)
    own = rule_document(Subject.SLO, alerts(slos), console_url(config), recordings_of_slos(slos))
    return check_burn_rates({**read_documents(root, RULES), _MACHINE: own})


def check_labels_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.labels`."""
    return check_labels(_expressions(root))


def check_usage_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.usage`."""
    return check_usage(catalogue.ALL, _expressions(root), {recording.name for recording in READ})


def _expressions(root: Path) -> list[Expression]:
    """Those of the committed rules, and those of the panels that are drawn everywhere."""
    return [*expressions(read_documents(root, RULES)), *panel_expressions(dashboards_of(Config()), EVENTS)]


def check_dashboards_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.dashboards`."""
    paths = sorted((root / DASHBOARDS).glob("*.json"))
    return check_dashboards({f"{DASHBOARDS}/{path.name}": json.loads(path.read_text("utf-8")) for path in paths})


def check_foreign_of(_root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.foreign`."""
    return check_foreign(EXTERNAL_METRICS, recordings())


def check_coverage_of(root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.coverage`."""
    return check_coverage(ALERTS, read_documents(root, RULE_TESTS))


def check_inhibitions_of(_root: Path, config: Config) -> CheckResult:
    """See `monitoring.checks.inhibitions`."""
    return check_inhibitions(alertmanager_document(config))


def check_runbooks_of(_root: Path, _config: Config) -> CheckResult:
    """See `monitoring.checks.runbooks`."""
    return check_runbooks([*ALERTS, *CONDITIONAL], {subject: runbooks.text(subject) for subject in runbooks.names()})


def check_rendered(root: Path, _config: Config) -> CheckResult:
    """The committed files are what `investiq render` writes, and nothing else lies beside them."""
    rendered = render_committed()
    findings = [_differs(path) for path, text in rendered.items() if _read(root / path) != text]
    known = {root / path for path in rendered}
    orphans = [path for path in sorted((root / "monitoring").rglob("*")) if path.is_file() and path not in known]
    findings += (
        Finding("rendered", Place.file(path.relative_to(root)), "nothing renders this file", "remove it", _LOADED)
        for path in orphans
    )
    return CheckResult("rendered", f"{len(rendered)} files", tuple(findings))


_LOADED = "Prometheus and Grafana load whatever lies in their folders"


def _differs(path: PurePosixPath) -> Finding:
    fix = "run `investiq render` and commit the result; `investiq render --check` shows the difference"
    why = "the next `investiq render` writes it anew: what was edited here is lost"
    place = Place.file(path, source=source_of(path))
    return Finding("rendered", place, "it differs from what the source renders", fix, why)


def check_programs(root: Path, config: Config) -> CheckResult:
    """promtool, amtool and the blackbox exporter accept the committed files and those of this machine."""
    findings = refusals("programs", root / "monitoring", _committed)
    with scratch_folder("investiq-", StopSign()) as scratch:  # it holds tokens: gone whatever ends us
        try:
            write_runtime(config, scratch)
            findings += refusals("programs", scratch, partial(Place.file, _MACHINE))
        except RenderError as error:
            findings.append(Finding("programs", Place.file(_MACHINE), error.message, error.fix))
    return CheckResult("programs", "committed files and those of this machine", tuple(findings))


_MACHINE = "files of this machine"


def _committed(name: str) -> Place:
    path = f"monitoring/{name}"
    return Place.file(path, source=source_of(path))


def check_edge_of(_root: Path, config: Config) -> CheckResult:
    """See `edge`."""
    return check_edge(config)


def check_rule_tests_of(root: Path, _config: Config) -> CheckResult:
    """See `rule_tests`."""
    return check_rule_tests(root)


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


OFFLINE_CHECKS: Mapping[str, Callable[[Path, Config], CheckResult]] = {
    "rendered": check_rendered,
    "programs": check_programs,
    "edge": check_edge_of,
    "rule-tests": check_rule_tests_of,
    "references": check_references_of,
    "rates": check_rates_of,
    "thresholds": check_thresholds_of,
    "burn-rates": check_burn_rates_of,
    "labels": check_labels_of,
    "usage": check_usage_of,
    "dashboards": check_dashboards_of,
    "foreign": check_foreign_of,
    "inhibitions": check_inhibitions_of,
    "alert-tests": check_coverage_of,
    "runbooks": check_runbooks_of,
}
"""Name of each check -> the check; its findings carry the same name."""
