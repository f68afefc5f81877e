"""`investiq slo`: how much of each error budget is left, and how fast it burns; OpenSLO in and out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleGroup
from investiq.foundation.foreign_text import visible

if TYPE_CHECKING:
    from investiq.operate.slo.status import Status


@click.group(
    cls=ExampleGroup,
    invoke_without_command=True,
    examples=(
        ("investiq slo", "objective, error budget and burn rates of each SLO"),
        ("investiq slo --json | jq '.slos[] | select(.state != \"good\")'", "those that need a look"),
        ("investiq slo export --output slos.yml", "all of them as OpenSLO"),
        ("investiq slo import slos.yml", "OpenSLO as [[slos]] for investiq.toml"),
    ),
)
@pass_command_context
def command(context: CommandContext) -> int | None:
    """Show the service level objectives: what was promised, what is kept, and how fast the error budgets burn."""
    return None if click.get_current_context().invoked_subcommand else _show(context)


def _show(context: CommandContext) -> int:
    from investiq.cli.answers import answered  # noqa: PLC0415  not for export and import
    from investiq.operate.slo.status import read_statuses  # noqa: PLC0415  the rules are not for every command

    found = answered(read_statuses(context.loaded.config))
    context.emit("investiq.slo/1", {"slos": [_document(status) for status in found]}, *_table(context, found))
    if not found:
        context.say("every built-in SLO is switched off, and there is none of your own: see docs/slo.md")
    for line in _notes(found):
        context.say(line)
    return ExitCode.DONE


def _notes(found: Sequence[Status]) -> Iterator[str]:
    """What the table leaves open."""
    from investiq.monitoring.rules.slo import INDICATOR_ABSENT  # noqa: PLC0415
    from investiq.monitoring.slo.burn import lower_limits  # noqa: PLC0415
    from investiq.operate.slo.status import BudgetState  # noqa: PLC0415

    gone = [status.slo.name for status in found if status.state is BudgetState.NO_INDICATOR]
    silent = [status.slo.name for status in found if status.remaining is None and status.slo.name not in gone]
    if gone:
        yield f"no data of {', '.join(gone)}: {INDICATOR_ABSENT} fires, and its runbook says what to do"
    if silent:
        yield f"no data yet for {', '.join(silent)}: nothing has used it so far"
    for status in found:
        if note := lower_limits(status.slo.objective):
            yield f"{status.slo.name}: {note}"


def _document(status: Status) -> dict[str, Any]:
    slo = status.slo
    return {
        "name": slo.name,
        "service": slo.service,
        "description": slo.description,
        "objective": float(slo.objective),
        "window_days": slo.window_days,
        "state": status.state.value,
        "current": status.current,
        "budget_left": status.remaining,
        "burn_rates": dict(status.burn_rates),
    }


def _table(context: CommandContext, found: Sequence[Status]) -> list[str]:
    if not found:
        return []
    windows = list(found[0].burn_rates)
    columns = ("slo", "objective", "current", "budget left", *(f"burn {window}" for window in windows), "state")
    return context.table(columns, [_row(status) for status in found])


def _row(status: Status) -> list[str | None]:
    return [
        status.slo.name,
        f"{(status.slo.objective * 100).normalize():f}%",
        _percent(status.current, 3),
        _percent(status.remaining, 1),
        *_burns(status.burn_rates),
        status.state.value,
    ]


def _percent(share: float | None, places: int) -> str | None:
    return None if share is None else f"{share * 100:.{places}f}%"


def _burns(rates: Mapping[str, float | None]) -> list[str | None]:
    return [None if rate is None else f"{rate:.2f}" for rate in rates.values()]


@command.command(
    "export",
    examples=(
        ("investiq slo export", "print them"),
        ("investiq slo export --output slos.yml", "into a file"),
    ),
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: print.")
@pass_command_context
def export(context: CommandContext, output: Path | None) -> None:
    """Write every SLO as OpenSLO v1: a Service, an SLI, an SLO and an AlertPolicy each."""
    from investiq.monitoring.slo import slos_of  # noqa: PLC0415
    from investiq.monitoring.slo.openslo import documents  # noqa: PLC0415

    found = documents(slos_of(context.loaded.config))
    text = _yaml(found)
    if output is not None:
        output.write_text(text, "utf-8")
        context.say(f"{len(found)} documents written to {output}")
    context.emit("investiq.slo.export/1", {"documents": found}, *([] if output else text.rstrip().split("\n")))


def _yaml(documents: Sequence[Any]) -> str:
    """The documents as they read best; escaped where a terminal, or whoever reads them there, would be misled."""
    import yaml  # noqa: PLC0415

    def dumped(allow_unicode: bool) -> str:
        return yaml.safe_dump_all(
            documents, sort_keys=False, allow_unicode=allow_unicode, explicit_start=True, width=10_000
        )

    text = dumped(allow_unicode=True)
    return text if all(visible(line) == line for line in text.split("\n")) else dumped(allow_unicode=False)


@command.command(
    "import",
    examples=(
        ("investiq slo import slos.yml", "print the [[slos]] for investiq.toml"),
        ("investiq slo import slos.yml --write", "append them to the file that is in use"),
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Append them to the configuration file in use.")
@pass_command_context
def import_(context: CommandContext, file: Path, *, write: bool) -> None:
    """Read OpenSLO v1 and give the `[[slos]]` that mean the same.

    What InvestIQ cannot keep is refused by name; nothing is left out silently.
    """
    from investiq.foundation.config.slo import CustomSlo  # noqa: PLC0415
    from investiq.monitoring.slo.openslo_import import read_documents  # noqa: PLC0415
    from investiq.operate.slo.config_file import append_slos, read_yaml  # noqa: PLC0415
    from investiq.operate.slo.entry import toml_of  # noqa: PLC0415

    imported = read_documents(read_yaml(file), file.name)
    built_in = [one for one in imported.slos if one.name in _built_in_names()]
    found: list[CustomSlo] = [one for one in imported.slos if one not in built_in]
    text = toml_of(found)
    for note in imported.notes:
        context.say(f"note: {note}")
    for one in built_in:
        context.say(f"note: {one.name} is a built-in SLO and is left as it is: change it in [slo.{_section(one.name)}]")
    if write and found:
        path = append_slos(context.loaded, found, text)
        context.say(f"{len(found)} SLOs appended to {path}; they take effect at the next start")
    shown = {"slos": [one.model_dump(mode="json", exclude_none=True) for one in found], "notes": imported.notes}
    context.emit("investiq.slo.import/1", shown, *([] if write or not found else text.rstrip().split("\n")))


def _built_in_names() -> set[str]:
    from investiq.foundation.config.slo import SloConfig  # noqa: PLC0415

    return {name.replace("_", "-") for name in SloConfig.model_fields}


def _section(name: str) -> str:
    return name.replace("-", "_")
