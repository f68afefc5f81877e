"""The table of parts: what runs, how it is called, how one sees that it is well, and what it needs first. Pure data.

Everything that differs between parts stands here; the supervisor knows no part by name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from investiq.foundation.config import Config, Paths, addresses
from investiq.operate.supervise import programs

__all__ = ["HealthProbe", "MissingProgram", "ProcessSpec", "StackTable", "stack_table"]

_INTERPRETER_START_SECONDS = 120.0
"""A first start on a small machine compiles and loads much at once; a part that hangs is still found."""


@dataclass(frozen=True, slots=True)
class HealthProbe:
    """A part is well when `url` answers 200 with `body` in it; the body tells the part from whatever else answers."""

    url: str
    body: str


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process to keep running.

    Attributes:
        what: what it is, for people.
        argv: the command line; never holds a secret, since every user of the machine can read it.
        host, port: where it listens; port None for a part that does not.
        setting: the key of investiq.toml that changes the port.
        check: how its health is asked; without one, a part that stays alive for a second is well.
        needs: parts that are to be healthy before this one starts; those that are missing do not count.
        outlived_by: parts that stop after this one has, though it does not wait for them when it starts.
        environment: variables beside the inherited ones.
        once: a step that ends with exit code 0, not a server.
        start_seconds: how long it may take to become healthy.
        stop_seconds: how long it may take to end after SIGTERM.
    """

    name: str
    what: str
    argv: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int | None = None
    setting: str | None = None
    check: HealthProbe | None = None
    needs: tuple[str, ...] = ()
    outlived_by: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    start_seconds: float = _INTERPRETER_START_SECONDS
    stop_seconds: float = 15.0

    @property
    def url(self) -> str | None:
        """Its address for a browser on this machine."""
        return None if self.port is None else _url(self.host, self.port)


@dataclass(frozen=True, slots=True)
class MissingProgram:
    """A part that cannot run because its program is not installed.

    Attributes:
        get: how to get the program.
        optional: the stack is whole without it; otherwise something is not watched that should be.
    """

    name: str
    what: str
    get: str
    optional: bool


@dataclass(frozen=True, slots=True)
class StackTable:
    """The parts of a stack, in order of dependence, and those that are missing."""

    parts: tuple[ProcessSpec, ...]
    missing: tuple[MissingProgram, ...] = ()

    def __post_init__(self) -> None:
        known: set[str] = {part.name for part in self.missing}
        for part in self.parts:
            if unknown := set(part.needs) - known:
                raise ValueError(f"{part.name} needs {sorted(unknown)}, which the table does not name before it")
            known.add(part.name)

    def __getitem__(self, name: str) -> ProcessSpec:
        return next(part for part in self.parts if part.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts)

    def needs(self, part: ProcessSpec) -> tuple[str, ...]:
        """What `part` waits for: its needs without the missing ones."""
        return tuple(name for name in part.needs if name in self.names)

    def stop_before(self, name: str) -> tuple[str, ...]:
        """The parts that are to have stopped before `name` does."""
        return tuple(part.name for part in self.parts if name in (*part.needs, *part.outlived_by))


def stack_table(config: Config, installed: Mapping[str, str] | None = None, trained: bool | None = None) -> StackTable:
    """The parts of InvestIQ under `config`.

    Prometheus starts at once, since it takes up to ten seconds from its start to its first scrape; a start is over
    before any alert has waited its minute. Only a training could last longer than that: then Prometheus waits for it.
    It stops before the first of its targets does, but for the agent. That one comes last and goes first: it trades only
    when watched.

    Args:
        installed: program -> its file, for the monitoring programs; default: those on PATH.
        trained: whether there is a signal model already; default: whether there is one in the folder of models.
    """
    paths = Paths.of(config)
    installed = programs.find_all() if installed is None else installed
    trained = paths.current_model.exists() if trained is None else trained
    parts = [*_own_parts(config), *_watchers(config, paths, installed, trained), *_agent(config)]
    missing = tuple(
        MissingProgram(program.part, program.what, program.get, program.optional)
        for program in programs.PROGRAMS
        if program.part not in installed
    )
    return StackTable(tuple(parts), missing)


def _own_parts(config: Config) -> Iterable[ProcessSpec]:
    yield _server("inbox", "notifications on this machine", config.inbox.host, config.inbox.port)
    yield ProcessSpec(
        name="model",
        what="signal model, trained when there is none",
        argv=_investiq("models", "train", "--if-needed"),
        once=True,
        start_seconds=900,
    )
    yield _server("api", "analysis and trading over HTTP", config.api.host, config.api.port)
    yield _server("signals", "predictions of the signal model", config.signals.host, config.signals.port, ("model",))
    yield _server("web", "the console in the browser", config.web.host, config.web.port)


def _watchers(config: Config, paths: Paths, installed: Mapping[str, str], trained: bool) -> Iterable[ProcessSpec]:
    monitoring = config.monitoring
    if program := installed.get("alertmanager"):
        yield _watcher(
            "alertmanager",
            monitoring.alertmanager_port,
            HealthProbe("/-/ready", "OK"),
            (
                program,
                f"--config.file={paths.monitoring / 'alertmanager.yml'}",
                f"--storage.path={paths.alertmanager}",
                f"--web.external-url={_url('127.0.0.1', monitoring.alertmanager_port)}",
                "--cluster.listen-address=",  # one instance: no gossip, and no port 9094 open to the network
            ),
            needs=("inbox",),
        )
    if program := installed.get("blackbox"):
        argv = (program, f"--config.file={paths.monitoring / 'blackbox.yml'}")
        yield _watcher("blackbox", monitoring.blackbox_port, HealthProbe("/-/healthy", "Healthy"), argv)
    if program := installed.get("node"):
        argv = (program, "--no-collector.systemd")  # on by default in Debian's; without systemd, an error each scrape
        yield _watcher("node", monitoring.node_port, HealthProbe("/", "Node Exporter"), argv)
    if program := installed.get("prometheus"):
        yield _watcher(
            "prometheus",
            monitoring.prometheus_port,
            HealthProbe("/-/ready", "Ready"),
            (
                program,
                f"--config.file={paths.monitoring / 'prometheus.yml'}",
                f"--storage.tsdb.path={paths.prometheus}",
                f"--storage.tsdb.retention.time={monitoring.retention_days}d",
                f"--storage.tsdb.retention.size={monitoring.retention_size}",
                f"--web.external-url={_url('127.0.0.1', monitoring.prometheus_port)}",
                # An alert is promised to Alertmanager for four of these: with the default of a minute, the heartbeat
                # of a dead Prometheus goes on for over 90 s.
                "--rules.alert.resend-delay=5s",
                # Not --web.enable-lifecycle: any page in a browser here could then stop Prometheus. SIGHUP reloads.
            ),
            needs=() if trained else ("model",),
            outlived_by=("inbox", "api", "signals", "web", "alertmanager", "blackbox", "node"),
        )


def _agent(config: Config) -> Iterable[ProcessSpec]:
    if config.agent_runs:
        needs = ("api", "signals", "prometheus")
        agent = _server("agent", "trades on paper by simple rules", config.agent.host, config.agent.port, needs)
        yield replace(agent, argv=_investiq("agent"))


def _server(name: str, what: str, host: str, port: int, needs: tuple[str, ...] = ()) -> ProcessSpec:
    """A server of ours; each answers /health with a JSON document that has a status."""
    reached = addresses.connect_host(host)
    return ProcessSpec(
        name=name,
        what=what,
        argv=_investiq("serve", name),
        host=reached,
        port=port,
        setting=f"{name}.port",
        check=HealthProbe(f"{_url(reached, port)}health", '"status"'),
        needs=needs,
    )


def _watcher(
    name: str,
    port: int,
    check: HealthProbe,
    argv: tuple[str, ...],
    *,
    needs: tuple[str, ...] = (),
    outlived_by: tuple[str, ...] = (),
) -> ProcessSpec:
    """A monitoring program, on loopback only: none of them asks who is there."""
    return ProcessSpec(
        name=name,
        what=programs.what(name),
        argv=(*argv, f"--web.listen-address=127.0.0.1:{port}"),
        port=port,
        setting=f"monitoring.{name}_port",
        check=HealthProbe(_url("127.0.0.1", port).rstrip("/") + check.url, check.body),
        needs=needs,
        outlived_by=outlived_by,
        start_seconds=60,
        stop_seconds=20,
    )


def _investiq(*arguments: str) -> tuple[str, ...]:
    return (str(Path(sys.executable)), "-m", "investiq", *arguments)


def _url(host: str, port: int) -> str:
    return f"{addresses.base_url(addresses.target(host, port))}/"
