"""Whom a load may be sent to: this machine, or a host whose name was typed twice; never whoever trades real money."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from investiq.clients.api import InvestIQClient
from investiq.clients.api.connection import connect
from investiq.clients.session import TrustedUsers
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import TradingMode
from investiq.operate.load.scenarios import Scenario

__all__ = ["LiveTrading", "Target", "UnconfirmedTarget", "find_target"]

_NO_MONEY = (TradingMode.REPLAY, TradingMode.PAPER)
_SECONDS = 10.0


class UnconfirmedTarget(InvestIQError):
    """That address may not be asked by so many."""

    reason = "usage"


class LiveTrading(InvestIQError):
    """The target does not trade on paper, or it is not known to."""

    reason = "live_trading"


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked.

    Attributes:
        url: without a final slash.
        key: of the API; empty where none is shown.
        is_own: it is the part of this installation that its Prometheus scrapes.
        mode: what its account is.
    """

    url: str
    key: str
    is_own: bool
    mode: str


def find_target(config: Config, scenario: Scenario, url: str | None, confirmed: str | None) -> Target:
    """The target of a run, once it is known to be one that may be asked.

    Args:
        url: default: the part of this installation, or `client.url`.
        confirmed: the host name that was typed to confirm it.

    Raises:
        UnconfirmedTarget: it is on another machine, and not confirmed by its name.
        LiveTrading: it trades real money, or nobody can say.
        ClientError: its API does not answer.
    """
    own = scenario.part.url(config)
    wanted = _checked(url or _default(config, scenario) or own, confirmed)
    client, key = _api(config, scenario, wanted)
    with client:
        mode = str(client.trading_status().get("mode"))
    if mode not in _NO_MONEY:
        raise LiveTrading(f"{wanted} trades in mode {mode}: a load test runs against replay or paper only")
    return Target(wanted, key, _same_server(wanted, own), mode)


def _default(config: Config, scenario: Scenario) -> str | None:
    return config.client.url if scenario.part is topology.API else None


def _checked(url: str, confirmed: str | None) -> str:
    address = _split(url)
    host = address.hostname or ""
    if not _is_loopback(host) and confirmed != host:
        said = "" if confirmed is None else f" ({confirmed!r} is another name)"
        raise UnconfirmedTarget(
            f"{host} is not this machine, and a load test may bring it down{said}: "
            f"if it is yours to test, confirm it by its name: --target-confirmed {host}"
        )
    return f"{address.scheme}://{address.netloc}"


def _split(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        plain = address.port != 0 and not (address.username or address.password)
        plain = plain and address.path in ("", "/") and not (address.query or address.fragment)
        if plain and address.scheme in ("http", "https") and address.hostname:
            return address
    except ValueError:  # as of a port that is no number
        pass
    raise UnconfirmedTarget(f"{url!r} is no target: expected http://HOST:PORT or https://HOST, and nothing after it")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _api(config: Config, scenario: Scenario, url: str) -> tuple[InvestIQClient, str]:
    """The API whose mode counts, and the key for it: none that belongs to this machine is sent to another."""
    is_here = _is_loopback(urlsplit(url).hostname or "")
    if scenario.part is topology.API:
        key = _key(config, is_here=is_here)
        return InvestIQClient(url, key or None, timeout=_SECONDS, trusted=TrustedUsers.of(config)), key
    if not is_here and not config.client.url:
        raise LiveTrading(f"whether {url} trades on paper cannot be seen from its pages: set client.url to its API")
    return connect(config), ""


def _key(config: Config, *, is_here: bool) -> str:
    if config.client.key is not None:
        return config.client.key.get_secret_value()
    if not is_here:
        return ""
    try:
        return Paths.of(config).admin_key.read_text("ascii").strip()
    except OSError:
        return ""


def _same_server(one: str, other: str) -> bool:
    return _place(one) == _place(other)


def _place(url: str) -> tuple[str, str, int | None]:
    address = urlsplit(url)
    host = "127.0.0.1" if address.hostname == "localhost" else address.hostname or ""
    return address.scheme, host, address.port
