"""Whether nginx at the edge would start as it is configured, and browsers accept its certificate."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from investiq.foundation.config import Config
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Place, PlaceKind
from investiq.foundation.subprocesses import StopSign, run, scratch_folder
from investiq.operate.edge.certificate_check import refused_by_browsers
from investiq.operate.edge.files import check_config, version_of, write_draft
from investiq.operate.edge.nginx import CONFIG_FILE, EdgeError, certificate_pair, edge_files
from investiq.operate.supervise.programs import find_all
from investiq.operate.validate.runner import could_not_check

__all__ = ["check_edge", "gixy_findings"]

_CHECK = "edge"
_PLACE = Place(PlaceKind.FILE, f"{CONFIG_FILE} of this machine", source="src/investiq/operate/edge")
_RENEW = "renew it, or name one for these hosts: docs/edge.md; then `investiq edge reload`"

_NOT_OURS = ("worker_rlimit_nofile_vs_connections",)
"""About worker processes, of which there are none."""


def check_edge(config: Config) -> CheckResult:
    """nginx and gixy over what it would be started with, and its certificate as browsers see it."""
    if not config.edge.enabled:
        return CheckResult(_CHECK, "edge.enabled is false: nothing to look at")
    nginx = find_all().get(_CHECK)
    if nginx is None:
        return could_not_check(_CHECK, _PLACE, "nginx is not installed", "sudo apt-get install nginx")
    try:
        files = edge_files(config, version_of(nginx))
        certificate, key = certificate_pair(config)
    except EdgeError as error:
        return CheckResult(_CHECK, findings=(Finding(_CHECK, _PLACE, error.message, error.fix),))
    with scratch_folder("investiq-edge-", StopSign()) as scratch:  # it holds tokens: gone whatever ends us
        write_draft(files, scratch / "edge")
        findings = [*_refusal(nginx, scratch / "edge"), *gixy_findings(scratch / "edge")]
    for why in refused_by_browsers(certificate, key, tuple(config.edge.names.values())):
        findings.append(Finding(_CHECK, Place.file(certificate), why, _RENEW))
    with_gixy = "nginx -t and gixy" if _has_gixy() else "nginx -t (gixy-ng is not installed)"
    return CheckResult(_CHECK, f"{with_gixy}, and the certificate for {len(config.edge.names)} names", tuple(findings))


def _refusal(nginx: str, folder: Path) -> Iterator[Finding]:
    if fault := check_config(nginx, folder):
        yield Finding(_CHECK, _PLACE, f"nginx refuses it: {fault}", EdgeError.fix, "it does not start with it")


def gixy_findings(folder: Path) -> Iterator[Finding]:
    """Mistakes that nginx accepts; nothing where gixy, which only those who change InvestIQ need, is not installed."""
    if not _has_gixy():
        return
    command = [sys.executable, "-m", "gixy.cli.main", "--format", "json", "--skips", ",".join(_NOT_OURS)]
    output = run([*command, str(folder / CONFIG_FILE)], 60.0, {}).output
    try:
        issues, _ = json.JSONDecoder().raw_decode(output)  # what it has to remark about itself comes behind
        what = [f"gixy finds {issue['plugin']}: {issue['reason'] or issue['summary']}" for issue in issues]
    except (ValueError, LookupError, TypeError):
        yield Finding(
            _CHECK, _PLACE, "gixy ended without a verdict", "run it by hand", severity=FindingSeverity.UNCHECKED
        )
        return
    fix = "correct the template in src/investiq/operate/edge"
    yield from (Finding(_CHECK, _PLACE, text, fix, severity=FindingSeverity.WARNING) for text in what)


def _has_gixy() -> bool:
    return find_spec("gixy") is not None
