"""Metrics endpoint secured: asked as a stranger would, from outside addresses and through a proxy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import psutil

from investiq.clients.session import BadResponse, Refused, Unreachable
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import lacking, not_checked
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.ENDPOINT_SECURED

_NEAR = {"Host": "localhost"}
"""A stranger names the host that opens most."""
_PASSED_ON = {"X-Forwarded-For": "203.0.113.7"}
"""As a proxy on this machine would pass on a stranger (an address of the documentation's own network)."""


@dataclass(frozen=True, slots=True)
class _Door:
    """A way to /metrics of a part.

    Attributes:
        url: without the path.
        headers: what the stranger sends.
        trusted: reading from there is allowed on purpose.
    """

    part: str
    url: str
    headers: dict[str, str]
    trusted: bool = False


async def check(deployment: Deployment) -> CheckResult:
    """Try each door without a credential."""
    doors = list(_doors(deployment.config))
    opened = await asyncio.gather(*(_opens(deployment, door) for door in doors))
    findings = [_open(door) for door, is_open in zip(doors, opened, strict=True) if is_open and not door.trusted]
    if all(is_open is None for is_open in opened):
        place = Place(PlaceKind.PART, topology.API.name)
        findings.append(not_checked(POINT, place, "nothing answers, not even on this machine", "`investiq up`"))
    trusted = sorted({door.url for door, is_open in zip(doors, opened, strict=True) if is_open and door.trusted})
    notes = [f"{url} is open to its own network, as api.trusted_networks says" for url in trusted]
    outside = len({door.url for door in doors if door.headers is _NEAR})
    refused = sum(is_open is False for is_open in opened)
    evidence = (
        f"asked without a credential, {refused} doors to /metrics refused what a proxy passes on, or a stranger; "
        f"nothing else listens at {outside} addresses outside loopback"
    )
    return CheckResult(POINT, evidence, tuple(findings), tuple(notes))


def _doors(config: Config) -> Iterator[_Door]:
    for process in topology.PROCESSES:
        if not process.runs(config):
            continue
        yield _Door(process.name, process.url(config), _PASSED_ON)
        for address in _own_addresses():
            trusted = any(address in net for net in config.api.trusted_networks if net.version == address.version)
            url = topology.base_url(topology.target(str(address), process.port(config)))
            yield _Door(process.name, url, _NEAR, trusted=trusted and process in topology.OURS)
    if config.web.public_url is not None:
        yield _Door(topology.WEB.name, config.web.public_url.rstrip("/"), {})


def _own_addresses() -> list[IPv4Address | IPv6Address]:
    """Those of this machine that other machines can reach."""
    texts = {one.address for found in psutil.net_if_addrs().values() for one in found if one.family.name in _FAMILIES}
    addresses = {ip_address(text) for text in texts if "%" not in text}  # with a zone: of one cable only
    return sorted((one for one in addresses if not one.is_loopback), key=str)


_FAMILIES = ("AF_INET", "AF_INET6")


async def _opens(deployment: Deployment, door: _Door) -> bool | None:
    """Whether it gives metrics; None where nothing listens."""
    try:
        answer = await deployment.stranger.ask(f"{door.url}/metrics", headers=door.headers)
    except (Refused, BadResponse):
        return False
    except Unreachable:
        return None
    return answer.is_success and "# TYPE " in answer.text


def _open(door: _Door) -> Finding:
    fix = (
        "have the proxy answer 404 at /metrics, and send X-Forwarded-For"
        if door.headers is not _NEAR
        else f"let it listen on 127.0.0.1: unset {door.part}.host, or close the port in the firewall"
    )
    what = "/metrics is open to whoever asks, without a credential"
    return lacking(POINT, Place(PlaceKind.ADDRESS, door.url), what, fix)
