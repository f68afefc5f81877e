"""`investiq render`: the committed monitoring files, written or compared."""

from __future__ import annotations

import difflib
from pathlib import Path, PurePosixPath

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.foundation.checkout import NoCheckout, find_checkout
from investiq.operate.render.files import render_committed, write_committed


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq render", "write monitoring/, docs/metrics.md and docs/configuration.md from their source"),
        ("investiq render --check", "show what would change; exit code 3 if anything would"),
        ("investiq render --into DIR", "the same files in a folder, for a Prometheus of your own"),
    ),
)
@click.option("--check", is_flag=True, help="Write nothing; print the difference and exit with 3 if there is one.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder to write to or to compare. Default: the clone that this runs from.",
)
@pass_command_context
def command(context: CommandContext, check: bool, into: Path | None) -> int:
    """Write the committed files that have a source in the code: monitoring/ and the reference pages of docs/.

    The files with this machine's ports and secrets are written by `investiq up`, under data_dir.
    """
    root = into or _clone()
    if check:
        return _check(context, root)
    written = [str(path.relative_to(root)) for path in write_committed(root)]
    context.emit("investiq.render/1", {"written": written, "differs": []}, *written)
    context.say(f"{len(written)} of {len(render_committed())} files written" if written else "nothing to write")
    return ExitCode.DONE


def _clone() -> Path:
    if (root := find_checkout()) is None:
        raise NoCheckout("InvestIQ is installed without its repository: name the folder to write to with --into DIR")
    return root


def _check(context: CommandContext, root: Path) -> int:
    differences = {str(path): diff for path, text in render_committed().items() if (diff := _diff(root, path, text))}
    lines = [line for diff in differences.values() for line in diff]
    context.emit("investiq.render/1", {"written": [], "differs": list(differences)}, *lines)
    if not differences:
        context.say("the committed files are what the source renders")
        return ExitCode.DONE
    differ = "1 file differs" if len(differences) == 1 else f"{len(differences)} files differ"
    context.say(f"{differ}: `investiq render` writes what the source says")
    return ExitCode.FINDINGS


def _diff(root: Path, path: PurePosixPath, text: str) -> list[str]:
    file = root / path
    committed = file.read_text("utf-8") if file.is_file() else ""
    names = f"{path} (committed)", f"{path} (rendered)"
    return list(difflib.unified_diff(committed.split("\n"), text.split("\n"), *names, lineterm=""))
