"""Threads that cannot be stopped stay counted until they end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest

from investiq.foundation.threads import BoundedThreads, Turns

REQUEST_ID = ContextVar("REQUEST_ID", default="none")


async def test_gives_back_what_the_work_returns_or_raises() -> None:
    threads = BoundedThreads(1, "test")
    assert await threads.run(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)
    assert await threads.run(lambda: 43) == 43


async def test_even_an_attempt_to_end_the_process_is_only_a_failure() -> None:
    with pytest.raises(RuntimeError, match="tried to end the process"):
        await BoundedThreads(1, "test").run(sys.exit)


async def test_an_exception_that_no_future_can_carry_arrives_all_the_same() -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await BoundedThreads(1, "test").run(lambda: next(iter(())))


async def test_the_thread_sees_the_context_of_the_caller() -> None:
    REQUEST_ID.set("abc")
    assert await BoundedThreads(1, "test").run(REQUEST_ID.get) == "abc"


async def test_a_hung_thread_holds_its_place_after_its_caller_gave_up() -> None:
    threads, release, started = BoundedThreads(1, "hung-test"), threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang() -> None:
        loop.call_soon_threadsafe(started.set)
        release.wait()

    caller = asyncio.create_task(threads.run(hang))
    await started.wait()
    caller.cancel()
    waiting = [asyncio.create_task(threads.run(lambda: "done")) for _ in range(20)]
    await asyncio.sleep(0)
    assert [thread.name for thread in threading.enumerate()].count("hung-test") == 1
    assert not any(task.done() for task in waiting)
    release.set()
    assert await asyncio.gather(*waiting) == ["done"] * 20


async def test_waiting_calls_that_give_up_leave_nothing_behind() -> None:
    threads, release, started = BoundedThreads(1, "test"), threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang() -> None:
        loop.call_soon_threadsafe(started.set)
        release.wait()

    ran: list[int] = []
    hung = asyncio.create_task(threads.run(hang))
    await started.wait()
    waiting = [asyncio.create_task(threads.run(lambda: ran.append(1))) for _ in range(20)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    release.set()
    await hung
    assert await threads.run(lambda: "free") == "free"
    assert ran == []


def test_a_thread_that_ends_after_its_loop_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(threading, "excepthook", complaints.append)
    release, hung = threading.Event(), []

    def hang() -> None:
        hung.append(threading.current_thread())
        release.wait()

    async def give_up() -> None:
        task = asyncio.create_task(BoundedThreads(1, "test").run(hang))
        while not hung:
            await asyncio.sleep(0)
        task.cancel()

    asyncio.run(give_up())
    release.set()
    hung[0].join()
    assert complaints == []


async def test_a_thread_is_used_again_and_ends_with_those_whom_it_works_for() -> None:
    threads = BoundedThreads(2, "test")
    used = {await threads.run(threading.current_thread) for _ in range(5)}
    used |= set(await asyncio.gather(*(threads.run(threading.current_thread) for _ in range(5))))
    assert 1 <= len(used) <= 2
    del threads
    for thread in used:
        thread.join(10)
        assert not thread.is_alive()


HANGS_FOR_EVER = """
import asyncio, threading
from investiq.foundation.threads import BoundedThreads, Turns

async def main():
    try:
        async with asyncio.timeout(0.05):
            await BoundedThreads(1, "hung").run(threading.Event().wait)
    except TimeoutError:
        print("gave up")

asyncio.run(main())
"""


def test_a_thread_that_hangs_for_ever_does_not_keep_the_process_from_ending() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS_FOR_EVER], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "gave up\n", "")


async def test_those_who_share_turns_compute_one_at_a_time() -> None:
    turns = Turns(seconds=60.0)
    pools, running, most = [BoundedThreads(4, "test", turns) for _ in range(3)], [0], [0]

    def work() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        threading.Event().wait(0.001)  # long enough for another to begin, if it may
        running[0] -= 1

    await asyncio.gather(*(pool.run(work) for pool in pools for _ in range(8)))
    assert most[0] == 1


async def test_work_that_hangs_keeps_nobody_else_from_a_turn() -> None:
    turns, release = Turns(seconds=0.01), threading.Event()
    hung = asyncio.create_task(BoundedThreads(1, "test", turns).run(release.wait))
    others = BoundedThreads(1, "test", turns)
    assert [await others.run(lambda: "done") for _ in range(3)] == ["done"] * 3
    assert not hung.done()
    release.set()
    assert await hung
    assert await others.run(lambda: "done") == "done"


async def test_a_turn_is_held_by_the_work_and_not_by_who_waits_for_it() -> None:
    turns, release, started = Turns(seconds=60.0), threading.Event(), asyncio.Event()
    threads, loop = BoundedThreads(1, "test", turns), asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(started.set)
        release.wait()

    task = asyncio.create_task(threads.run(work))
    await started.wait()
    task.cancel()
    waiting = [asyncio.create_task(BoundedThreads(1, "test", turns).run(lambda: "done")) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert not waiting[1].done()
    release.set()
    assert await waiting[1] == "done"
    assert await threads.run(lambda: "free") == "free"
