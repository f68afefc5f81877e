"""Where each process is in containers: its service, which is its name in the network, and its port there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.config.schema import AddressesConfig
from investiq.foundation.topology import Process

__all__ = ["CONSOLE", "DATA", "SERVICES", "address", "container_config", "port", "settings"]

DATA = Path("/var/lib/investiq")
"""data_dir in every container; one of a program has nothing in it but what that program reads."""

CONSOLE = "http://127.0.0.1:8050"
"""Where people open the console: the links of notifications begin with it."""

SERVICES: Mapping[str, str] = {
    topology.API.name: "api-server",
    topology.SIGNALS.name: "signal-models",
    topology.WEB.name: "frontend",
    topology.INBOX.name: "inbox",
    topology.AGENT.name: "agent",
    topology.PROMETHEUS.name: "prometheus",
    topology.ALERTMANAGER.name: "alertmanager",
    topology.BLACKBOX.name: "blackbox-exporter",
    topology.NODE.name: "node-exporter",
    topology.GRAFANA.name: "grafana",
}
"""Process -> service."""

_GRAFANA_PORT = 3000
"""Of its image; 3001 is where it is published."""


def port(process: Process) -> int:
    """The port on which it listens in its container."""
    return _GRAFANA_PORT if process is topology.GRAFANA else process.port(Config())


def address(process: Process) -> str:
    """`service:port`."""
    return f"{SERVICES[process.name]}:{port(process)}"


def container_config() -> Config:
    """The configuration that the containers have by default."""
    listening = {process.name: {"host": _EVERYWHERE, "port": port(process)} for process in topology.OURS}
    return Config.model_validate(
        {
            "data_dir": DATA,
            **{name: values for name, values in listening.items() if name != topology.WEB.name},
            "web": {**listening[topology.WEB.name], "public_url": CONSOLE},
            "monitoring": {"grafana": True},
            "addresses": {process.name: address(process) for process in _placed()},
        }
    )


def settings() -> dict[str, str]:
    """The same as variables of our containers: they stand above investiq.toml, which is the user's."""
    listening = {}
    for process in topology.OURS:
        listening[f"INVESTIQ_{process.name.upper()}_HOST"] = _EVERYWHERE
        listening[f"INVESTIQ_{process.name.upper()}_PORT"] = str(port(process))
    return {
        "INVESTIQ_DATA_DIR": str(DATA),
        **listening,
        "INVESTIQ_WEB_PUBLIC_URL": f"${{INVESTIQ_WEB_PUBLIC_URL:-{CONSOLE}}}",
        "INVESTIQ_MONITORING_GRAFANA": "true",
        **{f"INVESTIQ_ADDRESSES_{process.name.upper()}": address(process) for process in _placed()},
    }


_EVERYWHERE = "0.0.0.0"  # noqa: S104  of the container: its networks say who reaches it, and every door asks for its key


def _placed() -> Iterator[Process]:
    assert set(SERVICES) <= set(AddressesConfig.model_fields)  # noqa: S101
    return (process for process in topology.PROCESSES if process.name in SERVICES)
