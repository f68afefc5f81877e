"""Real programs over restored data: on a free port of this machine, behind a password, gone afterwards."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from investiq.clients.alertmanager.client import AlertmanagerReader
from investiq.clients.prometheus import Prometheus
from investiq.clients.session import ClientError, HttpCredentials, HttpSession, HttpSettings, ServerClient
from investiq.foundation import topology
from investiq.foundation.files import provide_token, replace_whole
from investiq.foundation.listeners import listens
from investiq.foundation.subprocesses import leashed
from investiq.foundation.topology import Process
from investiq.operate.backup.errors import BackupFailed
from investiq.operate.render.web_config import web_config_text
from investiq.operate.supervise.programs import find

__all__ = ["scratch_alertmanager", "scratch_prometheus"]

ANSWER_SECONDS = 120.0
"""Of one question: the samples of an hour are read from a cold disk."""
_READY_SECONDS = 300.0
_TRIES = 3
"""Somebody may take a port between the moment it is picked and that it is bound."""

_Client = TypeVar("_Client", bound=ServerClient)

_RECEIVER = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@contextmanager
def scratch_prometheus(data: Path, work: Path, *, snapshots: bool = False) -> Iterator[Prometheus]:
    """A Prometheus that scrapes nothing, evaluates nothing and drops nothing.

    Args:
        data: its store.
        work: where its configuration and its log go.
        snapshots: it can make one.

    Raises:
        BackupFailed: it is not installed, or does not come up over that store.
    """
    replace_whole(work / "prometheus.yml", "{}\n")
    arguments = (
        f"--config.file={work / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        "--storage.tsdb.max-block-duration=2h",  # no compaction: what was restored is read as it is
        "--query.timeout=2m",
        *(["--web.enable-admin-api"] if snapshots else []),
    )
    with _running(topology.PROMETHEUS, arguments, work, Prometheus) as client:
        yield client


@contextmanager
def scratch_alertmanager(data: Path, work: Path) -> Iterator[AlertmanagerReader]:
    """An Alertmanager that notifies nobody.

    Raises:
        BackupFailed: it is not installed, or does not come up.
    """
    replace_whole(work / "alertmanager.yml", _RECEIVER)
    arguments = (
        f"--config.file={work / 'alertmanager.yml'}",
        f"--storage.path={data}",
        "--cluster.listen-address=",
    )
    with _running(topology.ALERTMANAGER, arguments, work, AlertmanagerReader) as client:
        yield client


@contextmanager
def _running(process: Process, arguments: Sequence[str], work: Path, client: type[_Client]) -> Iterator[_Client]:
    program = process.program
    file = find(program) if program is not None else None
    if program is None or file is None:
        raise BackupFailed(f"{process.title} is not installed, which is to read what was restored: {process.name}")
    password = work / f"{process.name}.password"
    replace_whole(work / f"{process.name}.web.yml", web_config_text(provide_token(password)))
    command = (file, *arguments, f"--web.config.file={work / f'{process.name}.web.yml'}", "--log.level=warn")
    started, url = _started(process, command, work)
    try:
        yield client(url, HttpSettings(ANSWER_SECONDS, credentials=HttpCredentials(own_password=password)))
    finally:
        started.kill()  # its data is a copy that goes with it
        started.wait()


def _started(process: Process, command: Sequence[str], work: Path) -> tuple[subprocess.Popen[bytes], str]:
    for last in range(_TRIES):
        port = _free_port()
        with (work / f"{process.name}.log").open("wb") as log:
            started = subprocess.Popen(
                leashed((*command, f"--web.listen-address=127.0.0.1:{port}")),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=work,
            )
        try:
            if _comes_up(process, started, port, work / f"{process.name}.password"):
                return started, _url(port)
        except BaseException:
            started.kill()
            started.wait()
            raise
        if last == _TRIES - 1:
            break
    said = (work / f"{process.name}.log").read_text("utf-8", "replace").strip().splitlines()[-1:]
    raise BackupFailed(f"{process.title} does not come up over its store: {said[0] if said else 'no word'}")


def _comes_up(process: Process, started: subprocess.Popen[bytes], port: int, password: Path) -> bool:
    """Whether it listens and is ready. Whoever else has taken the port is asked nothing: he would answer."""
    deadline = time.monotonic() + _READY_SECONDS
    while started.poll() is None:
        if time.monotonic() > deadline:
            raise BackupFailed(f"{process.title} is not ready over its store after {_READY_SECONDS:g} s")
        if listens(started.pid, port) and asyncio.run(_is_ready(process, _url(port), password)):
            return True
        time.sleep(0.1)
    return False


async def _is_ready(process: Process, url: str, password: Path) -> bool:
    path, body = process.health
    settings = HttpSettings(credentials=HttpCredentials(own_password=password))
    async with HttpSession(process.title, url, settings) as http:
        try:
            answer = await http.ask(path)
        except ClientError:
            return False
    return answer.is_success and body in answer.text


def _url(port: int) -> str:
    return topology.base_url(topology.target("127.0.0.1", port))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
