"""From a configuration to a running supervisor: folders, rendered files, lock, ports, control socket."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.files import provide_token
from investiq.foundation.telemetry import logging
from investiq.operate.edge.answers import AnswerCounter
from investiq.operate.render.web_config import provide_grafana_password, provide_passwords
from investiq.operate.supervise.control import hold_lock
from investiq.operate.supervise.control_server import ControlServer
from investiq.operate.supervise.folders import make_folders
from investiq.operate.supervise.log_redaction import LogRedaction, RedactedStream
from investiq.operate.supervise.logs import rotated_text
from investiq.operate.supervise.parts import ProcessSpec, StackTable, stack_table
from investiq.operate.supervise.ports import bound_ports
from investiq.operate.supervise.programs import SYSTEMD_SOCKET, takes_sockets
from investiq.operate.supervise.stack_status import read_report
from investiq.operate.supervise.supervisor import Supervisor

__all__ = ["missing_jobs", "supervised"]


@contextlib.asynccontextmanager
async def supervised(
    config: Config, no_restart: Collection[str] = (), given: str | None = None
) -> AsyncIterator[Supervisor]:
    """A supervisor of the whole stack that this process may run: alone on its data_dir, ports its own, files written.

    Its log is `logs/supervisor.log`; SIGTERM and SIGHUP (the terminal has gone) stop the stack in order.

    Args:
        given: the fingerprint of what `config` was read from.

    Raises:
        AlreadyRunning: another supervisor runs on this data_dir.
        PortsTaken: something else listens where a part is to listen.
        UnusableTokenFile: a token, or the password of a program, cannot be made or read.
        EdgeError: nginx could not start with what is configured.
    """
    # Rules, dashboards and Grafana's SDK: a detaching `investiq up` does without.
    from investiq.operate.edge.files import forget_passes, write_edge  # noqa: PLC0415
    from investiq.operate.render import files  # noqa: PLC0415

    paths = make_folders(config)
    table = _with_sockets(stack_table(config))
    with hold_lock(paths.run), bound_ports(table) as sockets:
        redaction = LogRedaction(config)
        rotation, log = config.logging, paths.logs / "supervisor.log"
        stream = rotated_text(log, rotation.max_bytes, rotation.backups, RedactedStream(redaction))
        logging.configure("supervisor", config.logging.level, stream)
        provide_token(paths.heartbeat_token)  # before Alertmanager and the API, which both read it
        provide_token(paths.inbox_token)  # before Alertmanager and whoever else speaks to it
        provide_token(paths.console_token)  # before the API, which asks for it, and the console, which shows it
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
            rotation=rotation,
            redaction=redaction,
            cwd=Path.cwd(),
            sockets=sockets,
            no_restart=frozenset(no_restart),
            readers={topology.EDGE.name: answers.write},
        )
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
        control = ControlServer(supervisor, paths.run, given, partial(read_report, config))
        async with control, _kept(answers, config):
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


def missing_jobs(table: StackTable) -> tuple[str, ...]:
    """The scrape jobs that have nothing to scrape, because a program is missing."""
    missing = {program.name for program in table.missing}
    return tuple(job for process in topology.PROCESSES if process.name in missing for job in process.jobs)
