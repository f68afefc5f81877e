"""`investiq validate`: does the monitoring watch, and can its files be trusted?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from investiq.cli.context import Session, pass_session
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand

if TYPE_CHECKING:
    from investiq.monitoring.checks import Checked, Finding


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq validate", "ask the running monitoring whether it watches"),
        ("investiq validate --offline", "check the committed files, rules, tests and runbooks"),
        ("investiq validate --json | jq '.findings[].fix'", "what to do"),
    ),
)
@click.option("--offline", is_flag=True, help="Check files only; nothing needs to run.")
@pass_session
def command(session: Session, offline: bool) -> int:
    """Check the monitoring, and say how to mend what is wrong. Exit code 0: no finding; 3: findings."""
    checked = _offline(session) if offline else _live(session)
    findings = [finding for check in checked for finding in check.findings]
    document = {
        "checks": [{"check": c.check, "looked_at": c.looked_at, "findings": len(c.findings)} for c in checked],
        "findings": [asdict(finding) for finding in findings],
    }
    session.emit("investiq.validate/1", document, "\n".join(line for check in checked for line in _lines(check)))
    session.say(f"{len(checked)} checks, {len(findings) or 'no'} finding{'s' if len(findings) > 1 else ''}")
    return ExitCode.FINDINGS if findings else ExitCode.DONE


def _offline(session: Session) -> Sequence[Checked]:
    from investiq.stack.validate import checkout, validate_offline  # noqa: PLC0415  not needed by the live checks

    return validate_offline(checkout(), session.loaded.config)


def _live(session: Session) -> Sequence[Checked]:
    import httpx2  # noqa: PLC0415  not needed by the offline checks

    from investiq.stack.launch import missing_jobs  # noqa: PLC0415
    from investiq.stack.parts import stack_table  # noqa: PLC0415
    from investiq.stack.validate_live import validate_live  # noqa: PLC0415

    config = session.loaded.config
    with httpx2.Client(timeout=10, trust_env=False) as client:
        return validate_live(config, client, missing_jobs(stack_table(config)))


def _lines(check: Checked) -> list[str]:
    verdict = "ok  " if not check.findings else "FAIL" if any(not f.unchecked for f in check.findings) else "?   "
    return [f"{verdict} {check.check}: {check.looked_at}", *map(_text, check.findings)]


def _text(finding: Finding) -> str:
    return f"     {finding.where}: {finding.what}\n       fix: {finding.fix}"
