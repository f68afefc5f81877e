"""What the API does when the ledger is not its own any more."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from investiq.foundation.store import LedgerInUse, LedgerLock
from investiq.serve.api.background_tasks import BackgroundTasks
from tests.serve.api.installation import Installation


class LostLock(LedgerLock):
    """Another desk has the ledger."""

    def check(self) -> None:
        raise LedgerInUse("the ledger is in use by the process pid 7 on box")

    def release(self) -> None:
        """It is not held."""


@pytest.fixture
def ended() -> Iterator[list[int]]:
    """The requests to end that this process got."""
    got: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: got.append(number))
    yield got
    signal.signal(signal.SIGTERM, before)


async def test_an_api_whose_ledger_another_desk_took_over_ends(still: Installation, ended: list[int]) -> None:
    tasks = BackgroundTasks(replace(still.parts, lock=LostLock()))
    await tasks.trading.run_once()
    assert ended == [signal.SIGTERM]
    assert "in use by the process pid 7 on box" in str(tasks.trading.describe_failure())


async def test_an_api_that_has_its_ledger_goes_on(still: Installation, ended: list[int]) -> None:
    tasks = BackgroundTasks(still.parts)
    await tasks.trading.run_once()
    assert not ended
    assert tasks.trading.describe_failure() is None


async def test_a_desk_at_rest_is_looked_at_once_a_second(still: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, seconds, looks = still.parts.desk, iter((0.0, 0.25, 0.5, 0.75, 1.0, 1.25)), 0
    tick = desk.tick

    def counted() -> None:
        nonlocal looks
        looks += 1
        tick()

    monkeypatch.setattr(desk, "tick", counted)
    tasks = BackgroundTasks(still.parts, clock=lambda: next(seconds))
    for _ in range(5):
        await tasks.trading.run_once()
    assert looks == 2
    desk.halt("by hand", "test")
    await tasks.trading.run_once()
    assert looks == 3
