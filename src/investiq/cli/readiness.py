"""`investiq readiness`: the checklist in one word, and what is missing for more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from investiq.cli.checklist import look_at_all, minute_of
from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.foundation.vocabulary import ReadinessGrade

if TYPE_CHECKING:
    from investiq.foundation.contract.api import CheckedPoint

_GRADES = {"paper": ReadinessGrade.PAPER, "live": ReadinessGrade.LIVE}


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq readiness", "look at everything; exit code 0: ready for live trading, 3: not"),
        ("investiq readiness --for paper", "exit code 0 where it is ready for paper trading"),
        ("investiq readiness --json | jq -r .grade", "not ready, ready for paper, or ready for live"),
    ),
)
@click.option(
    "--for", "wanted", type=click.Choice(list(_GRADES)), default="live", show_default=True, help="What is wanted."
)
@pass_command_context
def command(context: CommandContext, wanted: str) -> int:
    """Say what this deployment is ready for: nothing, trading on paper, or trading with money; and why not for more.

    It makes every check of `investiq checklist`. Paper needs what makes faults seen and keeps strangers outside; live
    needs every point.
    """
    from investiq.operate.checklist.readiness import missing_for  # noqa: PLC0415  not for `--help`

    checklist = look_at_all(context, shown=False)
    grade, points = ReadinessGrade(checklist["grade"]), checklist["points"]
    missing = {name: missing_for(one, points) for name, one in _GRADES.items()}
    document = {
        "grade": grade.value,
        "checked_at": checklist["checked_at"],
        "reached": not missing[wanted],
        "missing": {name: [_reason(points, one) for one in found] for name, found in missing.items()},
    }
    lines = [f"{grade.value}, checked {minute_of(checklist)}"]
    for name, found in missing.items():
        further = [one for one in found if name == "paper" or one not in missing["paper"]]
        lines += [f"missing for {name}:"] if further else []
        lines += [_line(_reason(points, one)) for one in further]
    context.emit("investiq.readiness/1", document, *lines)
    return ExitCode.FINDINGS if missing[wanted] else ExitCode.DONE


def _reason(points: list[CheckedPoint], name: str) -> dict[str, Any]:
    point = next(one for one in points if one["point"] == name)
    return {"point": name, "state": point["state"], "evidence": point["evidence"], "next_steps": point["next_steps"]}


def _line(reason: dict[str, Any]) -> str:
    return f"  {reason['point']} ({reason['state']}): {reason['evidence'][0]}"
