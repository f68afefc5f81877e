"""`investiq doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.findings import color_of, word_of
from investiq.cli.help import ExampleCommand
from investiq.foundation.findings import CheckResult, Finding, FindingSeverity, Verdict
from investiq.operate.doctor.examine import CHECKS, examine
from investiq.operate.doctor.installation import Installation, find_installation

__all__ = ["command"]

_CONTINUED = " " * 15


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq doctor", "check everything; exit code 0: all is right, 3: something is not"),
        ("investiq doctor ports disk", "only these"),
        ("investiq doctor --json | jq -r '.checks[].findings[].fix'", "what to do"),
    ),
)
@click.argument("checks", nargs=-1, metavar="[CHECK]...", type=click.Choice(list(CHECKS)))
@pass_command_context
def command(context: CommandContext, checks: tuple[str, ...]) -> int:
    """Check this installation, and say how to fix what is wrong. Nothing is changed.

    CHECK is one of clock, disk, secrets, data, ports, model, broker, rules and alert; without it, all are made. Some
    need a running InvestIQ; the others are made without one, too. `alert` sends a test alert to the inbox.
    """
    context.log_to_stderr()
    installation = find_installation(context.loaded)
    made = [_shown(context, installation, name) for name in CHECKS if not checks or name in checks]
    findings = [finding for result in made for finding in result.findings]
    document = {"well": not findings, "checks": [_document(result) for result in made]}
    context.emit("investiq.doctor/1", document, *_fixes(findings))
    context.say(f"{len(made)} checks: {_count(made) if findings else 'all is right'}")
    return ExitCode.FINDINGS if findings else ExitCode.DONE


def _shown(context: CommandContext, installation: Installation, name: str) -> CheckResult:
    # On a terminal a line that is redrawn, for a program (--json) a message: otherwise each check's own line will do.
    waits = context.json or context.stderr.isatty()
    with context.progress(f"checking {name}") if waits else contextlib.nullcontext():
        result = examine(installation, name)
    for line, style in _lines(result):
        context.show(line, style=style)
    return result


def _lines(result: CheckResult) -> Iterator[tuple[str, str | None]]:
    """What is shown of a check, each line with its colour; why something matters once for neighbours."""
    if not result.findings:
        yield f"{word_of(None):<5} {result.check:<8} {result.looked_at}", color_of(None)
    name = result.check
    for why, same in groupby(result.findings, key=lambda finding: finding.why):
        for finding in same:
            head = f"{word_of(finding.severity):<5} {name:<8}"
            yield f"{head} {finding.place}: {finding.what}", color_of(finding.severity)
            name = ""
        if why:
            yield f"{_CONTINUED}why: {why}", None
    for note in result.notes:
        yield f"{_CONTINUED}note: {note}", None


def _fixes(findings: Sequence[Finding]) -> list[str]:
    """Each fix once, however many findings it mends."""
    mended: dict[str, list[str]] = {}
    for finding in findings:
        checks = mended.setdefault(finding.fix, [])
        if finding.check not in checks:
            checks.append(finding.check)
    lines = [f"  {', '.join(checks)}: {fix}" for fix, checks in mended.items()]
    return ["", "What to do", *lines] if lines else []


def _count(results: Iterable[CheckResult]) -> str:
    worst = [result.severity for result in results]
    counts = {
        "wrong": worst.count(FindingSeverity.ERROR),
        "with a warning": worst.count(FindingSeverity.WARNING),
        "could not be checked in full": worst.count(FindingSeverity.UNCHECKED),
    }
    return ", ".join(f"{number} {word}" for word, number in counts.items() if number)


def _document(result: CheckResult) -> dict[str, Any]:
    verdict = "wrong" if result.verdict is Verdict.FINDINGS else result.verdict.value
    return {
        "check": result.check,
        "verdict": verdict,
        "looked_at": result.looked_at,
        "findings": [finding.document() for finding in result.findings],
        "notes": list(result.notes),
        "seconds": result.seconds,
    }
