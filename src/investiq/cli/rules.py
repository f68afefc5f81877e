"""`investiq rules`: what the promtool tests of alerting rules are worth."""

from __future__ import annotations

from dataclasses import replace

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleGroup
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
    return answer(request if request.tests else _of_this_repository(request), context, catalogue.families())


def _of_this_repository(request: Request) -> Request:
    from investiq.operate.validate.offline import RULE_TESTS, RULES, checkout  # noqa: PLC0415  it loads every check

    root = checkout()
    return replace(request, rules=sorted((root / RULES).glob("*.yml")), tests=sorted((root / RULE_TESTS).glob("*.yml")))
