"""`investiq rules`: what the promtool tests of alerting rules are worth."""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.findings import finding_lines
from investiq.cli.help import ExampleGroup
from investiq.foundation.telemetry import catalogue

if TYPE_CHECKING:
    from investiq.rule_mutation.rule import Mutant
    from investiq.rule_mutation.runner import Suite
    from investiq.rule_mutation.verdict import MutantVerdict, Report


@click.group(
    cls=ExampleGroup,
    examples=(
        ("investiq rules mutate", "do the tests of this repository notice every small change to its rules?"),
        ("investiq rules mutate --rules R.yml --tests T.yml", "the same of your own files"),
    ),
)
def command() -> None:
    """Alerting rules and their promtool tests."""


def _paths(option: str, values: Sequence[str]) -> list[Path]:
    """Files, or globs that the shell left alone."""
    found: list[Path] = []
    for value in values:
        named = [value] if Path(value).is_file() else sorted(glob.glob(value))  # noqa: PTH207  the pattern may be absolute
        files = [path for path in map(Path, named) if path.is_file()]
        if not files:
            raise click.BadParameter(f"no file is named {value}", param_hint=option)
        found += files
    return list(dict.fromkeys(found))


@command.command(
    "mutate",
    examples=(
        ("investiq rules mutate", "this repository's rules"),
        ("investiq rules mutate --rules 'rules/*.yml' --tests 'tests/*.yml'", "your own"),
        ("investiq rules mutate --only HighErrorRate", "one rule, while you write its tests"),
        ("investiq rules mutate --list", "what would be tried"),
    ),
)
@click.option("--rules", "rules", multiple=True, help="Rule file or glob; default: what the tests load.")
@click.option("--tests", "tests", multiple=True, help="File of promtool tests, or glob.")
@click.option("--only", multiple=True, metavar="RULE", help="Mutate this alert or recording rule only; repeatable.")
@click.option(
    "--equivalents",
    multiple=True,
    help="Known equivalents; default: equivalent.toml beside the tests.",
)
@click.option("--list", "list_only", is_flag=True, help="Print the mutants and run nothing.")
@click.option("--jobs", type=click.IntRange(min=1), help="Mutants at a time; default: one for each CPU.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True, help="Seconds per run."
)
@pass_command_context
def mutate(
    context: CommandContext,
    *,
    rules: tuple[str, ...],
    tests: tuple[str, ...],
    only: tuple[str, ...],
    equivalents: tuple[str, ...],
    list_only: bool,
    jobs: int | None,
    timeout: float,
) -> int:
    """Change each rule, one small change at a time, and report the changes that no promtool test notices.

    Exit code 0: every mutant is killed, or equivalent with a reason; 1: the tests fail on the unchanged rules, or
    promtool is missing; 2: wrong usage; 3: mutants survive.
    """
    from investiq.rule_mutation.runner import load_suite  # noqa: PLC0415  the parser of PromQL is not for every command
    from investiq.rule_mutation.runner import mutate as run  # noqa: PLC0415

    if rules and not tests:
        raise click.UsageError("--rules needs --tests: the files whose tests should notice the mutants")
    rule_paths, test_paths = (_paths("--rules", rules), _paths("--tests", tests)) if tests else _own()
    suite = load_suite(rule_paths, test_paths, _paths("--equivalents", equivalents), catalogue.families())
    if list_only:
        return _list(context, suite, only)
    with context.progress("mutants") as show:
        report = run(suite, only=only, jobs=jobs, timeout_seconds=timeout, progress=_tenths(context, show))
    context.emit("investiq.rules.mutate/1", report.document(), _text(context, report))
    context.say(_summary(report))
    return ExitCode.DONE if report.clean else ExitCode.FINDINGS


def _own() -> tuple[list[Path], list[Path]]:
    from investiq.operate.validate.offline import RULE_TESTS, RULES, checkout  # noqa: PLC0415

    root = checkout()
    return sorted((root / RULES).glob("*.yml")), sorted((root / RULE_TESTS).glob("*.yml"))


def _tenths(context: CommandContext, show: Callable[[str], None]) -> Callable[[int, int], None]:
    """Progress for a terminal; for a log, ten lines will do."""

    def progress(done: int, total: int) -> None:
        if context.stderr.isatty() or done * 10 // total > (done - 1) * 10 // total:
            show(f"{done} of {total}")

    return progress


def _list(context: CommandContext, suite: Suite, only: tuple[str, ...]) -> int:
    mutants = [mutant for mutant in suite.mutants if not only or mutant.rule.name in only]
    context.emit(
        "investiq.rules.mutants/1",
        {"mutants": [_entry(mutant) for mutant in mutants]},
        context.table(
            ("id", "rule", "operator", "change"), [(m.id, m.rule.name, m.operator, m.change) for m in mutants]
        ),
    )
    context.say(
        f"{len(mutants)} mutants, {sum(mutant.proof is not None for mutant in mutants)} of them proven equivalent"
    )
    return ExitCode.DONE


def _entry(mutant: Mutant) -> dict[str, str | None]:
    return {
        "id": mutant.id,
        "file": mutant.rule.file,
        "rule": mutant.rule.name,
        "operator": mutant.operator,
        "change": str(mutant.change),
        "before": mutant.change.before,
        "after": mutant.change.after,
        "proof": mutant.proof,
    }


def _text(context: CommandContext, report: Report) -> str:
    from investiq.rule_mutation.verdict import MutationOutcome  # noqa: PLC0415

    survivors = [_survivor(verdict) for verdict in report.survivors if verdict.outcome is not MutationOutcome.UNTESTED]
    untested = dict.fromkeys(
        f"untested: {v.mutant.rule.name} in {v.mutant.rule.file}\n  missing:  {'; '.join(v.because)}"
        for v in report.survivors
        if v.outcome is MutationOutcome.UNTESTED
    )
    findings = ["\n".join(finding_lines([finding])) for finding in report.findings]
    return "\n\n".join([_table(context, report), *survivors, *untested, *findings])


def _table(context: CommandContext, report: Report) -> str:
    from investiq.rule_mutation.verdict import FINDINGS, MutationOutcome  # noqa: PLC0415

    columns = ((MutationOutcome.KILLED,), FINDINGS, (MutationOutcome.LISTED, MutationOutcome.PROVEN))
    rows = [
        (
            rule.name,
            rule.group,
            report.count(*MutationOutcome, rule=rule),
            *(report.count(*c, rule=rule) for c in columns),
        )
        for rule in report.rules
    ]
    return context.table(("rule", "group", "mutants", "killed", "survived", "equivalent"), rows)


def _survivor(verdict: MutantVerdict) -> str:
    from investiq.rule_mutation.operators import BY_NAME  # noqa: PLC0415

    mutant = verdict.mutant
    change, operator = mutant.change, BY_NAME[mutant.operator]
    field = ".".join(change.path)
    lines = [
        f"{verdict.outcome.value.replace('_', ' ')} {mutant.id}: {mutant.rule.name} in {mutant.rule.file}",
        f"  {mutant.operator}: {change}",
        *([f"  - {field}: {change.before}"] if change.before is not None else []),
        *([f"  + {field}: {change.after}"] if change.after is not None else []),
        f"  imitates: {operator.imitates}",
        f"  missing:  {'; '.join(verdict.because) or operator.killed_by}",
    ]
    return "\n".join(lines)


def _summary(report: Report) -> str:
    from investiq.rule_mutation.verdict import FINDINGS, MutationOutcome  # noqa: PLC0415

    untested = report.count(MutationOutcome.UNTESTED)
    parts = [
        f"{len(report.verdicts)} mutants of {len(report.rules)} rules",
        f"{report.count(MutationOutcome.KILLED)} killed",
        f"{report.count(*FINDINGS)} survived" + (f" ({untested} of them without a test)" if untested else ""),
        f"{report.count(MutationOutcome.LISTED)} listed as equivalent",
        f"{report.count(MutationOutcome.PROVEN)} proven equivalent",
        *([f"{invalid} invalid"] if (invalid := report.count(MutationOutcome.INVALID)) else []),
        *([f"{len(report.findings)} further findings"] if report.findings else []),
    ]
    return f"{', '.join(parts)}; {report.seconds:.1f} s, {report.jobs} at a time"
