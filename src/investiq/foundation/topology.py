"""The processes of an installation, one row each: name, scrape job, title, address, health, and what it waits for.

`name` is one word everywhere: the section of investiq.toml, the folder below `serve`, the log file, the argument of
`investiq serve` and `investiq down`. A new process of ours needs its `Part` in the vocabulary, its section in the
configuration, its `serve/<name>/app.py`, and its row here; supervisor, scrape jobs, probes, console and doctor follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from investiq.foundation.config.schema import Config
from investiq.foundation.vocabulary import NODE_JOB, PROMETHEUS_JOB, Part

__all__ = [
    "AGENT",
    "ALERTMANAGER",
    "API",
    "BLACKBOX",
    "EDGE",
    "GRAFANA",
    "INBOX",
    "NEXT_USER",
    "NGINX_EXPORTER",
    "NODE",
    "OURS",
    "PROBES",
    "PROCESSES",
    "PROGRAMS",
    "PROGRAM_USER",
    "PROMETHEUS",
    "SIGNALS",
    "WEB",
    "Process",
    "Program",
    "base_url",
    "connect_host",
    "console_url",
    "debian_commands",
    "edge_url",
    "scraped",
    "target",
    "titles",
]

_LOOPBACK = "127.0.0.1"
_LOOPBACK_OF_WILDCARD = {"0.0.0.0": _LOOPBACK, "::": "::1"}  # noqa: S104  looked up, not bound

PROBES = "blackbox"
"""The job of the probes from outside. `up` is 1 for them as long as the exporter answers; the verdict is
`probe_success`."""


PROGRAM_USER = "investiq"
"""Whom the monitoring programs know, each with a password of its own."""

NEXT_USER = "investiq-next"
"""Whom they know besides while a password is rotated: with its new one, so that the old one opens meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that is not ours.

    Attributes:
        commands: its names, most specific first (Debian's have a prefix, upstream's do not).
        get: how to get it, one sentence.
        package: Debian's package of it; empty where Debian has none.
        optional: the stack is whole without it.
        asks: for a user and a password, which we give it; one that does not has a log-in of its own.
    """

    commands: tuple[str, ...]
    get: str
    package: str = ""
    optional: bool = False
    asks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process that listens on a port of this machine.

    Attributes:
        job: its scrape job, which is also what its alerts name in the label `service`.
        further_jobs: scrape jobs that go through it, with their titles: without it, they have nothing to scrape.
        title: its name for people.
        what: what it does, in a few words.
        health: path that answers while it is well, and what stands in the answer: the body tells it from whatever else
            may listen there.
        needs: processes, or the step `model`, that are to be well before it starts.
        probed: whether it is also asked from outside.
        program: None for a server of ours.
        scraped: whether it has metrics of its own; alerts about one that has not name its job all the same.
        port_setting: the key of investiq.toml that changes its port, where it has no usual name.
        runs: whether it is part of the installation under a configuration.
    """

    name: str
    job: str
    title: str
    what: str
    further_jobs: Mapping[str, str] = field(default_factory=dict)
    health: tuple[str, str] = ("/health", '"status"')
    needs: tuple[str, ...] = ()
    probed: bool = False
    program: Program | None = None
    scraped: bool = True
    port_setting: str = ""
    runs: Callable[[Config], bool] = field(default=lambda _: True)

    @property
    def setting(self) -> str:
        """The key of investiq.toml that changes its port."""
        if self.port_setting:
            return self.port_setting
        return f"{self.name}.port" if self.program is None else f"monitoring.{self.name}_port"

    @property
    def jobs(self) -> tuple[str, ...]:
        """Every scrape job that has nothing to scrape without it."""
        return (self.job, *self.further_jobs)

    @property
    def asks_password(self) -> bool:
        """Whether it is a program that answers nobody without `PROGRAM_USER` and its password."""
        return self.program is not None and self.program.asks

    def host(self, config: Config) -> str:
        """Where it listens; a program always on loopback: its password would go over a network in the clear."""
        return str(getattr(config, self.name).host) if self.program is None else _LOOPBACK

    def port(self, config: Config) -> int:
        """The port that it listens on."""
        return config.ports()[self.setting]

    def target(self, config: Config) -> str:
        """`host:port` as a client on this machine dials it."""
        return target(self.host(config), self.port(config))

    def url(self, config: Config) -> str:
        """Its HTTP URL for a client on this machine, without a final slash."""
        return base_url(self.target(config))


def _debian(*commands: str, package: str) -> Program:
    get = f"sudo apt-get install {package}, or put the upstream release on PATH"
    return Program(commands=commands, get=get, package=package)


INBOX = Process(name="inbox", job=Part.INBOX.value, title="Inbox", what="notifications on this machine")
API = Process(name="api", job=Part.API.value, title="API server", what="analysis and trading over HTTP", probed=True)
SIGNALS = Process(
    name="signals",
    job=Part.SIGNALS.value,
    title="Signal models",
    what="predictions of the signal model",
    needs=("model",),
    probed=True,
)
WEB = Process(name="web", job=Part.WEB.value, title="Frontend", what="the console in the browser", probed=True)
ALERTMANAGER = Process(
    name="alertmanager",
    job="alertmanager",
    title="Alertmanager",
    what="groups alerts and notifies",
    health=("/-/ready", "OK"),
    needs=("inbox",),
    program=_debian("prometheus-alertmanager", "alertmanager", package="prometheus-alertmanager"),
)
BLACKBOX = Process(
    name="blackbox",
    job="blackbox-exporter",  # the exporter's own metrics
    further_jobs={PROBES: "Health from outside"},
    title="Blackbox exporter",
    what="probes from outside",
    health=("/-/healthy", "Healthy"),
    program=_debian("prometheus-blackbox-exporter", "blackbox_exporter", package="prometheus-blackbox-exporter"),
)
NODE = Process(
    name="node",
    job=NODE_JOB,
    title="Host",
    what="metrics of this host",
    health=("/", "Node Exporter"),
    program=_debian("prometheus-node-exporter", "node_exporter", package="prometheus-node-exporter"),
)
PROMETHEUS = Process(
    name="prometheus",
    job=PROMETHEUS_JOB,
    title="Prometheus",
    what="scrapes, stores and evaluates",
    health=("/-/ready", "Ready"),
    program=_debian("prometheus", package="prometheus"),
)
AGENT = Process(
    name="agent",
    job=Part.AGENT.value,
    title="Agent",
    what="trades on paper by simple rules",
    needs=("api", "signals", "prometheus"),  # it trades only when watched
    runs=lambda config: config.agent_runs,
)
EDGE = Process(
    name="edge",
    job="edge",
    title="Edge",
    what="TLS and log-in for the network (nginx)",
    program=Program(commands=("nginx",), get="sudo apt-get install nginx", package="nginx", asks=False),
    scraped=False,  # its exporter is
    port_setting="edge.status_port",
    runs=lambda config: config.edge.enabled,
)
NGINX_EXPORTER = Process(
    name="nginx_exporter",
    job="nginx-exporter",
    title="nginx exporter",
    what="metrics of the edge",
    health=("/metrics", "# TYPE nginx_up"),
    needs=("edge",),
    program=Program(
        commands=("prometheus-nginx-exporter", "nginx-prometheus-exporter"),
        get="sudo apt-get install prometheus-nginx-exporter, or put the upstream release on PATH",
        package="prometheus-nginx-exporter",
        asks=False,
    ),
    runs=lambda config: config.edge.enabled,
)
GRAFANA = Process(
    name="grafana",
    job="grafana",
    title="Grafana",
    what="dashboards",
    program=Program(
        commands=("grafana-server", "grafana"),
        get="install Grafana from grafana.com/grafana/download (Debian has no package of it)",
        optional=True,
        asks=False,
    ),
    runs=lambda config: config.monitoring.grafana,
)

PROCESSES = (INBOX, API, SIGNALS, WEB, ALERTMANAGER, BLACKBOX, NODE, PROMETHEUS, AGENT, GRAFANA, EDGE, NGINX_EXPORTER)
"""In the order in which they start."""

PROGRAMS = {process.name: process.program for process in PROCESSES if process.program is not None}

_SCRAPED_FIRST = (API, SIGNALS, WEB, PROMETHEUS, ALERTMANAGER, BLACKBOX, NODE)
"""The order of the scrape jobs that the product has always had; others come after them."""

_IN_ORDER = (*_SCRAPED_FIRST, *(process for process in PROCESSES if process not in _SCRAPED_FIRST))

OURS = tuple(process for process in _IN_ORDER if process.program is None)


def debian_commands(programs: Iterable[Program]) -> str:
    """What root types on Debian to have `programs` there: without the services that the packages start on our ports."""
    packages = " ".join(dict.fromkeys(program.package for program in programs if program.package))
    return f"apt-get install --no-install-recommends {packages} && systemctl disable --now {packages}"


def scraped(config: Config) -> tuple[Process, ...]:
    """The processes that Prometheus scrapes under `config`, in the order of their jobs."""
    return tuple(process for process in _IN_ORDER if process.scraped and process.runs(config))


def titles() -> dict[str, str]:
    """Scrape job -> its name for people, ours first."""
    ordered = sorted(_IN_ORDER, key=lambda process: process.program is not None)
    return {
        job: title for process in ordered for job, title in {**process.further_jobs, process.job: process.title}.items()
    }


def console_url(config: Config) -> str:
    """The URL at which people open the console, without a final slash: what links in notifications begin with."""
    at_edge = edge_url(config, "console") if config.edge.enabled else None
    return (config.web.public_url or at_edge or WEB.url(config)).rstrip("/")


def edge_url(config: Config, host: str) -> str | None:
    """The URL of a virtual host of the edge from outside, without a final slash; None for one that has no name."""
    name = config.edge.names.get(host)
    port = config.edge.public_port or config.edge.port
    return None if name is None else f"https://{name}" + ("" if port == 443 else f":{port}")


def connect_host(listen: str) -> str:
    """The host at which a client on this machine reaches a server that listens on `listen`."""
    return _LOOPBACK_OF_WILDCARD.get(listen, listen)


def target(host: str, port: int) -> str:
    """`host:port` as a client on this machine dials it: a wildcard becomes loopback, IPv6 gets its brackets."""
    name = connect_host(host)
    return f"[{name}]:{port}" if _is_ipv6(name) else f"{name}:{port}"


def base_url(address: str) -> str:
    """The HTTP URL of a target, without a final slash."""
    return f"http://{address}"


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False
