"""A supervisor in a process of its own, over fake parts: run with the folder and `name:port` of each part."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from investiq.operate.supervise.control import hold_lock
from investiq.operate.supervise.control_server import ControlServer
from investiq.operate.supervise.parts import ProcessSpec
from investiq.operate.supervise.status import Failure
from tests.operate.supervise.conftest import Fakes


async def supervise(folder: Path, parts: list[str]) -> Failure | None:
    fakes = Fakes(folder)
    table: list[ProcessSpec] = []
    for part in parts:
        name, _, port = part.partition(":")
        table.append(fakes.part(name, port=int(port), needs=tuple(one.name for one in table)))
    supervisor = fakes.supervisor(*table)
    with hold_lock(folder / "run"):
        async with ControlServer(supervisor, folder / "run"):
            return await supervisor.run()


if __name__ == "__main__":
    sys.exit(asyncio.run(supervise(Path(sys.argv[1]), sys.argv[2:])) is not None)
