"""`investiq validate`: does the monitoring watch, and can its files be trusted?"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import Validation
from investiq.cli.help import ExampleCommand
from investiq.foundation.number_options import NumberRange

if TYPE_CHECKING:
    from investiq.foundation.findings import CheckResult, Finding

_FILE = click.Path(path_type=Path)


class _Command(ExampleCommand):
    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), code.meaning) for code in Validation])


def _base(_ctx: click.Context, _parameter: click.Parameter, url: str | None) -> str | None:
    """The base address without a final slash."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise click.BadParameter(f"{url!r} is no base address; expected one such as https://prometheus.example.org")
    if parts.username is not None:
        raise click.BadParameter("do not put a password in an address: use --basic-auth-file")
    return url.rstrip("/")


@click.command(
    cls=_Command,
    examples=(
        ("investiq validate", "check the running monitoring"),
        ("investiq validate --offline", "check the committed files, rules, tests and runbooks"),
        ("investiq validate --only panels --only rules", "only these checks"),
        ("investiq validate --prometheus https://prometheus.example.org", "ask a Prometheus elsewhere"),
        ("investiq validate --json | jq '.findings[].fix'", "what to do"),
    ),
)
@click.option("--offline", is_flag=True, help="Check files only; nothing needs to run.")
@click.option("--only", multiple=True, metavar="CHECK", help="Only this check; repeatable.")
@click.option("--prometheus", metavar="URL", callback=_base, help="Base address of another Prometheus.")
@click.option("--alertmanager", metavar="URL", callback=_base, help="Base address of another Alertmanager.")
@click.option("--token-file", type=_FILE, help="File with a bearer token for those addresses.")
@click.option("--basic-auth-file", type=_FILE, help="File with user:password for those addresses.")
@click.option("--ca-file", type=_FILE, help="Certificates (PEM) to trust for those addresses.")
@click.option(
    "--wait",
    "wait_seconds",
    type=NumberRange(min=0),
    metavar="SECONDS",
    help="Keep retrying failed checks for this long. Default: 60 just after a start, else 0.",
)
@pass_command_context
def command(
    context: CommandContext,
    *,
    offline: bool,
    only: tuple[str, ...],
    prometheus: str | None,
    alertmanager: str | None,
    token_file: Path | None,
    basic_auth_file: Path | None,
    ca_file: Path | None,
    wait_seconds: float | None,
) -> int:
    """Check the monitoring, and say how to fix what is wrong. Nothing is changed.

    docs/validation.md says what each check looks at.
    """
    access = {"token_file": token_file, "basic_auth_file": basic_auth_file, "ca_file": ca_file}
    addresses = {"prometheus": prometheus, "alertmanager": alertmanager}
    live_options = {**addresses, **access, "wait": wait_seconds}
    if offline and (given := [name for name, value in live_options.items() if value is not None]):
        raise click.UsageError(f"--{given[0].replace('_', '-')} is for the running monitoring, not for --offline")
    if not any(addresses.values()) and (given := [name for name, value in access.items() if value is not None]):
        raise click.UsageError(f"--{given[0].replace('_', '-')} is for --prometheus and --alertmanager")
    started = time.monotonic()
    checked = _offline(context, only) if offline else _live(context, only, addresses, access, wait_seconds)
    return _tell(context, checked, time.monotonic() - started)


def _offline(context: CommandContext, only: Collection[str]) -> Sequence[CheckResult]:
    from investiq.operate.validate.offline import OFFLINE_CHECKS, validate_committed  # noqa: PLC0415  not needed by the live checks

    _known(only, OFFLINE_CHECKS, "--offline")
    with context.progress("checking the files"):
        return validate_committed(context.loaded.config, only or None)


def _live(
    context: CommandContext,
    only: Collection[str],
    addresses: dict[str, str | None],
    access: dict[str, Path | None],
    wait_seconds: float | None,
) -> Sequence[CheckResult]:
    import asyncio  # noqa: PLC0415  not needed by the offline checks

    from investiq.clients.session import HttpCredentials  # noqa: PLC0415
    from investiq.operate.validate.live.run import LIVE_CHECKS, RemoteTarget, validate_live  # noqa: PLC0415

    _known(only, LIVE_CHECKS, "the running monitoring")
    remote = RemoteTarget(**addresses, access=HttpCredentials(**access))
    with context.progress(f"asking {addresses['prometheus'] or 'the running monitoring'}") as tell:
        return asyncio.run(
            validate_live(
                context.loaded.config,
                remote=remote,
                only=only or None,
                wait_seconds=wait_seconds,
                tell=tell,
            )
        )


def _known(only: Collection[str], checks: Collection[str], what: str) -> None:
    if unknown := [name for name in only if name not in checks]:
        raise click.UsageError(f"no check of {what} is called {unknown[0]!r}; they are: {', '.join(checks)}")


def _tell(context: CommandContext, checked: Sequence[CheckResult], seconds: float) -> Validation:
    everything = [finding for check in checked for finding in check.findings]
    findings = [finding for finding in everything if not finding.is_unchecked]
    unchecked = [finding for finding in everything if finding.is_unchecked]
    left_out = [check for check in checked if check.left_out]
    code = Validation.FINDINGS if findings else Validation.UNCHECKED if unchecked else Validation.WHOLE
    document = {
        "exit_code": int(code),
        "seconds": round(seconds, 1),
        "checks": [_check_document(check) for check in checked],
        "findings": [finding.document() for finding in findings],
        "unchecked": [finding.document() for finding in unchecked],
        "left_out": [{"check": check.check, "why": check.left_out} for check in left_out],
    }
    for check in checked:
        _show(context, check)
    context.emit("investiq.validate/1", document)
    context.say(_summary(len(checked), findings, len(unchecked), len(left_out), seconds))
    return code


def _show(context: CommandContext, check: CheckResult) -> None:
    from investiq.cli.findings import color_of, word_of  # noqa: PLC0415
    from investiq.foundation.findings import finding_lines  # noqa: PLC0415

    word = "-" if check.left_out else word_of(check.severity)
    style = color_of(check.severity) if check.findings else None
    context.show(f"{word:4} {check.check}: {check.left_out or check.looked_at}", style=style)
    for line in finding_lines(check.findings, " " * 5):
        context.show(line)


def _check_document(check: CheckResult) -> dict[str, Any]:
    told = {"check": check.check, "verdict": check.verdict.value, "looked_at": check.looked_at}
    return {**told, "findings": len(check.findings), "seconds": check.seconds}


def _summary(checks: int, findings: Sequence[Finding], unchecked: int, left_out: int, seconds: float) -> str:
    from investiq.foundation.findings import FindingSeverity  # noqa: PLC0415

    warnings = sum(finding.severity is FindingSeverity.WARNING for finding in findings)
    parts = [f"{checks} checks", f"{len(findings) or 'no'} finding{'s' if len(findings) > 1 else ''}"]
    parts += [f"{warnings} of them {'warnings' if warnings > 1 else 'a warning'}"] if warnings else []
    parts += [f"{unchecked} could not be made"] if unchecked else []
    parts += [f"{left_out} left out"] if left_out else []
    return f"{', '.join(parts)}; {seconds:.1f} s"
