"""`promtool-mutate`: what the promtool tests of alerting rules are worth, anybody's rules. Needs nothing but promtool.

`investiq rules mutate` is the same command for a clone of InvestIQ: it knows where the files are.
"""

from __future__ import annotations

import functools
import glob
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO, TypeVar

import click

from investiq.foundation.errors import InvestIQError
from investiq.foundation.foreign_text import block, encodable, is_plain, visible
from investiq.foundation.number_options import NumberRange, WholeNumberRange
from investiq.rule_mutation.generate import unchanged_expressions
from investiq.rule_mutation.report_text import list_document, list_text, report_text, summary
from investiq.rule_mutation.runner import Progress, mutate
from investiq.rule_mutation.siblings import NONE_KNOWN, Families
from investiq.rule_mutation.suite import Suite, load_suite

__all__ = ["Console", "Request", "answer", "main", "request_options"]

R = TypeVar("R")

_DONE, _FAILED, _USAGE, _FINDINGS, _INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: every mutant is killed, or equivalent with a reason; no answer; wrong usage; survivors; Ctrl-C."""

_NAME = "promtool-mutate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for.

    Attributes:
        rules: rule files; none takes those that the tests load.
        tests: files of promtool tests.
        equivalents: lists of equivalent mutants; none takes those beside the tests.
        only: names of the rules to mutate; none takes all.
        list_only: name the mutants, and run nothing.
        jobs: mutants at a time; None takes one for each CPU.
    """

    rules: Sequence[Path]
    tests: Sequence[Path]
    equivalents: Sequence[Path]
    only: Sequence[str]
    list_only: bool
    jobs: int | None
    timeout_seconds: float


class Console(Protocol):
    """Where the answer goes."""

    @property
    def stderr(self) -> TextIO:
        """Where messages go; a terminal, or a log."""

    def say(self, message: str) -> None:
        """A message for people."""

    def emit(self, schema: str, document: Mapping[str, Any], *lines: str) -> None:
        """The answer: `lines`, or `document` where JSON is wanted."""

    def progress(self, what: str) -> AbstractContextManager[Callable[[str], None]]:
        """Show `what` while something takes its time; the yielded function says where it stands."""


def answer(request: Request, console: Console, families: Families = NONE_KNOWN) -> int:
    """Do what is asked, tell the outcome, and return the exit code.

    Args:
        families: metrics that are confused with each other, where more is known of them than the rules tell.
    """
    suite = load_suite(request.rules, request.tests, request.equivalents, families)
    if request.list_only:
        return _list(suite, request.only, console)
    with console.progress("mutants") as show:
        report = mutate(
            suite,
            only=request.only,
            jobs=request.jobs,
            timeout_seconds=request.timeout_seconds,
            progress=_tenths(console, show),
        )
    console.emit("investiq.rules.mutate/1", report.document(), *report_text(report).split("\n"))
    console.say(summary(report))
    return _DONE if report.clean else _FINDINGS


def _list(suite: Suite, only: Sequence[str], console: Console) -> int:
    mutants = [mutant for mutant in suite.mutants if not only or mutant.rule.name in only]
    rules = [rule for rule in suite.rules if not only or rule.name in only]
    unchanged = unchanged_expressions(rules, mutants)
    proven = sum(mutant.proof is not None for mutant in mutants)
    lines = list_text(mutants, unchanged).split("\n")
    console.emit("investiq.rules.mutants/1", list_document(mutants, unchanged), *lines)
    console.say(f"{len(mutants)} mutants, {proven} of them proven equivalent")
    return _DONE


def _tenths(console: Console, show: Callable[[str], None]) -> Progress:
    """Progress for a terminal; for a log, ten lines will do."""

    def progress(done: int, total: int) -> None:
        if console.stderr.isatty() or done * 10 // total > (done - 1) * 10 // total:
            show(f"{done} of {total}")

    return progress


_OPTIONS = (
    click.option("--rules", "rules", multiple=True, help="Rule file or glob; default: what the tests load."),
    click.option("--tests", "tests", multiple=True, help="File of promtool tests, or glob."),
    click.option("--only", multiple=True, metavar="RULE", help="Mutate this alert or recording rule only; repeatable."),
    click.option(
        "--equivalents",
        multiple=True,
        help="Known equivalents; default: equivalent.toml beside the tests.",
    ),
    click.option("--list", "list_only", is_flag=True, help="Print the mutants and run nothing."),
    click.option("--jobs", type=WholeNumberRange(min=1), help="Mutants at a time; default: one for each CPU."),
    click.option(
        "--timeout",
        type=NumberRange(min=0, min_open=True),
        default=60.0,
        show_default=True,
        help="Seconds per run.",
    ),
)


def request_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options of a request, and the request that they make as `request`."""

    @functools.wraps(command)
    def run(
        *args: Any,
        rules: tuple[str, ...],
        tests: tuple[str, ...],
        only: tuple[str, ...],
        equivalents: tuple[str, ...],
        list_only: bool,
        jobs: int | None,
        timeout: float,
        **others: Any,
    ) -> R:
        if rules and not tests:
            raise click.UsageError("--rules needs --tests: the files whose tests should notice the mutants")
        request = Request(
            rules=_paths("--rules", rules),
            tests=_paths("--tests", tests),
            equivalents=_paths("--equivalents", equivalents),
            only=only,
            list_only=list_only,
            jobs=jobs,
            timeout_seconds=timeout,
        )
        return command(*args, request=request, **others)

    return functools.reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), run)


def _paths(option: str, values: Sequence[str]) -> list[Path]:
    """Files, or globs that the shell left alone."""
    found: list[Path] = []
    for value in values:
        named = [value] if Path(value).is_file() else sorted(glob.glob(_pattern(value)))  # noqa: PTH207  may be absolute
        files = [path for path in map(Path, named) if path.is_file()]
        if not files and not is_plain(value):
            raise click.BadParameter(f"'{visible(value)}' is no text: expected UTF-8 on one line", param_hint=option)
        if not files:
            raise click.BadParameter(f"no file is named {visible(value)}", param_hint=option)
        found += files
    return list(dict.fromkeys(found))


def _pattern(value: str) -> str:
    """A glob in which a folder that is there as it is written, such as `team [a]`, is no pattern."""
    folders = [folder for folder in Path(value).parents if folder.is_dir() and folder != Path()]
    start = str(folders[0]) if folders and value.startswith(str(folders[0])) else ""
    return glob.escape(start) + value.removeprefix(start)


@dataclass(frozen=True, slots=True)
class _Terminal:
    """The streams of this process."""

    json: bool

    @property
    def stdout(self) -> TextIO:
        return sys.stdout

    @property
    def stderr(self) -> TextIO:
        return sys.stderr

    def say(self, message: str) -> None:
        print(block(message), file=self.stderr)

    def emit(self, schema: str, document: Mapping[str, Any], *lines: str) -> None:
        text = json.dumps({"schema": schema, **document}, indent=2) if self.json else "\n".join(map(block, lines))
        print(text, file=self.stdout, flush=True)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[str], None]]:
        if not sys.stderr.isatty():
            yield lambda state: self.say(f"{what}: {state}")
            return
        yield lambda state: print(f"\r\x1b[K{visible(f'{what}: {state}')}", end="", file=self.stderr, flush=True)
        self.say("")


@click.command(
    _NAME,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=f"""\b
    Examples:
      {_NAME} --tests 'tests/*.yml'                   the rule files that these tests load
      {_NAME} --rules rules.yml --tests tests.yml     these rule files only
      {_NAME} --tests tests.yml --only HighErrorRate  one rule, while you write its tests
      {_NAME} --tests tests.yml --list                what would be tried
    """,
)
@request_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document with a versioned schema.")
@click.version_option(package_name="investiq", prog_name=_NAME)
def command(request: Request, as_json: bool) -> int:
    """Change each alerting and recording rule, one small change at a time, run the promtool tests on each changed
    rule, and report the changes that no test notices.

    It needs promtool, and writes to a temporary folder only. Exit code 0: every change is noticed, or equivalent with a
    reason; 1: the tests fail on the unchanged rules, or promtool is missing; 2: wrong usage; 3: changes go unnoticed.
    """
    if not request.tests:
        raise click.UsageError("--tests is missing: the files of promtool tests that should notice the changes")
    return answer(request, _Terminal(as_json))


def main() -> None:
    """The `promtool-mutate` program."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # where a terminal is not UTF-8
    sys.exit(_run(sys.argv[1:]))


def _tell(error: click.ClickException) -> None:
    told = io.StringIO()
    error.show(told)
    for line in told.getvalue().rstrip("\n").split("\n"):
        _Terminal(json=False).say(line)


def _run(argv: Sequence[str]) -> int:
    try:
        return int(
            command.main([encodable(argument) for argument in argv], prog_name=_NAME, standalone_mode=False) or _DONE
        )
    except click.ClickException as error:
        _tell(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _Terminal(json=False).say("interrupted")
        return _INTERRUPTED
    except InvestIQError as error:
        _Terminal(json=False).say(f"error: {error.message}")
        return _USAGE if error.reason == "usage" else _FAILED
    except BrokenPipeError:  # whoever reads has seen enough; what is still buffered must not complain at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _DONE
