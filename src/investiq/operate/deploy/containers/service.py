"""One service of docker-compose.yml. What is not said about it is the safe choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["USER", "Health", "Mount", "Network", "Service", "needs"]

USER = "10001:10001"
"""Of every container: volumes that two of them share are readable to both, and no user of the host has this number."""

Network = str
_TMPFS = "/tmp:rw,noexec,nosuid,nodev,size=64m,mode=1777"  # noqa: S108  of a container
_LOGS = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}


@dataclass(frozen=True, slots=True)
class Health:
    """How an engine asks whether a container is well.

    Attributes:
        test: a program of the image with its arguments: distroless images have no shell.
        start: how long it may take before it counts.
    """

    test: tuple[str, ...]
    start: str = "60s"

    def document(self) -> dict[str, Any]:
        return {"test": list(self.test), "interval": "10s", "timeout": "5s", "retries": 3, "start_period": self.start}


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume, or with a path as its source a file or folder of the host.

    Attributes:
        first: its content and owner come from the image, the first time.
    """

    source: str
    target: str
    read_only: bool = False
    first: bool = False

    def document(self) -> dict[str, Any]:
        is_bind = self.source.startswith((".", "/", "$"))
        found: dict[str, Any] = {"type": "bind" if is_bind else "volume", "source": self.source, "target": self.target}
        if self.read_only:
            found["read_only"] = True
        if not is_bind and not self.first:
            found["volume"] = {"nocopy": True}
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service.

    Attributes:
        profile: without one, it belongs to the product itself.
        ports: `host port or variable : port of the container`, published on 127.0.0.1.
        memory, cpus, pids: what it may use at most.
        stop: how long it may take to end after it was asked to.
        once: it ends by itself, with 0.
        ours: its image is built here, by the service that has `build`, and never pulled for the others.
    """

    name: str
    image: str
    networks: tuple[Network, ...]
    container: str
    profile: str = ""
    build: Mapping[str, Any] | None = None
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    ports: tuple[str, ...] = ()
    depends_on: Mapping[str, Any] = field(default_factory=dict)
    health: Health | None = None
    memory: str = "256M"
    cpus: str = "1.0"
    pids: int = 128
    stop: str = "30s"
    once: bool = False
    ours: bool = False
    tmpfs: Sequence[str] = (_TMPFS,)

    def document(self) -> dict[str, Any]:
        """Its table in docker-compose.yml."""
        said = {
            "image": self.image,
            "build": self.build,
            "container_name": self.container,
            "depends_on": {name: self.depends_on[name] for name in sorted(self.depends_on)},
            "volumes": [mount.document() for mount in self.mounts],
            "environment": dict(self.environment),
            "ports": [_published(port) for port in self.ports],
            "networks": list(self.networks),
            "command": list(self.command),
            "restart": "no" if self.once else "unless-stopped",
            "healthcheck": self.health.document() if self.health is not None else {"disable": True},
            "logging": _LOGS,
            "user": USER,
            "cap_drop": ["ALL"],
            "deploy": {"resources": {"limits": {"cpus": self.cpus, "memory": self.memory, "pids": self.pids}}},
            "init": True,
            "profiles": [self.profile] if self.profile else None,
            "pull_policy": None if not self.ours else "missing" if self.build else "never",
            "read_only": True,
            "security_opt": ["no-new-privileges:true"],
            "stop_grace_period": self.stop,
            "tmpfs": list(self.tmpfs),
        }
        return {name: value for name, value in said.items() if value not in (None, [], {})}


def _published(port: str) -> dict[str, Any]:
    outside, _, inside = port.rpartition(":")
    return {"target": int(inside), "host_ip": "127.0.0.1", "published": outside, "protocol": "tcp"}


def needs(condition: str, *services: str, required: bool = True) -> dict[str, Any]:
    """`depends_on`: what each of `services` has to be first; one of another profile is not required."""
    row: dict[str, Any] = {"condition": condition} if required else {"condition": condition, "required": False}
    return {service: dict(row) for service in services}
