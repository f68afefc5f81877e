"""Where the parts are reached, from the configuration of where they listen."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from investiq.foundation.config.schema import Config

__all__ = [
    "agent",
    "alertmanager",
    "api",
    "base_url",
    "blackbox",
    "connect_host",
    "console",
    "inbox",
    "node",
    "prometheus",
    "signals",
    "target",
    "web",
]

_LOOPBACK_OF_WILDCARD = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  looked up, not bound


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


def api(config: Config) -> str:
    return target(config.api.host, config.api.port)


def signals(config: Config) -> str:
    return target(config.signals.host, config.signals.port)


def web(config: Config) -> str:
    return target(config.web.host, config.web.port)


def inbox(config: Config) -> str:
    return target(config.inbox.host, config.inbox.port)


def agent(config: Config) -> str:
    return target(config.agent.host, config.agent.port)


def prometheus(config: Config) -> str:
    return target("127.0.0.1", config.monitoring.prometheus_port)


def alertmanager(config: Config) -> str:
    return target("127.0.0.1", config.monitoring.alertmanager_port)


def console(config: Config) -> str:
    """The URL at which people open the console, without a final slash: what links in notifications begin with."""
    return (config.web.public_url or base_url(web(config))).rstrip("/")


def blackbox(config: Config) -> str:
    return target("127.0.0.1", config.monitoring.blackbox_port)


def node(config: Config) -> str:
    return target("127.0.0.1", config.monitoring.node_port)


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False
