"""`investiq health URL`: asks once whether a server is well, for container engines and timers; needs no shell."""

from __future__ import annotations

import asyncio
import json
import math
from urllib.parse import urlsplit

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.exit_codes import ExitCode
from investiq.cli.help import ExampleCommand
from investiq.clients.session import ForeignListener, TrustedUsers, probing

_WELL = range(200, 300)
_SHOWN_CHARACTERS = 200


@click.command(
    cls=ExampleCommand,
    examples=(
        ("investiq health http://127.0.0.1:3000/health", "exit code 0 while the API says that it is well"),
        ("investiq health http://127.0.0.1:8004/health --timeout 1", "no longer than a second"),
    ),
)
@click.argument("url")
@click.option("--timeout", default=3.0, show_default=True, metavar="SECONDS", help="How long it may take.")
@pass_command_context
def command(context: CommandContext, url: str, timeout: float) -> int:
    """Ask URL once: 0 where it answers 2xx, 3 where it answers anything else, 6 where nothing answers, 7 in no time.

    A health document of ours counts as well while it says ok or degraded: a container that is started anew would not
    bring back what the server misses. No configuration is read, and no key is sent.
    """
    _check(url, timeout)
    try:
        answer = asyncio.run(probing.get(url, trusted=TrustedUsers(), seconds=timeout))
    except TimeoutError:
        return _say(context, ExitCode.TIMED_OUT, f"{url} did not answer within {timeout:g} s")
    except (ForeignListener, probing.NotHttp) as error:
        return _say(context, ExitCode.FINDINGS, f"{url}: {error}")
    except (OSError, UnicodeError) as error:
        return _say(context, ExitCode.NOT_RUNNING, f"nothing answers at {url}: {error}")
    said = _status(answer.text) or " ".join(answer.text.split())[:_SHOWN_CHARACTERS]
    well = answer.status in _WELL
    return _say(context, ExitCode.DONE if well else ExitCode.FINDINGS, f"{url} answers {answer.status}: {said}")


def _check(url: str, timeout: float) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0 and url.isprintable()
    except ValueError:
        usable = False
    if not usable or " " in url or parts.username is not None:
        raise click.BadParameter(
            f"{url!r} is no address to ask: write one such as http://127.0.0.1:3000/health", param_hint="URL"
        )
    if not (math.isfinite(timeout) and 0 < timeout <= 60):
        raise click.BadParameter(f"{timeout:g} is not between 0 and 60 seconds", param_hint="--timeout")


def _status(text: str) -> str:
    try:
        return str(json.loads(text)["status"])
    except (ValueError, KeyError, TypeError):
        return ""


def _say(context: CommandContext, code: ExitCode, text: str) -> int:
    context.emit("investiq.health/1", {"well": code is ExitCode.DONE, "detail": text}, text)
    return code
