"""The control socket, and what becomes of the parts when their supervisor is killed."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from investiq.operate.supervise.control import AlreadyRunning, ControlClient, NotRunning, Rejected, hold_lock, is_locked
from investiq.operate.supervise.status import Phase, ProcessState, StackSnapshot
from tests.operate.supervise.conftest import Fakes
from tests.ports import free_port


@asynccontextmanager
async def supervisor_process(folder: Path, *names: str) -> AsyncIterator[subprocess.Popen[bytes]]:
    parts = [f"{name}:{free_port()}" for name in names]
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.operate.supervise.fake_supervisor", str(folder), *parts],
        cwd=Path(__file__).parents[3],
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def connected(folder: Path) -> ControlClient:
    client = ControlClient(folder / "run")
    async with asyncio.timeout(30):
        while True:
            try:
                await client.status()
                return client
            except (NotRunning, FileNotFoundError):
                await asyncio.sleep(0.02)


async def running(client: ControlClient) -> StackSnapshot:
    async with asyncio.timeout(30):
        async for snapshot in client.follow():
            if snapshot.phase is Phase.RUNNING:
                return snapshot
    raise AssertionError("it ended before it ran")


async def test_status_stop_and_start_of_a_part_from_another_process(fakes: Fakes) -> None:
    async with supervisor_process(fakes.folder, "api", "web") as process:
        client = await connected(fakes.folder)
        snapshot = await running(client)
        assert snapshot.supervisor_pid == process.pid
        assert [part.state for part in snapshot.parts] == [ProcessState.HEALTHY, ProcessState.HEALTHY]

        await client.stop_part("api")
        assert (await client.status())["api"].state is ProcessState.STOPPED_BY_USER
        await client.start_part("api")
        async for snapshot in client.follow():
            if snapshot["api"].state is ProcessState.HEALTHY:
                break

        with pytest.raises(Rejected, match="no part is called 'apy'"):
            await client.stop_part("apy")


async def test_stop_follows_to_the_end_and_nothing_is_left(fakes: Fakes) -> None:
    async with supervisor_process(fakes.folder, "api", "web") as process:
        client = await connected(fakes.folder)
        await running(client)
        snapshots = [snapshot async for snapshot in client.stop()]
        assert snapshots[-1].phase is Phase.STOPPED
        assert {part.state for part in snapshots[-1].parts} == {ProcessState.STOPPED}
        assert process.wait(10) == 0
    assert not fakes.processes()
    assert not (fakes.folder / "run" / "control.sock").exists()
    with pytest.raises(NotRunning):
        await client.status()


async def test_a_supervisor_that_is_killed_leaves_no_process(fakes: Fakes) -> None:
    async with supervisor_process(fakes.folder, "api", "web", "inbox") as process:
        client = await connected(fakes.folder)
        await running(client)
        children = psutil.Process(process.pid).children()
        assert len(children) == 3
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive
    assert not is_locked(fakes.folder / "run")


async def test_the_socket_that_a_killed_supervisor_left_is_no_obstacle(fakes: Fakes) -> None:
    async with supervisor_process(fakes.folder, "api") as process:
        await connected(fakes.folder)
        process.kill()
        process.wait()
    assert (fakes.folder / "run" / "control.sock").exists()
    with pytest.raises(NotRunning):
        await ControlClient(fakes.folder / "run").status()
    async with supervisor_process(fakes.folder, "api"):
        await running(await connected(fakes.folder))


async def test_a_data_dir_longer_than_a_socket_address_works(fakes: Fakes) -> None:
    fakes.folder = fakes.folder / ("long-" * 20) / ("longer-" * 20)
    async with supervisor_process(fakes.folder, "api"):
        await running(await connected(fakes.folder))


async def test_only_the_user_who_started_it_may_open_the_socket(fakes: Fakes) -> None:
    async with supervisor_process(fakes.folder, "api"):
        await connected(fakes.folder)
        run = fakes.folder / "run"
        assert stat.S_IMODE((run / "control.sock").stat().st_mode) == 0o600
        assert stat.S_IMODE(run.stat().st_mode) == 0o700


async def test_a_client_that_talks_nonsense_or_hangs_up_does_no_harm(fakes: Fakes) -> None:
    async with supervisor_process(fakes.folder, "api"):
        client = await connected(fakes.folder)
        path = fakes.folder / "run" / "control.sock"
        for nonsense in (b"", b"\n", b"{]\n", b"[]\n", b'{"do":"dance"}\n', b'{"do":"follow"}\n'):
            _, writer = await asyncio.open_unix_connection(path)
            writer.write(nonsense)
            writer.close()
        await running(client)


def test_the_lock_lets_one_supervisor_in(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert not is_locked(run)
    with hold_lock(run):
        assert is_locked(run)
        with pytest.raises(AlreadyRunning), hold_lock(run):
            pass
    assert not is_locked(run)
