"""`investiq validate --offline`: reads the committed files and runs the programs' own checkers over them.

The judging is done by the pure checks of `monitoring.checks`; this module fetches what they judge.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from investiq.config import Config
from investiq.errors import InvestIQError
from investiq.monitoring.checks import Checked, Finding
from investiq.monitoring.checks.coverage import check_coverage
from investiq.monitoring.checks.references import check_references
from investiq.monitoring.checks.runbooks import check_runbooks
from investiq.monitoring.jobs import jobs
from investiq.monitoring.rules import ALERTS
from investiq.stack.render import RenderError, render_committed, write_runtime

__all__ = ["NoCheckout", "checkout", "validate_offline"]

_SECONDS = 60


class NoCheckout(InvestIQError):
    """The committed files are not there: InvestIQ is installed without its repository."""

    reason = "no_checkout"


def checkout() -> Path:
    """The root of the repository that this package runs from.

    Raises:
        NoCheckout: the package was installed without it.
    """
    root = Path(__file__).resolve().parents[3]
    if not (root / "pyproject.toml").is_file() or not (root / "monitoring").is_dir():
        raise NoCheckout(f"{root} is not a clone of InvestIQ: run this from the clone that `make up` was typed in")
    return root


def validate_offline(root: Path, config: Config) -> list[Checked]:
    """Every check that needs no running program.

    Args:
        root: of the repository.
        config: whose runtime files are checked too, since they carry receivers that the committed ones do not.
    """
    rules, tests = _documents(root, "monitoring/rules"), _documents(root, "tests/rules")
    runbooks = {f"docs/runbooks/{path.name}": path.read_text("utf-8") for path in root.glob("docs/runbooks/*.md")}
    return [
        check_rendered(root),
        _accepted("committed files", root / "monitoring"),
        _runtime_accepted(config),
        _rule_tests(root, tests),
        check_references(rules, [job.name for job in jobs(config)]),
        check_coverage(ALERTS, tests),
        check_runbooks(ALERTS, runbooks),
    ]


def check_rendered(root: Path) -> Checked:
    """The committed files are what `investiq render` writes, and nothing else lies beside them."""
    rendered = render_committed()
    findings = [_differs(path.as_posix()) for path, text in rendered.items() if _read(root / path) != text]
    known = {root / path for path in rendered}
    orphans = [path for path in sorted((root / "monitoring").rglob("*")) if path.is_file() and path not in known]
    findings += (
        Finding("rendered", str(path.relative_to(root)), "nothing renders this file", "remove it") for path in orphans
    )
    return Checked("rendered", f"{len(rendered)} files", tuple(findings))


def _differs(path: str) -> Finding:
    fix = "run `investiq render` and commit the result; `investiq render --check` shows the difference"
    return Finding("rendered", path, "it differs from what the source renders", fix)


def _accepted(what: str, directory: Path) -> Checked:
    """promtool, amtool and the blackbox exporter accept the files in `directory`."""
    commands = {
        "prometheus.yml": ("promtool", "check", "config"),
        "alertmanager.yml": ("amtool", "check-config"),
        "blackbox.yml": (_blackbox(), "--config.check", "--config.file"),
    }
    findings: list[Finding] = []
    for name, command in commands.items():
        findings += _run("programs", f"{what}: {name}", [*command, str(directory / name)])
    return Checked("programs", f"{what}: {', '.join(commands)}", tuple(findings))


def _runtime_accepted(config: Config) -> Checked:
    what = "files of this machine"
    with TemporaryDirectory(prefix="investiq-") as scratch:
        try:
            write_runtime(config, Path(scratch))
        except RenderError as error:
            finding = Finding("programs", what, error.message, "correct it: `investiq config show` names its source")
            return Checked("programs", what, (finding,))
        return _accepted(what, Path(scratch))


def _rule_tests(root: Path, tests: Collection[str]) -> Checked:
    paths = sorted(str(root / path) for path in tests)
    findings = (
        _run("rule-tests", "tests/rules", ["promtool", "test", "rules", *paths])
        if paths
        else [Finding("rule-tests", "tests/rules", "there is no promtool test at all", "restore tests/rules")]
    )
    return Checked("rule-tests", f"{len(paths)} files of promtool tests", tuple(findings))


def _run(check: str, where: str, command: list[str]) -> list[Finding]:
    """What a program has to say against a file; a program that is not there leaves the file unchecked."""
    if shutil.which(command[0]) is None:
        fix = "install the monitoring programs (`make up` does)"
        return [Finding(check, where, f"{command[0]} is not installed", fix, unchecked=True)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return [Finding(check, where, f"{command[0]} did not end in {_SECONDS} s", "run it by hand", unchecked=True)]
    if done.returncode == 0:
        return []
    said = _complaint(done.stdout + done.stderr)
    return [Finding(check, where, f"{command[0]} refuses it: {said}", "correct the source and run `investiq render`")]


def _complaint(output: str) -> str:
    """The lines of a checker's output that say what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    wrong = [line for line in lines if not line.startswith(("Checking", "SUCCESS", "Unit Testing"))]
    return "; ".join(wrong[:8]) or "it gives no reason"


def _blackbox() -> str:
    names = ("prometheus-blackbox-exporter", "blackbox_exporter")
    return next((name for name in names if shutil.which(name)), names[0])


def _documents(root: Path, folder: str) -> dict[str, Mapping[str, Any]]:
    return {f"{folder}/{path.name}": _parsed(path) for path in _yaml_files(root / folder)}


def _parsed(path: Path) -> Mapping[str, Any]:
    document = yaml.safe_load(path.read_text("utf-8"))
    return document if isinstance(document, dict) else {}


def _yaml_files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.yml"))


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None
