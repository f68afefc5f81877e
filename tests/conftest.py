"""What holds for every test: how long Hypothesis looks, on which worker it runs, and that logging is as it was."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from investiq.foundation.optional_imports import as_if_missing

with as_if_missing("rich"):  # as in the product: with it, each traceback that a test logs takes a second to colour
    import structlog

from investiq.foundation.telemetry import logging as our_logging
from tests.chance import examples

settings.register_profile("investiq", deadline=None, print_blob=True, max_examples=examples(25))
# CI finds and reports; it does not shrink, which can take minutes for each failure. The blob that it prints makes
# `@reproduce_failure` shrink the same case on a developer's machine.
settings.register_profile(
    "investiq-ci",
    parent=settings.get_profile("ci"),
    max_examples=examples(25),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target),
)
settings.load_profile("investiq-ci" if os.environ.get("CI") else "investiq")

# A shell ignores Ctrl-C for what it starts in the background, and every process started here would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED_STACK = "stack"
NEW_STACKS = "new_stack"
EDGED_STACK = "edged"
LONG = ("own services", "types", "offline", "hardened")
"""Groups of one test each that takes a minute or more."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """On a fresh clone, each worker compiles a part of the tests and finds the others' work, instead of compiling all.

    They import the same modules, each from another one on; the compiled files are shared.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or [Path(arg).resolve() for arg in session.config.args] != [Path(__file__).parent]:
        return
    names = sorted(_module_name(path) for path in Path(__file__).parent.rglob("test_*.py"))
    first = len(names) * int(worker["workerid"].removeprefix("gw")) // int(worker["workercount"])
    for name in (*names[first:], *names[:first]):
        with contextlib.suppress(Exception):  # collection imports it again, and reports
            importlib.import_module(name)


def _module_name(path: Path) -> str:
    return ".".join(path.relative_to(Path(__file__).parents[1]).with_suffix("").parts)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under pytest-xdist, what starts real programs stays on one worker, so that each is started once for all.

    Stacks mostly wait, for a page or for a part to come back: they go first, and other workers compute meanwhile.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        if group := _group(item):
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_rank)


def _group(item: pytest.Item) -> str | None:
    if item.get_closest_marker("xdist_group") or not item.get_closest_marker("e2e"):
        return None  # it has said its own, or needs none
    fixtures = getattr(item, "fixturenames", ())
    for stacks in (SHARED_STACK, EDGED_STACK, NEW_STACKS):  # where the shared one is: it is not started again elsewhere
        if stacks in fixtures:
            return stacks
    return item.path.parent.name  # one PostgreSQL, one pair of servers for all tests of a package


def _rank(item: pytest.Item) -> int:
    """The longest group first, since the workers take them in this order: those that tests are marked for are long."""
    groups = [str(mark.args[0]) for mark in item.iter_markers("xdist_group")]
    order = {NEW_STACKS: 0, SHARED_STACK: 1, EDGED_STACK: 1} | dict.fromkeys(LONG, 2)
    return min((order.get(group, 3) for group in groups), default=3)


@pytest.fixture
def log() -> StringIO:
    """What this process logs from now on, as a server of ours writes it."""
    stream = StringIO()
    our_logging.configure("web", "info", stream)
    return stream


@pytest.fixture(autouse=True)
def logging_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that configures logging, as every command and server does, changes nothing for the tests after it.

    A logger that was cached would keep that configuration for ever, and they would capture nothing.
    """
    configure, root = structlog.configure, logging.getLogger()
    handlers, level = root.handlers[:], root.level
    before = structlog.get_config() if structlog.is_configured() else None  # by a fixture that lives longer

    def configure_uncached(**settings: Any) -> None:
        configure(**{**settings, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", configure_uncached)
    yield
    structlog.reset_defaults()
    if before is not None:
        configure_uncached(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
