"""Everything that the pages read, by clients that have no method to change anything; `changes` has those that do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from investiq.clients.alertmanager.client import AlertmanagerReader
from investiq.clients.api import AsyncReadingClient
from investiq.clients.inbox import InboxClient
from investiq.clients.prometheus import Prometheus
from investiq.clients.session import HttpSettings, TrustedUsers
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.serve.web.panels_file import PanelsFile
from investiq.serve.web.reading import PollingCache, SourceHealth
from investiq.serve.web.watchers import alerts_shown, targets_shown

__all__ = ["API_SECONDS", "Sources", "Transports", "api_url", "settings"]

API_SECONDS = 5.0
CHART_BARS = 1000
ORDERS = 100
EQUITY_POINTS = 1500
PAGES = 50
WATCHER_SECONDS = 3.0
PANEL_SECONDS = 20.0
PANEL_KEYS = 600  # dashboards, their queries and spans that are looked at within that time


@dataclass(frozen=True, slots=True)
class Transports:
    """Replaces the network, in tests; None is the network."""

    api: httpx2.AsyncBaseTransport | None = None
    prometheus: httpx2.AsyncBaseTransport | None = None
    alertmanager: httpx2.AsyncBaseTransport | None = None
    inbox: httpx2.AsyncBaseTransport | None = None


_NETWORK = Transports()


class Sources:
    """The readings of this console; each is called, and answers the value or a `Missing`."""

    def __init__(self, config: Config, transports: Transports = _NETWORK) -> None:
        self.client = _client(config, transports.api)
        self._prometheus = Prometheus.of(config, settings(transports.prometheus))
        self._alertmanager = AlertmanagerReader.of(config, settings(transports.alertmanager))
        self._inbox = InboxClient.of(config, settings(transports.inbox))

        api = SourceHealth("API server", "investiq status", announced=True)
        self.market = PollingCache(api, self.client.market)
        self.symbols = PollingCache(api, self.client.symbols)
        self.analysis = PollingCache(api, self.client.analyze, keep_seconds=2.0)
        self.bars = PollingCache(api, lambda symbol: self.client.bars(symbol, limit=CHART_BARS), keep_seconds=2.0)
        self.status = PollingCache(api, self.client.trading_status)
        self.account = PollingCache(api, self.client.account)
        self.positions = PollingCache(api, self.client.positions)
        self.closed = PollingCache(api, self.client.closed_positions)
        self.halt_preview = PollingCache(api, self.client.halt_preview)
        self.orders = PollingCache(api, lambda: self.client.orders(limit=ORDERS))
        self.equity = PollingCache(api, lambda: self.client.equity(limit=EQUITY_POINTS), keep_seconds=2.0)

        self.checklist = PollingCache(api, self.client.checklist)

        prometheus = SourceHealth("Prometheus", "investiq status")
        self.targets = PollingCache(prometheus, lambda: targets_shown(self._prometheus))
        # Each is asked for a moment, so what was answered stays right: it is kept for who polls at the same time.
        self.history = PollingCache(
            prometheus, self._prometheus.query_range, keep_seconds=PANEL_SECONDS, keep_keys=PANEL_KEYS
        )
        self.latest = PollingCache(prometheus, self._prometheus.query, keep_seconds=PANEL_SECONDS, keep_keys=PANEL_KEYS)
        self.panels = PanelsFile(Paths.of(config).panels)
        alertmanager = SourceHealth("Alertmanager", "investiq status")
        self.alerts = PollingCache(alertmanager, lambda: alerts_shown(self._alertmanager))
        self.matched = PollingCache(alertmanager, lambda *matchers: alerts_shown(self._alertmanager, *matchers))
        # Watched by itself: it answers while nothing reaches Alertmanager, and would end that outage each time.
        self.silences = PollingCache(SourceHealth("Alertmanager", "investiq status"), self._alertmanager.open_silences)
        self.pages = PollingCache(SourceHealth("Inbox", "investiq status"), lambda: self._inbox.notifications(PAGES))

    def forget_trading(self) -> None:
        """Show the outcome of a change at once, not what was kept from before it."""
        shown = (self.status, self.account, self.positions, self.closed, self.halt_preview, self.orders)
        for readings in shown:
            readings.forget()

    def forget_alerts(self) -> None:
        """Show what is silenced now, not what was before a change."""
        for readings in (self.alerts, self.matched, self.silences):
            readings.forget()

    async def aclose(self) -> None:
        """Close all connections."""
        closing = (self.client, self._prometheus, self._alertmanager, self._inbox)
        await asyncio.gather(*(source.aclose() for source in closing))


def settings(transport: httpx2.AsyncBaseTransport | None) -> HttpSettings:
    return HttpSettings(timeout_seconds=WATCHER_SECONDS, transport=transport)


def api_url(config: Config) -> str:
    """Where the console finds the API."""
    return config.client.url or topology.API.url(config)


def _client(config: Config, transport: httpx2.AsyncBaseTransport | None) -> AsyncReadingClient:
    url, key, trusted = api_url(config), _reading_key(config), TrustedUsers.of(config)
    return AsyncReadingClient(url, key, timeout=API_SECONDS, trusted=trusted, transport=transport)


def _reading_key(config: Config) -> str | Path | None:
    """What the API wants to see before it tells anything: nothing, where reading from this machine is free."""
    address = _address(urlsplit(api_url(config)).hostname)
    networks = config.api.trusted_networks
    if address and address.is_loopback and any(address in net for net in networks if net.version == address.version):
        return None
    if config.client.url:
        return config.client.key.get_secret_value() if config.client.key else None
    return Paths.of(config).console_key


def _address(host: str | None) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address("127.0.0.1" if host == "localhost" else host or "")
    except ValueError:
        return None
