"""`investiq status` by way of the supervisor: the same as by itself, and only from one that was given the same."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from investiq.foundation.setting_sources import RUN_FOLDER, Given
from investiq.operate.supervise.control_server import ControlServer
from investiq.operate.supervise.control_socket import SOCKET
from investiq.operate.supervise.report import reported
from investiq.operate.supervise.status import PartStatus, ProcessState, StackReport, StackSnapshot, StackStatus
from tests.operate.supervise.conftest import Fakes

TRADING = cast(Any, {"mode": "replay", "halted": False, "reason": None, "note": None})
FOUND = (
    PartStatus("api", "the API", ProcessState.UNHEALTHY, 3000, "http://127.0.0.1:3000/", 7, 1, 0.5, 9, note="slow"),
    PartStatus("grafana", "dashboards", ProcessState.MISSING, optional=True),
)


async def asked(fakes: Fakes, fingerprint: str, given: str | None = "same") -> StackReport | None:
    """What is reported to `fingerprint` while a supervisor runs that was given `given`."""

    async def found(snapshot: StackSnapshot) -> StackReport:
        return StackReport(StackStatus(FOUND, snapshot), TRADING)

    run = fakes.folder / RUN_FOLDER
    run.mkdir(parents=True, exist_ok=True)
    async with ControlServer(fakes.supervisor(fakes.part("api")), run, given, found):
        return await asyncio.to_thread(reported, Given(fakes.folder, fingerprint))


async def test_who_was_given_the_same_is_told_what_was_found(fakes: Fakes) -> None:
    report = await asked(fakes, "same")
    assert report is not None
    assert (report.stack.parts, report.trading) == (FOUND, TRADING)
    assert report.stack.supervisor is not None
    assert [part.name for part in report.stack.supervisor.parts] == ["api"]


@pytest.mark.parametrize(("fingerprint", "given"), [("other", "same"), ("same", None), ("", None), ("", "same")])
async def test_who_was_given_something_else_has_to_look(fakes: Fakes, fingerprint: str, given: str | None) -> None:
    assert await asked(fakes, fingerprint, given) is None


def test_without_a_supervisor_one_has_to_look(tmp_path: Path) -> None:
    assert reported(Given(tmp_path, "same")) is None
    (tmp_path / RUN_FOLDER).mkdir()
    assert reported(Given(tmp_path, "same")) is None


@contextmanager
def answering(folder: Path, *lines: bytes) -> Iterator[None]:
    """Something else on the socket."""
    (folder / RUN_FOLDER).mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / RUN_FOLDER / SOCKET))
        server.listen()

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"".join(lines))

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join()


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b'{"error": "unknown request \'report\'"}\n'],  # of an older version
        [b"[]\n"],
        [b'{"same": true}\n'],  # and then it was killed
        [b'{"same": true}\n', b'{"stack": {"parts": [{}], "supervisor": null}, "trading": null}\n'],
        [b'{"same": true}\n', b'{"stack"'],
        [b'{"same": true}\n', json.dumps({"stack": None, "trading": None}).encode() + b"\n"],
    ],
)
def test_an_answer_that_makes_no_sense_is_none(tmp_path: Path, lines: list[bytes]) -> None:
    with answering(tmp_path, *lines):
        assert reported(Given(tmp_path, "same")) is None


def test_status_by_way_of_the_supervisor_loads_no_schema_and_no_event_loop() -> None:
    """They would be two thirds of the time that it takes."""
    code = "import sys, investiq.cli.status; print(sorted({'pydantic', 'asyncio', 'psutil'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
