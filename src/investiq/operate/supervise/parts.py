"""The table of parts: what runs, how it is called, how one sees that it is well, and what it needs first. Pure data.

Everything that differs between parts stands here; the supervisor knows no part by name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from investiq.clients.session import HttpCredentials
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.config.load import environment_for
from investiq.foundation.topology import Process
from investiq.operate.render.program_options import NO_ORIGIN, SILENCES_KEPT
from investiq.operate.render.web_config import WEB_FOLDER
from investiq.operate.supervise import programs

__all__ = ["HealthProbe", "MissingProgram", "ProcessSpec", "StackTable", "inherited", "stack_table"]

_INTERPRETER_START_SECONDS = 120.0
"""A first start on a small machine compiles and loads much at once; a part that hangs is still found."""


@dataclass(frozen=True, slots=True)
class HealthProbe:
    """A part is well when `url` answers 200 with `body` in it; the body tells the part from whatever else answers.

    Attributes:
        credentials: what it asks for, even to say that it is well.
    """

    url: str
    body: str
    credentials: HttpCredentials = field(default_factory=HttpCredentials)


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process to keep running.

    Attributes:
        what: what it is, for people.
        argv: the command line; never holds a secret, since every user of the machine can read it. Empty for what
            runs in another place.
        host, port: where this machine reaches it; port None for a part that does not listen.
        listen_host: where the supervisor listens for it, to hand it the sockets; None for one that binds for itself.
        activated: it takes them as from systemd, not by `--fd`.
        setting: the key of investiq.toml that changes the port.
        check: how its health is asked; without one, a part that stays alive for a second is well.
        needs: parts that are to be healthy before this one starts; those that are missing do not count.
        loads_ahead: its process starts at once and loads, and begins when it is told (`--gate`): it is the last one,
            and everybody would wait for its libraries.
        outlived_by: parts that stop after this one has, though it does not wait for them when it starts.
        environment: variables beside the inherited ones.
        secrets: settings whose secrets it reads; of the others it inherits nothing.
        asks_repository: it runs restic, which takes its credentials from the environment.
        reloads: whether it reads its configuration anew at SIGHUP; others end by it.
        forks: it has processes of its own, which are to end with it.
        once: a step that ends with exit code 0, not a server.
        start_seconds: how long it may take to become healthy.
        stop_seconds: how long it may take to end after SIGTERM.
    """

    name: str
    what: str
    argv: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int | None = None
    listen_host: str | None = None
    activated: bool = False
    setting: str | None = None
    check: HealthProbe | None = None
    needs: tuple[str, ...] = ()
    loads_ahead: bool = False
    outlived_by: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    asks_repository: bool = False
    reloads: bool = False
    forks: bool = False
    once: bool = False
    start_seconds: float = _INTERPRETER_START_SECONDS
    stop_seconds: float = 15.0

    @property
    def url(self) -> str | None:
        """Its address for a browser on this machine."""
        return None if self.port is None else f"{topology.base_url(topology.target(self.host, self.port))}/"


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
    installed = programs.find_all() if installed is None else installed
    trained = Paths.of(config).current_model.exists() if trained is None else trained
    return StackTable(tuple(_specs(config, installed, trained)), tuple(_missing(config, installed)))


def _specs(config: Config, installed: Mapping[str, str], trained: bool) -> Iterator[ProcessSpec]:
    for process in topology.PROCESSES:
        if process is topology.API:
            yield _TRAINING  # nothing takes longer: it begins beside the first servers
        if not process.runs(config):
            continue
        if process.network_names(config):
            yield _elsewhere(process, config)
        elif process.program is None:
            yield _server(process, config)
        elif process.name in installed and process.name in _ARGUMENTS:
            yield _program(process, config, installed[process.name], trained)
    if config.backup.schedule == "supervisor":
        yield _BACKUP


def _missing(config: Config, installed: Mapping[str, str]) -> Iterator[MissingProgram]:
    for process in topology.PROCESSES:
        if process.program is None or process.name in installed or process.network_names(config):
            continue
        elsewhere = process.name not in _ARGUMENTS and process.runs(config)  # started by somebody else, if at all
        wanted = process.runs(config) or process.program.optional
        if wanted and not elsewhere:
            yield MissingProgram(process.name, process.what, process.program.get, process.program.optional)


def _elsewhere(process: Process, config: Config) -> ProcessSpec:
    """What `addresses` says is reached in another place: it can be asked how it is, and somebody else runs it."""
    host, _, port = process.target(config).rpartition(":")
    return ProcessSpec(
        name=process.name,
        what=process.what,
        argv=(),
        host=host.strip("[]"),
        port=int(port),
        check=_probe(process, config),
    )


def _server(process: Process, config: Config) -> ProcessSpec:
    command = ("agent",) if process is topology.AGENT else ("serve", process.name)
    return ProcessSpec(
        name=process.name,
        what=process.what,
        argv=_investiq(*command),
        host=topology.connect_host(process.host(config)),
        port=process.port(config),
        listen_host=process.host(config),
        setting=process.setting,
        check=_probe(process, config),
        needs=process.needs,
        loads_ahead=process is topology.AGENT,
        secrets=_SECRETS[process.name],
    )


def _program(process: Process, config: Config, file: str, trained: bool) -> ProcessSpec:
    is_prometheus = process is topology.PROMETHEUS
    return ProcessSpec(
        name=process.name,
        what=process.what,
        argv=(file, *_ARGUMENTS[process.name](config), *_web(process, config)),
        port=process.port(config),
        setting=process.setting,
        check=_probe(process, config),
        needs=("model",) if is_prometheus and not trained else process.needs,
        outlived_by=_TARGETS if is_prometheus else (),
        reloads=process is not topology.NODE,
        forks=process is topology.EDGE,
        start_seconds=60,
        stop_seconds=20,
    )


def _web(process: Process, config: Config) -> tuple[str, ...]:
    """Where a program listens, and whom it answers: nearly all of them take it by the same two options."""
    if process is topology.EDGE:
        return ()  # its file says so
    asks = (f"--web.config.file={Paths.of(config).monitoring / WEB_FOLDER / f'{process.name}.yml'}",)
    return (*(asks if process.asks_password else ()), f"--web.listen-address=127.0.0.1:{process.port(config)}")


def _alertmanager(config: Config) -> tuple[str, ...]:
    paths = Paths.of(config)
    return (
        f"--config.file={paths.monitoring / 'alertmanager.yml'}",
        f"--storage.path={paths.alertmanager}",
        f"--web.external-url={topology.ALERTMANAGER.url(config)}/",
        "--cluster.listen-address=",  # one instance: no gossip, and no port 9094 open to the network
        SILENCES_KEPT,
    )


def _blackbox(config: Config) -> tuple[str, ...]:
    return (
        f"--config.file={Paths.of(config).monitoring / 'blackbox.yml'}",
        f"--web.external-url={topology.BLACKBOX.url(config)}/",  # on a socket from outside, it does not know its own
    )


def _node(config: Config) -> tuple[str, ...]:
    return (
        "--no-collector.systemd",  # on by default in Debian's; without systemd, an error each scrape
        f"--collector.textfile.directory={Paths.of(config).textfile}",
    )


def _prometheus(config: Config) -> tuple[str, ...]:
    paths, monitoring = Paths.of(config), config.monitoring
    return (
        f"--config.file={paths.monitoring / 'prometheus.yml'}",
        f"--storage.tsdb.path={paths.prometheus}",
        f"--storage.tsdb.retention.time={monitoring.retention_days}d",
        f"--storage.tsdb.retention.size={monitoring.retention_size}",
        f"--web.external-url={topology.PROMETHEUS.url(config)}/",
        # An alert is promised to Alertmanager for four of these: with the default of a minute, the heartbeat of a dead
        # Prometheus goes on for over 90 s.
        "--rules.alert.resend-delay=5s",
        # For its snapshots, which backups are made of; it could delete series too, for who has the password.
        "--web.enable-admin-api",
        f"--web.cors.origin={NO_ORIGIN}",
        # Which trace is an example of a slow request.
        *(("--enable-feature=exemplar-storage",) if config.tracing.enabled else ()),
        # Not --web.enable-lifecycle: any page in a browser here could then stop Prometheus. SIGHUP reloads.
    )


def _edge(config: Config) -> tuple[str, ...]:
    folder = Paths.of(config).edge
    # Without -e, nginx complains to a file of Debian's until it has read its own configuration.
    return ("-p", f"{folder}/", "-c", str(folder / "nginx.conf"), "-e", "stderr")


def _nginx_exporter(config: Config) -> tuple[str, ...]:
    return (f"--nginx.scrape-uri={topology.EDGE.url(config)}/status",)


_ARGUMENTS: Mapping[str, Callable[[Config], tuple[str, ...]]] = {
    topology.ALERTMANAGER.name: _alertmanager,
    topology.BLACKBOX.name: _blackbox,
    topology.NODE.name: _node,
    topology.PROMETHEUS.name: _prometheus,
    topology.EDGE.name: _edge,
    topology.NGINX_EXPORTER.name: _nginx_exporter,
}
"""How each program is started; one that is not here is only watched where somebody else runs it."""

_OF_ALL = frozenset({"api.metrics_token", "tracing.token"})

_SECRETS: Mapping[str, frozenset[str]] = {
    topology.API.name: _OF_ALL
    | {"database_url", "alpaca_api_key", "alpaca_secret_key"}
    | {"notify.discord_webhook_url", "notify.pagerduty_key", "notify.webhook_url"},
    topology.WEB.name: _OF_ALL | {"client.key"},
    topology.SIGNALS.name: _OF_ALL,
    topology.INBOX.name: _OF_ALL,
    topology.AGENT.name: _OF_ALL,
}
"""The settings whose secrets each server reads. What a program of others needs is in its files."""

_TARGETS = tuple(
    process.name
    for process in topology.PROCESSES
    if process.scraped and process not in (topology.PROMETHEUS, topology.AGENT, topology.GRAFANA)
)


def _probe(process: Process, config: Config) -> HealthProbe:
    path, body = process.health
    return HealthProbe(f"{process.url(config)}{path}", body, HttpCredentials.of(process, config))


def _investiq(*arguments: str) -> tuple[str, ...]:
    return (str(Path(sys.executable)), "-m", "investiq", *arguments)


_OF_RESTIC = ("RESTIC_", "AWS_", "B2_", "AZURE_", "GOOGLE_", "OS_", "ST_", "RCLONE_")
"""How variables begin that restic takes credentials from (restic's manual, "Environment Variables")."""
_OF_POSTGRESQL = ("PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE")


def inherited(part: ProcessSpec, environ: Mapping[str, str]) -> dict[str, str]:
    """What a part gets of the supervisor's environment: no secret that it has no use for."""
    closed = (*(() if part.asks_repository else _OF_RESTIC), *(() if _LEDGER in part.secrets else _OF_POSTGRESQL))
    return {
        name: value for name, value in environment_for(part.secrets, environ).items() if not name.startswith(closed)
    }


_LEDGER = "database_url"

_BACKUP = ProcessSpec(
    name="backup",
    what="makes backups and proves them",
    argv=_investiq("backup", "schedule"),
    needs=(topology.API.name, topology.ALERTMANAGER.name, topology.PROMETHEUS.name),  # what it copies
    secrets=frozenset({_LEDGER}),
    asks_repository=True,
)

_TRAINING = ProcessSpec(
    name="model",
    what="signal model, trained when there is none",
    argv=_investiq("models", "train", "--if-needed"),
    once=True,
    start_seconds=900,
)
