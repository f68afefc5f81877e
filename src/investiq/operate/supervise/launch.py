"""From a configuration to a running supervisor: folders, rendered files, lock, ports, control socket."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import provide_token
from investiq.foundation.telemetry import logging
from investiq.operate.edge.answers import AnswerCounter
from investiq.operate.render.web_config import provide_grafana_password, provide_passwords
from investiq.operate.supervise.control import AlreadyRunning, ControlClient, NotRunning, hold_lock, is_locked
from investiq.operate.supervise.control_server import ControlServer
from investiq.operate.supervise.logs import own_error, rotated_text, tail
from investiq.operate.supervise.parts import ProcessSpec, StackTable, stack_table
from investiq.operate.supervise.ports import bound_ports
from investiq.operate.supervise.programs import SYSTEMD_SOCKET, takes_sockets
from investiq.operate.supervise.status import StackSnapshot
from investiq.operate.supervise.supervisor import Supervisor

__all__ = ["DetachedFailed", "detach", "followed", "missing_jobs", "move_aside", "supervised"]


class DetachedFailed(InvestIQError):
    """The supervisor in the background ended before it could say why over its socket."""

    reason = "supervisor_ended"


@contextlib.asynccontextmanager
async def supervised(config: Config, no_restart: Collection[str] = ()) -> AsyncIterator[Supervisor]:
    """A supervisor of the whole stack that this process may run: alone on its data_dir, ports its own, files written.

    Its log is `logs/supervisor.log`; SIGTERM and SIGHUP (the terminal has gone) stop the stack in order.

    Raises:
        AlreadyRunning: another supervisor runs on this data_dir.
        PortsTaken: something else listens where a part is to listen.
        UnusableTokenFile: a token, or the password of a program, cannot be made or read.
        EdgeError: nginx could not start with what is configured.
    """
    # Rules, dashboards and Grafana's SDK: a detaching `investiq up` does without.
    from investiq.operate.edge.files import forget_passes, write_edge  # noqa: PLC0415
    from investiq.operate.render import files  # noqa: PLC0415

    paths = _folders(config)
    table = _with_sockets(stack_table(config))
    with hold_lock(paths.run), bound_ports(table) as sockets:
        stream = rotated_text(paths.logs / "supervisor.log", config.logging.max_bytes, config.logging.backups)
        logging.configure("supervisor", config.logging.level, stream)
        provide_token(paths.heartbeat_token)  # before Alertmanager and the API, which both read it
        provide_token(paths.inbox_token)  # before Alertmanager and whoever else speaks to it
        provide_passwords(config)
        provide_grafana_password(config)
        files.write_runtime(config, paths.monitoring, missing_jobs(table))
        if topology.EDGE.name in table.names:
            write_edge(config, table[topology.EDGE.name].argv[0])
            forget_passes(config)
        answers = AnswerCounter()
        supervisor = Supervisor(
            table,
            logs=paths.logs,
            rotation=config.logging,
            cwd=Path.cwd(),
            sockets=sockets,
            no_restart=frozenset(no_restart),
            readers={topology.EDGE.name: answers.write},
        )
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
        async with ControlServer(supervisor, paths.run), _kept(answers, config):
            yield supervisor


@contextlib.asynccontextmanager
async def _kept(answers: AnswerCounter, config: Config) -> AsyncIterator[None]:
    """What the edge answers is written down, where it runs."""
    if not topology.EDGE.runs(config):
        yield
        return
    keeping = asyncio.create_task(answers.keep(Paths.of(config).textfile), name="count the edge's answers")
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])


def _with_sockets(table: StackTable) -> StackTable:
    """The same parts, those programs among them that can take their sockets from us told to do so."""
    return replace(table, parts=tuple(_activated(part) for part in table.parts))


def _activated(part: ProcessSpec) -> ProcessSpec:
    if part.port is None or part.listen_host is not None or not takes_sockets(part.argv[0]):
        return part
    return replace(part, listen_host=part.host, activated=True, argv=(*part.argv, SYSTEMD_SOCKET))


def _folders(config: Config) -> Paths:
    """Make the folders of the stack, for this user only: they hold the ledger, keys and logs."""
    paths = Paths.of(config)
    for folder in (paths.data_dir, paths.logs, paths.run, paths.prometheus, paths.alertmanager, paths.textfile):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return paths


def missing_jobs(table: StackTable) -> tuple[str, ...]:
    """The scrape jobs that have nothing to scrape, because a program is missing."""
    missing = {program.name for program in table.missing}
    return tuple(job for process in topology.PROCESSES if process.name in missing for job in process.jobs)


def move_aside(config: Config, now: datetime) -> Path | None:
    """Give data_dir another name, so that the next start is a fresh one; where it went, or None if there was none.

    Raises:
        AlreadyRunning: a supervisor runs on it.
    """
    paths = Paths.of(config)
    if is_locked(paths.run):
        raise AlreadyRunning("InvestIQ is running on this data: `investiq down` first")
    if not paths.data_dir.exists():
        return None
    aside = paths.data_dir.with_name(f"{paths.data_dir.name}.{now:%Y%m%d-%H%M%S}")
    return paths.data_dir.rename(aside)


def detach(config: Config, no_restart: Collection[str]) -> subprocess.Popen[bytes]:
    """Start a supervisor in the background, in a session of its own, with the environment of this process."""
    with (_folders(config).logs / "supervisor.log").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "investiq.operate.supervise.daemon", *no_restart],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


async def followed(config: Config, process: subprocess.Popen[bytes] | None = None) -> AsyncIterator[StackSnapshot]:
    """The snapshots of the supervisor in the background, from as soon as it answers.

    Args:
        process: that supervisor, if this process started it.

    Raises:
        DetachedFailed: it ended without answering.
        NotRunning: there is none.
    """
    paths = Paths.of(config)
    client = ControlClient(paths.run)
    while True:
        try:
            async for snapshot in client.follow():
                yield snapshot
            return
        except NotRunning:
            if process is not None and process.poll() is not None:
                last = tail(paths.logs / "supervisor.log", 12)
                said = own_error(last) or "\n".join(last[-1:]) or "the supervisor ended without a word"
                raise DetachedFailed(said) from None
            if process is None and not is_locked(paths.run):
                raise
        await asyncio.sleep(0.05)
