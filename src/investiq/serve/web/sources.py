"""Everything that the pages read, and the changes that they make."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import httpx2

from investiq.clients.alertmanager.client import Silences
from investiq.clients.api import AsyncInvestIQClient
from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.serve.web.panels_file import PanelsFile
from investiq.serve.web.reading import PollingCache, SourceHealth
from investiq.serve.web.silencer import Silencer
from investiq.serve.web.watchers import AlertmanagerReader, InboxReader, PrometheusReader

__all__ = ["Sources", "Transports"]

API_SECONDS = 5.0
CHART_BARS = 1000
ORDERS = 100
EQUITY_POINTS = 1500
PANEL_SECONDS = 20.0
PANEL_KEYS = 600  # dashboards, their queries and spans that are looked at within that time


@dataclass(frozen=True, slots=True)
class Transports:
    """Replaces the network, in tests; None is the network."""

    api: httpx2.AsyncBaseTransport | None = None
    prometheus: httpx2.AsyncBaseTransport | None = None
    alertmanager: httpx2.AsyncBaseTransport | None = None
    inbox: httpx2.AsyncBaseTransport | None = None
    silences: httpx2.BaseTransport | None = None


_NETWORK = Transports()


class Sources:
    """The readings of this console; each is called, and answers the value or a `Missing`."""

    def __init__(self, config: Config, transports: Transports = _NETWORK) -> None:
        url = topology.base_url
        self.client = _client(config, transports.api)
        self._prometheus = PrometheusReader(
            "Prometheus", url(topology.PROMETHEUS.target(config)), transports.prometheus
        )
        self._alertmanager = AlertmanagerReader(
            "Alertmanager", url(topology.ALERTMANAGER.target(config)), transports.alertmanager
        )
        self._inbox = InboxReader("The inbox", url(topology.INBOX.target(config)), transports.inbox)

        api = SourceHealth("API server", "investiq status", announced=True)
        self.market = PollingCache(api, self.client.market)
        self.symbols = PollingCache(api, self.client.symbols)
        self.analysis = PollingCache(api, self.client.analyze, keep_seconds=2.0)
        self.bars = PollingCache(api, lambda symbol: self.client.bars(symbol, limit=CHART_BARS), keep_seconds=2.0)
        self.status = PollingCache(api, self.client.trading_status)
        self.account = PollingCache(api, self.client.account)
        self.positions = PollingCache(api, self.client.positions)
        self.orders = PollingCache(api, lambda: self.client.orders(limit=ORDERS))
        self.equity = PollingCache(api, lambda: self.client.equity(limit=EQUITY_POINTS), keep_seconds=2.0)

        prometheus = SourceHealth("Prometheus", "investiq status")
        self.targets = PollingCache(prometheus, self._prometheus.targets)
        # Each is asked for a moment, so what was answered stays right: it is kept for who polls at the same time.
        self.history = PollingCache(
            prometheus, self._prometheus.history, keep_seconds=PANEL_SECONDS, keep_keys=PANEL_KEYS
        )
        self.latest = PollingCache(
            prometheus, self._prometheus.latest, keep_seconds=PANEL_SECONDS, keep_keys=PANEL_KEYS
        )
        self.panels = PanelsFile(Paths.of(config).panels)
        self.silencer = Silencer(Silences(config, transports.silences))
        alertmanager = SourceHealth("Alertmanager", "investiq status")
        self.alerts = PollingCache(alertmanager, self._alertmanager.alerts)
        self.matched = PollingCache(alertmanager, self._alertmanager.matched)
        # Watched by itself: it answers while nothing reaches Alertmanager, and would end that outage each time.
        self.silences = PollingCache(SourceHealth("Alertmanager", "investiq status"), self.silencer.open)
        self.pages = PollingCache(SourceHealth("Inbox", "investiq status"), self._inbox.pages)

    def forget_trading(self) -> None:
        """Show the outcome of a change at once, not what was kept from before it."""
        for readings in (self.status, self.account, self.positions, self.orders):
            readings.forget()

    def forget_alerts(self) -> None:
        """Show what is silenced now, not what was before a change."""
        for readings in (self.alerts, self.matched, self.silences):
            readings.forget()

    async def aclose(self) -> None:
        """Close all connections."""
        closing = (self.client, self._prometheus, self._alertmanager, self._inbox, self.silencer)
        await asyncio.gather(*(source.aclose() for source in closing))


def _client(config: Config, transport: httpx2.AsyncBaseTransport | None) -> AsyncInvestIQClient:
    url = config.client.url or topology.API.url(config)
    key = config.client.key.get_secret_value() if config.client.key else Paths.of(config).admin_key
    return AsyncInvestIQClient(url, key, timeout=API_SECONDS, transport=transport)
