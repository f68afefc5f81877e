"""Readings: fetched once for all who ask, and never an exception."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from investiq.clients.api import ApiRefused
from investiq.clients.session import Unreachable
from investiq.serve.web.reading import PollingCache, SourceHealth, SourceUnavailable


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Counts how often it is asked; answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fault: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, name: str = "") -> str:
        self.asked.append(name)
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return f"{name}{len(self.asked)}"


def readings(source: Source, clock: Clock, *, keep_keys: int = 64) -> PollingCache[str]:
    return PollingCache(SourceHealth("API server", "investiq status"), source.fetch, clock=clock, keep_keys=keep_keys)


async def test_ten_tabs_at_once_ask_once() -> None:
    source, clock = Source(), Clock()
    source.gate.clear()
    read = readings(source, clock)

    waiting = [asyncio.create_task(read("AAPL")) for _ in range(10)]
    await asyncio.sleep(0)
    source.gate.set()

    assert await asyncio.gather(*waiting) == ["AAPL1"] * 10
    assert source.asked == ["AAPL"]


async def test_an_answer_is_kept_for_a_second_and_no_longer() -> None:
    source, clock = Source(), Clock()
    read = readings(source, clock)

    assert await read("AAPL") == "AAPL1"
    clock.now += 0.9
    assert await read("AAPL") == "AAPL1"
    clock.now += 0.2
    assert await read("AAPL") == "AAPL2"


async def test_symbols_are_read_apart_and_only_so_many_are_remembered() -> None:
    source, clock = Source(), Clock()
    read = readings(source, clock, keep_keys=2)

    for name in ("A", "B", "C", "A"):
        await read(name)

    assert source.asked == ["A", "B", "C", "A"]


async def test_a_tab_that_goes_away_does_not_take_the_answer_from_the_others() -> None:
    source, clock = Source(), Clock()
    source.gate.clear()
    read = readings(source, clock)
    first, second = asyncio.create_task(read("A")), asyncio.create_task(read("A"))
    await asyncio.sleep(0)

    first.cancel()
    await asyncio.sleep(0)
    source.gate.set()

    assert await second == "A1"


async def test_an_outage_says_since_when_and_ends_with_the_next_answer() -> None:
    source, clock = Source(), Clock()
    source.fault = Unreachable("no answer from http://127.0.0.1:3000")
    read = readings(source, clock)

    before = datetime.now(UTC)
    first = await read("A")
    clock.now += 5
    later = await read("A")

    assert isinstance(first, SourceUnavailable)
    assert isinstance(later, SourceUnavailable)
    assert before <= first.since == later.since
    assert later.error == "no answer from http://127.0.0.1:3000"
    assert not later.refused

    source.fault = None
    clock.now += 5
    assert await read("A") == "A3"
    source.fault = Unreachable("again")
    clock.now += 5
    again = await read("A")
    assert isinstance(again, SourceUnavailable)
    assert again.since > first.since


async def test_a_refusal_is_no_outage() -> None:
    source, clock = Source(), Clock()
    source.fault = ApiRefused(404, {"reason": "unknown_symbol", "detail": "no symbol XX"})

    answer = await readings(source, clock)("XX")

    assert isinstance(answer, SourceUnavailable)
    assert answer.refused
    assert answer.error == "no symbol XX"


async def test_a_fault_of_ours_is_not_mistaken_for_an_outage() -> None:
    source, clock = Source(), Clock()
    source.fault = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        await readings(source, clock)("A")


async def test_forgetting_asks_again_at_once() -> None:
    source, clock = Source(), Clock()
    read = readings(source, clock)
    await read("A")

    read.forget()

    assert await read("A") == "A2"


async def test_a_failure_is_not_kept_as_long_as_an_answer() -> None:
    source, clock = Source(), Clock()
    read = PollingCache(SourceHealth("Prometheus", "investiq status"), source.fetch, clock=clock, keep_seconds=20.0)
    source.fault = Unreachable("nobody is there")
    assert isinstance(await read("q"), SourceUnavailable)

    source.fault = None
    clock.now += 1.5

    assert await read("q") == "q2"
    clock.now += 15
    assert await read("q") == "q2"


async def test_what_is_old_makes_room_for_what_others_still_share() -> None:
    source, clock = Source(), Clock()
    read = readings(source, clock, keep_keys=2)

    await read("old")
    clock.now += 0.5
    await read("shared")
    clock.now += 0.4
    await read("old")
    clock.now += 0.3
    await read("new")

    assert await read("shared") == "shared2"
    assert source.asked == ["old", "shared", "new"]
