"""`investiq rules`: what the promtool tests of alerting rules are worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleGroup
from investiq.foundation.subprocesses import StopSign
from investiq.foundation.telemetry import catalogue
from investiq.rule_mutation.command import Request, answer, request_options


@click.group(
    cls=ExampleGroup,
    examples=(
        ("investiq rules mutate", "do this repository's tests catch every small change to its rules?"),
        ("investiq rules mutate --rules R.yml --tests T.yml", "the same of your own files"),
    ),
)
def command() -> None:
    """Alerting rules and their promtool tests."""


@command.command(
    "mutate",
    examples=(
        ("investiq rules mutate", "this repository's rules"),
        ("investiq rules mutate --rules 'rules/*.yml' --tests 'tests/*.yml'", "your own"),
        ("investiq rules mutate --only HighErrorRate", "one rule, while you write its tests"),
        ("investiq rules mutate --list", "what would be tried"),
    ),
)
@request_options
@pass_command_context
def mutate(context: CommandContext, request: Request) -> int:
    """Change each rule, one small change at a time, and report the changes that no promtool test notices.

    Exit code 0: every mutant is killed, or equivalent with a reason; 1: the tests fail on the unchanged rules, or
    promtool is missing; 2: wrong usage; 3: mutants survive.
    """
    if request.tests:
        return answer(request, context, catalogue.families())
    from investiq.operate.validate.committed import committed_files  # noqa: PLC0415  it loads what renders

    with committed_files(StopSign()) as root:
        return answer(_of_repository(root, request), context, catalogue.families())


def _of_repository(root: Path, request: Request) -> Request:
    from investiq.operate.validate.committed import RULE_TESTS, RULES  # noqa: PLC0415

    return replace(request, rules=sorted((root / RULES).glob("*.yml")), tests=sorted((root / RULE_TESTS).glob("*.yml")))
