"""The command: which checks there are, and how they are run and shown."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click
import httpx2

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.clients.api import Refused
from investiq.foundation.errors import InvestIQError
from investiq.foundation.findings import Finding
from investiq.invest.market.kept_start import where_it_was
from investiq.operate.doctor import broker, clock, data, disk, model, ports, secret_files, watch
from investiq.operate.doctor.examination import Diagnosis, DoctorCheck, Installation, Verdict
from investiq.operate.supervise.parts import stack_table
from investiq.operate.supervise.stack_status import read_stack_status

__all__ = ["CHECKS", "command"]

CHECKS: Mapping[str, DoctorCheck] = {
    "clock": clock.check,
    "disk": disk.check,
    "secrets": secret_files.check,
    "data": data.check,
    "ports": ports.check,
    "model": model.check,
    "broker": broker.check,
    "rules": watch.check_rules,
    "alert": watch.check_alert,
}
"""Every check, those that need nothing to run first."""

_REFUSED = {
    True: "the API on that port may belong to another data_dir: see `investiq config show`, data_dir and client.key",
    False: "`investiq status` says how the API is",
}
_COLORS = {Verdict.OK: "green", Verdict.WRONG: "red", Verdict.UNCHECKED: "yellow"}
_WORDS = {Verdict.OK: "ok", Verdict.WRONG: "FAIL", Verdict.UNCHECKED: "?"}
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
    """Check this installation, and say how to mend what is wrong. Nothing is changed.

    CHECK is one of clock, disk, secrets, data, ports, model, broker, rules and alert; without it, all are made. Some
    need a running InvestIQ; the others are made without one, too. `alert` sends a test alert to the inbox.
    """
    context.log_to_stderr()
    # The parts speak plain HTTP: a context that trusts nobody saves loading the certificates of the world.
    with httpx2.Client(timeout=5, trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        installation = _patient(context, http)
        made = {name: _shown(context, installation, name) for name in CHECKS if not checks or name in checks}
    findings = [finding for diagnosis in made.values() for finding in diagnosis.findings]
    well = not findings
    context.emit(
        "investiq.doctor/1", {"well": well, "checks": [_document(*one) for one in made.items()]}, _fixes(findings)
    )
    context.say(f"{len(made)} checks: {'all is right' if well else _count(made.values())}")
    return ExitCode.DONE if well else ExitCode.FINDINGS


def _patient(context: CommandContext, http: httpx2.Client) -> Installation:
    config = where_it_was(context.loaded)
    return Installation(context.loaded, config, stack_table(config), asyncio.run(read_stack_status(config)), http)


def _shown(context: CommandContext, installation: Installation, name: str) -> Diagnosis:
    # On a terminal a line that is redrawn, for a program (--json) a message: otherwise each check's own line will do.
    waits = context.json or context.stderr.isatty()
    with context.progress(f"checking {name}") if waits else contextlib.nullcontext():
        diagnosis = _diagnosis(name, CHECKS[name], installation)
    for line in _lines(name, diagnosis):
        context.show(line, style=_COLORS[diagnosis.verdict])
    for note in diagnosis.notes:
        context.show(f"{_CONTINUED}note: {note}")
    return diagnosis


def _diagnosis(name: str, check: DoctorCheck, installation: Installation) -> Diagnosis:
    """The answer of a check; a question that nobody can answer is a finding, too."""
    try:
        return check(installation)
    except Refused as error:
        return _open(name, f"the API refuses: {error.message}", _REFUSED[error.status == 401])
    except InvestIQError as error:
        return _open(name, error.message, "`investiq status` names what is down")
    except httpx2.HTTPError as error:
        return _open(
            name, f"no answer in time: {error or type(error).__name__}", "`investiq status` names what is down"
        )
    except (LookupError, TypeError, ValueError) as error:
        what = f"something answers, but not as expected ({type(error).__name__}: {error})"
        return _open(name, what, "see which program has the port: `investiq doctor ports`")
    except OSError as error:
        return _open(name, str(error), "see whether this user may read it: `investiq doctor disk`")


def _open(name: str, what: str, fix: str) -> Diagnosis:
    return Diagnosis("nothing", [Finding(name, "-", f"could not be checked: {what}", fix, unchecked=True)])


def _lines(name: str, diagnosis: Diagnosis) -> list[str]:
    said = [f"{f.where}: {f.what}" for f in diagnosis.findings] or [diagnosis.looked_at]
    head = f"{_WORDS[diagnosis.verdict]:<5} {name:<8} "
    return [f"{_CONTINUED if number else head}{text}" for number, text in enumerate(said)]


def _fixes(findings: Sequence[Finding]) -> str:
    """Each fix once, however many findings it mends."""
    mended: dict[str, list[str]] = {}
    for finding in findings:
        checks = mended.setdefault(finding.fix, [])
        if finding.check not in checks:
            checks.append(finding.check)
    return (
        "\n".join(["", "What to do", *(f"  {', '.join(checks)}: {fix}" for fix, checks in mended.items())])
        if mended
        else ""
    )


def _count(diagnoses: Iterable[Diagnosis]) -> str:
    verdicts = [diagnosis.verdict for diagnosis in diagnoses]
    counts = {
        "wrong": verdicts.count(Verdict.WRONG),
        "could not be checked in full": verdicts.count(Verdict.UNCHECKED),
    }
    return ", ".join(f"{number} {word}" for word, number in counts.items() if number)


def _document(name: str, diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "check": name,
        "verdict": diagnosis.verdict,
        "looked_at": diagnosis.looked_at,
        "findings": [asdict(finding) for finding in diagnosis.findings],
        "notes": list(diagnosis.notes),
    }
