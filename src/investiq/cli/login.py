"""`investiq login`: a link that logs in to the console, once."""

from __future__ import annotations

import webbrowser
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import click

from investiq.cli.browser import has_screen
from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleCommand
from investiq.clients.api.connection import connect
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.files import replace_whole

if TYPE_CHECKING:
    from investiq.foundation.contract.api import LoginLink

__all__ = ["command", "login_url", "minutes_left"]

_PAGE = """<!DOCTYPE html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}">
<title>InvestIQ</title>
<a href="{url}">Log in to InvestIQ</a>
"""


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq login", "print a one-time login link and open the browser"),
        ("investiq login --no-browser", "only print it"),
    ),
)
@click.option("--no-browser", is_flag=True, help="Open no browser.")
@pass_command_context
def command(context: CommandContext, no_browser: bool) -> None:
    """Log in to the console: print a link that works once, for five minutes. You act as the key of the command line."""
    config = context.loaded.config
    with connect(config) as client:
        link = client.make_login_link()
    url = login_url(config, link)
    document = {"url": url, "name": link["name"], "expires_at": link["expires_at"]}
    context.emit("investiq.login/1", document, url)
    context.say(f"logs in as {link['name']}, once, within {minutes_left(link)} minutes")
    if not no_browser and not context.json and _has_browser(context):
        _open(Paths.of(config).run, url)
        context.say("opening the browser; if nothing appears, open the link yourself")


def login_url(config: Config, link: LoginLink) -> str:
    """Where the link leads. Behind `#`, its token reaches no server, log or referrer before somebody uses it."""
    return f"{topology.console_url(config)}/login#{link['token']}"


def minutes_left(link: LoginLink) -> int:
    """For how long it works."""
    return round((datetime.fromisoformat(link["expires_at"]) - datetime.now(UTC)).total_seconds() / 60)


def _has_browser(context: CommandContext) -> bool:
    return has_screen() and context.stdout.isatty()


def _open(folder: Path, url: str) -> None:
    """Open the browser by a private file: everybody on this machine can read the arguments of a program."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    page = folder.resolve() / "login.html"
    replace_whole(page, _PAGE.format(url=escape(url)))
    webbrowser.open(page.as_uri())
