"""Periodic work under a clock that the test sets: counted and logged where it fails, and never dead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from investiq.foundation.errors import InvestIQError
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import Part
from investiq.serve.http.periodic import PeriodicTask


class Step:
    """Work that raises what is planned for it, and that does well once nothing is left of the plan."""

    def __init__(self, *errors: BaseException | None) -> None:
        self.errors = list(errors)
        self.done = 0
        self.changed = asyncio.Event()

    async def __call__(self) -> None:
        self.done += 1
        self.changed.set()
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error

    async def until(self, number: int) -> None:
        async with asyncio.timeout(10):
            while self.done < number:
                self.changed.clear()
                await self.changed.wait()


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(Part.API)


def trading(
    step: Callable[[], Awaitable[None]], metrics: Metrics | None = None, clock: Clock | None = None
) -> PeriodicTask:
    return PeriodicTask("trading", 0.25, step, metrics, clock=clock or Clock())


def failures(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("investiq_background_failures_total", {"task": "trading"})


async def test_failures_are_counted_and_described_until_it_recovers(metrics: Metrics) -> None:
    task = trading(Step(InvestIQError("the disk is full"), RuntimeError("secret"), None), metrics)
    await task.run_once()
    assert task.describe_failure() == "the trading loop failed 1 times in a row: the disk is full"
    await task.run_once()
    assert task.describe_failure() == "the trading loop failed 2 times in a row: RuntimeError"
    await task.run_once()
    assert task.describe_failure() is None
    assert failures(metrics) == 2


async def test_the_first_failure_one_a_minute_and_the_recovery_are_logged(clock: Clock) -> None:
    task = trading(Step(*[RuntimeError() for _ in range(7)], None, None), clock=clock)
    with capture_logs() as logs:
        for _ in range(9):
            await task.run_once()
            clock.now += 10
    assert [(log["event"], log.get("in_a_row", log.get("after"))) for log in logs] == [
        ("background_step_failed", 1),
        ("background_step_failed", 7),
        ("background_step_recovered", 7),
    ]
    assert logs[0]["exc_info"]
    assert {log["task"] for log in logs} == {"trading"}


async def test_each_new_trouble_is_logged_at_once(clock: Clock) -> None:
    task = trading(Step(RuntimeError(), None, RuntimeError(), None), clock=clock)
    with capture_logs() as logs:
        for _ in range(4):
            await task.run_once()
    assert [log["event"].rpartition("_")[2] for log in logs] == ["failed", "recovered", "failed", "recovered"]


async def test_a_step_that_never_ends_is_described(clock: Clock) -> None:
    async def step() -> None:
        await asyncio.Event().wait()

    task = trading(step, clock=clock)
    task.start()
    await asyncio.sleep(0)
    assert task.describe_failure() is None
    clock.now += 30
    assert task.describe_failure() == "the trading loop has not finished a step for 30 s"
    await task.stop()


@pytest.mark.parametrize("error", [RuntimeError(), asyncio.CancelledError(), TimeoutError()])
async def test_it_goes_on_after_a_failure_also_when_what_it_waited_for_was_cancelled(
    metrics: Metrics, error: BaseException
) -> None:
    step = Step(error)
    task = PeriodicTask("trading", 0.001, step, metrics)
    task.start()
    await step.until(3)
    await task.stop()
    assert failures(metrics) == 1


async def test_a_stop_cancels_the_step_waits_for_its_end_and_counts_no_failure(metrics: Metrics) -> None:
    started, ended = asyncio.Event(), False

    async def step() -> None:
        nonlocal ended
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended = True

    task = trading(step, metrics)
    task.start()
    await started.wait()
    await task.stop()
    assert ended
    assert failures(metrics) == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_it_can_be_stopped_twice_and_started_again_but_not_started_twice() -> None:
    step = Step()
    task = PeriodicTask("trading", 0.001, step)
    await task.stop()
    task.start()
    with pytest.raises(RuntimeError, match="runs already"):
        task.start()
    await step.until(1)
    await task.stop()
    await task.stop()
    task.start()
    await step.until(step.done + 1)
    await task.stop()


async def test_a_step_is_due_so_long_after_the_start_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a step took is part of the interval, and a step that took longer is followed at once."""
    clock, took, slept = Clock(), [0.1, 0.4], list[float]()

    async def step() -> None:
        clock.now += took[len(slept)]

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        if len(slept) == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr("investiq.serve.http.periodic.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await trading(step, clock=clock).run()
    assert slept == [0.15, 0.0]
