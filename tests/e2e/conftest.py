"""Stacks for tests: one that all of a worker's tests share and leave as it is, and new ones for tests that break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.edge import Outside, edge_settings
from tests.e2e.namespace import new_namespace
from tests.e2e.stack import Stack

NewStack = Callable[..., Stack]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of models for all stacks of this run: the first start trains, the others find the model there."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if base.name.startswith("popen-") else base) / "models"  # one for all workers of pytest-xdist


@pytest.fixture(scope="package")  # and not longer: a stack works on while other tests run beside it
def stack(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Stack]:
    """A stack that is up. Whoever uses it leaves every part running and trading not halted."""
    # All of a worker's tests run beside it for minutes: a busy machine is to fail none of them by a late heartbeat.
    patient = {"INVESTIQ_TRADING_HEARTBEAT_TIMEOUT_SECONDS": "120"}
    stack = Stack(tmp_path_factory.mktemp("stack"), {"INVESTIQ_SIGNALS_MODEL_DIR": str(models), **patient})
    stack.up()
    yield stack
    ended(stack)


@pytest.fixture(scope="package")
def edged(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Stack]:
    """A stack behind the edge, which alone listens beyond loopback.

    Parts of it are killed and held; whoever uses it leaves every part running.
    """
    folder = tmp_path_factory.mktemp("edged")
    patient = {"INVESTIQ_TRADING_HEARTBEAT_TIMEOUT_SECONDS": "120"}
    edge = edge_settings(folder / "tls", "0.0.0.0")  # noqa: S104  a network namespace is to see it
    stack = Stack(folder, {"INVESTIQ_SIGNALS_MODEL_DIR": str(models), **patient, **edge})
    stack.up()
    yield stack
    ended(stack)


@pytest.fixture
def outside(edged: Stack) -> Iterator[Outside]:
    with Outside(edged) as somebody:
        yield somebody


@pytest.fixture
def namespace() -> Iterator[str]:
    """The name of a network namespace."""
    with new_namespace() as name:
        yield name


@pytest.fixture
def new_stack(tmp_path: Path, models: Path) -> Iterator[NewStack]:
    """Makes stacks, not yet up, that belong to one test."""
    stacks: list[Stack] = []

    def make(**settings: str) -> Stack:
        folder = tmp_path / f"stack-{len(stacks)}"
        folder.mkdir()
        stacks.append(Stack(folder, {"INVESTIQ_SIGNALS_MODEL_DIR": str(models), **settings}))
        return stacks[-1]

    yield make
    for stack in stacks:
        ended(stack)


def ended(stack: Stack) -> None:
    """Stop the stack, and see that nothing of it is left."""
    before = stack.processes()
    stack.down()
    _, left = psutil.wait_procs(before, timeout=5)
    assert not left, f"`investiq down` left {left}"
