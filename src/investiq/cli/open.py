"""`investiq open PART`: where a part is, and what it asks for."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from investiq.cli.browser import has_screen
from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.clients.session import HttpCredentials
from investiq.foundation import topology

PAGES = {process.name: process for process in (topology.PROMETHEUS, topology.ALERTMANAGER, topology.WEB, topology.API)}


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq open prometheus", "address, user, and where the password is"),
        ("investiq open web --no-browser", "print the console's address"),
    ),
)
@click.argument("part", type=click.Choice(list(PAGES)))
@click.option("--no-browser", is_flag=True, help="Only print where it is.")
@pass_command_context
def command(context: CommandContext, *, part: str, no_browser: bool) -> None:
    """Open PART in the browser, and say what it asks for."""
    process, config = PAGES[part], context.loaded.config
    url = topology.console_url(config) if process is topology.WEB else f"{process.url(config)}/"
    password_file = HttpCredentials.of(process, config).own_password
    document = {"url": url, "user": None, "password_file": None}
    lines = [url]
    if password_file is not None:
        document |= {"user": topology.PROGRAM_USER, "password_file": str(password_file)}
        lines += [f"  user      {topology.PROGRAM_USER}", f"  password  cat {_short(password_file)}"]
    context.emit("investiq.open/1", document, *lines)
    if not (no_browser or context.json) and has_screen():
        webbrowser.open(url)  # never with the password: other users see the arguments of a browser


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
