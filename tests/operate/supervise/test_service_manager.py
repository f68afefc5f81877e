"""The supervisor speaks sd_notify(3): ready when every part is well, alive while its loop turns, silent to nobody."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from investiq.operate.supervise.service_manager import ServiceManager
from investiq.operate.supervise.status import PartStatus, Phase, ProcessState, StackSnapshot


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(5)
        yield channel


def _snapshot(phase: Phase, state: ProcessState) -> StackSnapshot:
    return StackSnapshot(phase, 1, "", (PartStatus("api", "the API", state, None, None),))


async def test_readiness_is_told_once_every_part_is_well(listener: socket.socket) -> None:
    manager = ServiceManager(listener.getsockname())

    async def snapshots() -> AsyncIterator[StackSnapshot]:
        yield _snapshot(Phase.STARTING, ProcessState.STARTING)
        yield _snapshot(Phase.RUNNING, ProcessState.HEALTHY)
        yield _snapshot(Phase.RUNNING, ProcessState.UNHEALTHY)
        yield _snapshot(Phase.STOPPING, ProcessState.STOPPING)

    await manager.follow(snapshots())
    told = [listener.recv(1024).decode() for _ in range(4)]
    assert told == [
        "STATUS=0 of 1 parts are well; api starting",
        "READY=1\nSTATUS=1 of 1 parts are well",
        "STATUS=0 of 1 parts are well; api unhealthy",
        "STOPPING=1\nSTATUS=stopping",
    ]


async def test_it_shows_life_in_time_for_the_watchdog(listener: socket.socket) -> None:
    alive = asyncio.create_task(ServiceManager(listener.getsockname(), 0.02).keep_alive())
    for _ in range(2):
        assert await asyncio.to_thread(listener.recv, 1024) == b"WATCHDOG=1"
    alive.cancel()


def test_what_is_started_does_not_speak_for_it() -> None:
    environ = {"NOTIFY_SOCKET": "@abstract", "WATCHDOG_USEC": "90000000", "WATCHDOG_PID": str(os.getpid()), "HOME": "/"}
    assert ServiceManager.of(environ) == ServiceManager("@abstract", 90.0)
    assert environ == {"HOME": "/"}
    assert ServiceManager.of({"WATCHDOG_USEC": "90000000", "WATCHDOG_PID": "1"}) == ServiceManager()


def test_nobody_there_is_no_fault(tmp_path: Path) -> None:
    ServiceManager().tell("READY=1")
    ServiceManager(str(tmp_path / "gone")).tell("READY=1")
