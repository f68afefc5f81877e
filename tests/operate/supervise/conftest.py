"""Fake parts: real processes, started through the same table as the real ones."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from investiq.foundation.config import Config
from investiq.foundation.config.schema import LoggingConfig, NotifyConfig
from investiq.operate.supervise.log_redaction import LogRedaction
from investiq.operate.supervise.parts import HealthProbe, ProcessSpec, StackTable
from investiq.operate.supervise.ports import bound_ports
from investiq.operate.supervise.process import SupervisionTiming
from investiq.operate.supervise.sockets import PartSockets
from investiq.operate.supervise.status import Failure, PartStatus, StackSnapshot
from investiq.operate.supervise.supervisor import Supervisor
from tests.ports import free_port

FAKE = Path(__file__).with_name("fake_part.py")
QUICK = SupervisionTiming(starting=0.02, watching=0.05, settled=0.1, crashes=3, first_back_off=0.02)


@dataclass
class Fakes:
    """Makes fake parts, runs supervisors over them, and knows what they did."""

    folder: Path
    log: LoggingConfig = field(default_factory=LoggingConfig)
    secrets: NotifyConfig = field(default_factory=NotifyConfig)

    def part(
        self, name: str, *options: str, needs: tuple[str, ...] = (), port: int | None = None, **more: object
    ) -> ProcessSpec:
        """A part that serves on a free port, or on none with the option `--no-port`."""
        arguments = [*options]
        silent = "--no-port" in arguments or "--once" in arguments
        arguments = [argument for argument in arguments if argument != "--no-port"]
        if not silent:
            port = port or free_port()
            arguments += ["--port", str(port)]
        return ProcessSpec(
            name=name,
            what=f"the fake {name}",
            argv=(sys.executable, "-S", "-E", str(FAKE), name, "--folder", str(self.folder), *arguments),
            port=port,
            setting=f"{name}.port",
            check=None if silent else HealthProbe(f"http://127.0.0.1:{port}/health", '"status"'),
            needs=needs,
            once="--once" in options,
            **{"start_seconds": 20.0, "stop_seconds": 5.0, **more},  # type: ignore[arg-type]
        )

    def supervisor(
        self, *parts: ProcessSpec, no_restart: tuple[str, ...] = (), sockets: Mapping[str, PartSockets] | None = None
    ) -> Supervisor:
        return Supervisor(
            StackTable(parts),
            logs=self.folder / "logs",
            rotation=self.log,
            redaction=LogRedaction(Config(data_dir=self.folder / "data", notify=self.secrets)),
            cwd=self.folder,
            sockets=sockets or {},
            no_restart=no_restart,
            timing=QUICK,
        )

    @asynccontextmanager
    async def running(self, *parts: ProcessSpec, no_restart: tuple[str, ...] = ()) -> AsyncIterator[Supervisor]:
        """A supervisor that runs, and is stopped at the end."""
        with bound_ports(StackTable(parts)) as sockets:
            supervisor = self.supervisor(*parts, no_restart=no_restart, sockets=sockets)
            life = asyncio.create_task(supervisor.run())
            try:
                yield supervisor
            finally:
                supervisor.stop()
                await asyncio.wait_for(life, 30)

    def trace(self) -> list[str]:
        """What the parts did, in order: `start NAME`, `stop NAME`."""
        file = self.folder / "trace"
        return file.read_text().splitlines() if file.exists() else []

    def processes(self) -> list[psutil.Process]:
        """The processes of the fake parts of this test that are alive."""
        found = []
        for process in psutil.process_iter():
            try:
                if str(self.folder) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def fakes(tmp_path: Path) -> Iterator[Fakes]:
    fakes = Fakes(tmp_path)
    yield fakes
    _, left = psutil.wait_procs(fakes.processes(), timeout=5)  # the kernel takes a moment to end the killed
    for process in left:
        process.kill()
    assert not left, f"a test left processes: {left}"


async def until(
    supervisor: Supervisor, condition: Callable[[StackSnapshot], bool], seconds: float = 20
) -> StackSnapshot:
    """The first snapshot that satisfies `condition`."""
    async with asyncio.timeout(seconds):
        async for snapshot in supervisor.follow():
            if condition(snapshot):
                return snapshot
    raise AssertionError(f"it never came: {supervisor.snapshot()}")


async def part_until(supervisor: Supervisor, name: str, condition: Callable[[PartStatus], bool]) -> PartStatus:
    """The first status of a part that satisfies `condition`."""
    return (await until(supervisor, lambda snapshot: condition(snapshot[name])))[name]


async def life_of(supervisor: Supervisor) -> Failure | None:
    """Run until it ends by itself."""
    return await asyncio.wait_for(supervisor.run(), 30)
