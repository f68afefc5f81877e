"""Metrics endpoint secured: asked as a stranger would, from outside addresses and through a proxy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import psutil

from investiq.clients.session import BadResponse, HttpSession, Refused, Unreachable
from investiq.foundation import topology
from investiq.foundation.config import Config
from investiq.foundation.findings import CheckResult, Finding, Place, PlaceKind
from investiq.foundation.listeners import Address
from investiq.foundation.vocabulary import ChecklistPoint
from investiq.operate.checklist.answers import lacking, not_checked
from investiq.operate.checklist.deployment import Deployment

__all__ = ["check"]

POINT = ChecklistPoint.ENDPOINT_SECURED

_NEAR = {"Host": "localhost"}
"""A stranger names the host that opens most."""
_PASSED_ON = {"X-Forwarded-For": "203.0.113.7"}
"""As a proxy on this machine would pass on a stranger (an address of the documentation's own network)."""

_FOREIGN = "something else answers there: `investiq doctor ports` names the program"
_CLOSE = "let it listen on this machine only: unset {part}.host, or close the port in the firewall"
_HIDE = "have the proxy answer 404 at /metrics, pass on Host, and send X-Forwarded-For"


@dataclass(frozen=True, slots=True, eq=False)
class _Door:
    """A way to /metrics of a part.

    Attributes:
        url: without the path.
        headers: what the stranger sends.
        session: who asks.
        fix: what to do where it opens.
        trusted: reading from there is allowed on purpose.
    """

    part: str
    url: str
    headers: dict[str, str]
    session: HttpSession
    fix: str
    trusted: bool = False


async def check(deployment: Deployment) -> CheckResult:
    """Try each door without a credential."""
    addresses = _own_addresses()
    doors = list(_doors(deployment, addresses))
    opened = dict(zip(doors, await asyncio.gather(*map(_opens, doors)), strict=True))
    findings = [_open(door) for door, is_open in opened.items() if is_open and not door.trusted]
    if all(is_open is None for is_open in opened.values()):
        place = Place(PlaceKind.PART, topology.API.name)
        findings.append(not_checked(POINT, place, "nothing answers, not even on this machine", "`investiq up`"))
    trusted = sorted({door.url for door, is_open in opened.items() if is_open and door.trusted})
    notes = [f"{url} is open to its own network, as api.trusted_networks says" for url in trusted]
    evidence = (
        f"asked without a credential: {sum(is_open is False for is_open in opened.values())} doors refuse a stranger, "
        f"and nothing gives metrics at {', '.join(map(str, addresses)) or 'an address outside loopback'}"
    )
    return CheckResult(POINT, evidence, tuple(findings), tuple(notes))


def _doors(deployment: Deployment, addresses: Sequence[Address]) -> Iterator[_Door]:
    config, stranger = deployment.config, deployment.stranger
    for process in topology.PROCESSES:
        if not process.runs(config):
            continue
        if process in topology.OURS or process.asks_password:  # others tell this machine whatever it asks
            yield _Door(process.name, process.url(config), _PASSED_ON, stranger, _FOREIGN)
        for address in addresses:
            url = topology.base_url(topology.target(str(address), process.port(config)))
            trusted = process in topology.OURS and _is_trusted(address, config)
            yield _Door(process.name, url, _NEAR, stranger, _CLOSE.format(part=process.name), trusted)
    console = topology.console_url(config)
    if console != topology.WEB.url(config):
        yield _Door(topology.WEB.name, console, {}, deployment.outside, _HIDE)


def _is_trusted(address: Address, config: Config) -> bool:
    return any(address in network for network in config.api.trusted_networks if network.version == address.version)


def _own_addresses() -> list[Address]:
    """Those of this machine that other machines can reach."""
    texts = {one.address for found in psutil.net_if_addrs().values() for one in found if one.family.name in _FAMILIES}
    addresses = {ip_address(text) for text in texts if "%" not in text}  # with a zone: of one cable only
    return sorted((one for one in addresses if not one.is_loopback), key=str)


_FAMILIES = ("AF_INET", "AF_INET6")


async def _opens(door: _Door) -> bool | None:
    """Whether it gives metrics; None where nothing listens."""
    try:
        answer = await door.session.ask(f"{door.url}/metrics", headers=door.headers)
    except (Refused, BadResponse):
        return False
    except Unreachable:
        return None
    return answer.is_success and "# TYPE " in answer.text


def _open(door: _Door) -> Finding:
    what = "/metrics is open to whoever asks, without a credential"
    return lacking(POINT, Place(PlaceKind.ADDRESS, door.url), what, door.fix)
