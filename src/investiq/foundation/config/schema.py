"""The configuration as types: every setting once, with its default, its meaning and an example.

Reading files and environment is `load.py`; this module only says what may be said. Every object is frozen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from investiq.foundation.config.section import Section, section
from investiq.foundation.config.service import ServiceConfig, ServiceObjective
from investiq.foundation.config.slo import CustomSlo, SloConfig
from investiq.foundation.config.well_known import is_well_known
from investiq.foundation.iso_time import IsoDate
from investiq.foundation.setting_sources import DATA_DIR
from investiq.foundation.vocabulary import EngineName

__all__ = [
    "AddressesConfig",
    "AgentConfig",
    "AnalysisConfig",
    "ApiConfig",
    "BackupConfig",
    "ChecklistConfig",
    "ClientConfig",
    "Config",
    "CostConfig",
    "EdgeConfig",
    "LoggingConfig",
    "MarketConfig",
    "MonitoringConfig",
    "NotifyConfig",
    "PartConfig",
    "ServiceConfig",
    "ServiceObjective",
    "SignalsConfig",
    "TracingConfig",
    "TradingConfig",
]

_LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?|\[?[0-9A-Fa-f:.]+\]?")
_HOUR = 3600.0
_SHORTEST_PREFIX = {4: 8, 6: 7}
"""Of a network that can be somebody's own: 10.0.0.0/8, fc00::/7."""

Port = Annotated[int, Field(ge=1, le=65535)]
Fraction = Annotated[Decimal, Field(gt=0, le=1)]


def _is_text(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if text != text.strip() or not text.isprintable():
        raise ValueError("is blank, begins or ends with white space, or holds a control character")
    return secret


def _is_one_word(secret: SecretStr) -> SecretStr:
    if any(map(str.isspace, secret.get_secret_value())):
        raise ValueError("holds white space: write the secret alone")
    return secret


_SHORTEST = 12
"""Characters of a secret that only we and its user know, so that nothing outside bounds how often it is guessed."""


def _is_own(secret: SecretStr) -> SecretStr:
    if is_well_known(secret.get_secret_value()):
        raise ValueError("is one of the secrets that everybody tries first: `openssl rand -hex 32` makes one")
    return secret


def _is_long(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if len(text) < _SHORTEST or len(set(text)) < _SHORTEST // 3:
        raise ValueError(
            f"can be guessed: give it at least {_SHORTEST} characters, of which not all are the same few; "
            "`openssl rand -hex 32` makes one"
        )
    return secret


def _has_own_password(secret: SecretStr) -> SecretStr:
    """Of a database's URL: without a password, the database knows its user by other means."""
    try:
        password = urlsplit(secret.get_secret_value()).password
    except ValueError:
        return secret  # what opens the database says what is wrong with it
    if password is not None and (not password or is_well_known(password)):
        raise ValueError("has a password that is empty, or that everybody tries first: give its user another one")
    return secret


Secret = Annotated[SecretStr, Field(min_length=1), AfterValidator(_is_text), AfterValidator(_is_own)]
Token = Annotated[Secret, AfterValidator(_is_one_word)]
"""A secret that goes into a header or an address as it is."""
Password = Annotated[Token, AfterValidator(_is_long)]
"""One that its user makes up."""

PublicUrl = Annotated[str, Field(pattern=r"^https?://[^\s/?#@\"'()]+(/[^\s?#@\"'()]*)?$")]


def _is_a_name(text: str) -> str:
    if not _HOST_NAME.fullmatch(text):
        raise ValueError(
            "names what is no host: write it as in the address bar, without scheme, port, path or wildcard"
        )
    return text


HostName = Annotated[str, AfterValidator(_is_a_name)]


def _is_bounded(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    shortest = _SHORTEST_PREFIX[network.version]
    if network.prefixlen < shortest:
        raise ValueError(
            f"names {network}, which is nobody's own network: whoever is in it reads without a key, so it has a prefix "
            f"of at least /{shortest}"
        )
    return network


Network = Annotated[IPv4Network | IPv6Network, AfterValidator(_is_bounded)]


class MarketConfig(Section):
    """Where prices come from and how market time runs."""

    provider: Literal["replay", "files"] = Field(
        "replay", description="source of prices: the shipped history, or your own files"
    )
    folder: Path | None = Field(
        None, description='folder of CSV or Parquet bars, for provider = "files"', examples=["bars/"]
    )
    clock: Literal["replay", "wall"] = Field("replay", description="replayed market time, or the time of day")
    start: IsoDate = Field(date(2008, 1, 2), description="first session of the replay", examples=["2008-01-02"])
    session_seconds: float = Field(
        30.0, gt=0.05, le=86_400, description="wall seconds in which one session is replayed", examples=[30.0]
    )

    @model_validator(mode="after")
    def _files_need_a_folder(self) -> MarketConfig:
        if self.provider == "files" and self.folder is None:
            raise ValueError('provider = "files" needs a folder of bars: set market.folder, such as folder = "bars/"')
        if self.provider == "replay" and self.clock == "wall":
            raise ValueError(
                'provider = "replay" needs clock = "replay": its prices end in 2013, and no wall clock is there'
            )
        return self


def _is_an_address(text: str) -> str:
    """A host name, an IPv4 address or an IPv6 address in brackets, with a port."""
    name, colon, port = text.rpartition(":")
    in_brackets = name.startswith("[") and name.endswith("]")
    if not colon or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError("is no address: write host and port, such as prometheus:9090")
    if not _HOST_NAME.fullmatch(name) or (":" in name and not in_brackets):
        raise ValueError("is no address: write host and port without scheme or path, such as prometheus:9090")
    return text


Address = Annotated[str, AfterValidator(_is_an_address)]
"""`host:port` as a client dials it."""


def _reached_at(title: str, example: str) -> Any:
    return Field(None, description=f"{title}: where the others find it", examples=[example])


class AddressesConfig(Section):
    """Where parts find each other when they do not share a machine, as in containers; default: where they listen."""

    api: Address | None = _reached_at("API server", "api-server:3000")
    signals: Address | None = _reached_at("signal models", "signal-models:8004")
    web: Address | None = _reached_at("frontend", "frontend:8050")
    inbox: Address | None = _reached_at("inbox", "inbox:5001")
    agent: Address | None = _reached_at("agent", "agent:8060")
    prometheus: Address | None = _reached_at("Prometheus", "prometheus:9090")
    alertmanager: Address | None = _reached_at("Alertmanager", "alertmanager:9093")
    blackbox: Address | None = _reached_at("blackbox exporter", "blackbox-exporter:9115")
    node: Address | None = _reached_at("node exporter", "node-exporter:9100")
    grafana: Address | None = _reached_at("Grafana", "grafana:3000")
    edge: Address | None = _reached_at("edge", "edge:8444")
    nginx_exporter: Address | None = _reached_at("nginx's exporter", "nginx-exporter:9113")


class ApiConfig(Section):
    """The API server."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: Port = Field(3000, description="port of the API server")
    hostnames: tuple[HostName, ...] = Field(
        (), description="further Host names that requests may carry", examples=[["invest.example.org"]]
    )
    metrics_token: Password | None = Field(
        None,
        description="bearer token for /metrics from outside the trusted networks; at least 12 characters",
        examples=["9f2c4be07d1a8e35"],
    )
    trusted_networks: tuple[Network, ...] = Field(
        (ip_network("127.0.0.0/8"), ip_network("::1/128")),
        description="networks that read without a key, unless a forwarding header is present",
        examples=[["127.0.0.0/8", "::1/128"]],
    )
    max_body_bytes: int = Field(65_536, ge=1024, description="largest request body")
    requests_per_minute: int = Field(6_000, ge=1, description="requests a minute from one client before 429")
    trades_per_minute: int = Field(120, ge=1, description="trade requests a minute with one key before 429")


class SignalsConfig(Section):
    """The signal models service."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: Port = Field(8004, description="port of the signal models service")
    timeout_seconds: float = Field(2.0, gt=0, description="time limit of one prediction, as the API waits for it")
    max_model_age_days: float = Field(
        365.0,
        gt=0,
        description="days of market time since the last session that the model learned from, after which it counts as "
        "stale",
    )
    model_dir: Path | None = Field(None, description="folder of the trained model; default: models/ in data_dir")


class PartConfig(Section):
    """A server of ours that needs no more than an address."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: Port = Field(description="port to listen on")
    hostnames: tuple[HostName, ...] = Field((), description="further Host names that requests may carry")


class WebConfig(PartConfig):
    """The frontend."""

    port: Port = Field(8050, description="port of the frontend")
    public_url: PublicUrl | None = Field(
        None,
        description="address at which people open the console from elsewhere: what the links of notifications begin "
        "with; default: its address on this machine",
        examples=["https://invest.example.org"],
    )


class InboxConfig(PartConfig):
    """The local inbox of notifications."""

    port: Port = Field(5001, description="port of the inbox")
    keep: int = Field(5_000, ge=100, description="notifications kept before the oldest are dropped")


class AnalysisConfig(Section):
    """Engines: their weights in the overall result, and their time limits."""

    weights: dict[
        EngineName,
        Annotated[Decimal, Field(ge=0, le=1)],
    ] = Field(
        {
            EngineName.TECHNICAL: Decimal("0.30"),
            EngineName.QUANTITATIVE: Decimal("0.20"),
            EngineName.SIGNAL: Decimal("0.20"),
            EngineName.SENTIMENT: Decimal("0.10"),
            EngineName.FUNDAMENTAL: Decimal("0.20"),
        },
        description="weight of each engine; coverage is the share of them that answered",
    )
    timeout_seconds: float = Field(3.0, gt=0, description="time limit of each engine")

    @model_validator(mode="after")
    def _every_engine_has_a_weight(self) -> AnalysisConfig:
        known = type(self).model_fields["weights"].default
        missing = [name for name in known if name not in self.weights]
        if missing:
            raise ValueError(
                f"weights names no {', '.join(missing)}: it replaces the default as a whole; 0 leaves one out"
            )
        if not any(self.weights.values()):
            raise ValueError("weights are all 0: at least one engine must count, such as technical = 1")
        return self


class TradingConfig(Section):
    """Broker, costs, risk limits and the breaker. Money in dollars; fractions are of equity."""

    broker: Literal["paper"] = Field("paper", description="where orders go")
    initial_cash: Decimal = Field(Decimal(100_000), gt=0, description="cash of a new paper account")
    spread_bps: Decimal = Field(
        Decimal(2), ge=0, description="full bid-ask spread that the paper broker charges, in basis points"
    )
    commission_per_share: Decimal = Field(Decimal("0.005"), ge=0, description="paper commission per share")
    commission_minimum: Decimal = Field(Decimal("1.00"), ge=0, description="least paper commission per order")
    max_order_notional: Decimal = Field(Decimal(25_000), gt=0, description="largest single order")
    max_position_fraction: Fraction = Field(Decimal("0.25"), description="largest position in one symbol")
    max_exposure_fraction: Fraction = Field(Decimal("0.95"), description="largest sum of positions")
    max_open_orders: int = Field(20, ge=1, description="open orders at one time")
    max_price_age_seconds: float = Field(
        23_400.0,
        gt=0,
        description="seconds of open market after which a price is too old to buy on, and the market data counts as "
        "down; the default is a regular session",
    )
    daily_loss_limit: Fraction = Field(
        Decimal("0.03"), description="realised and unrealised loss in one session that trips the breaker"
    )
    drawdown_limit: Fraction = Field(Decimal("0.20"), description="fall from the highest equity that trips the breaker")
    require_monitoring: bool = Field(
        True,
        description="trade only while the heartbeat of the monitoring arrives; false trades unwatched, and /health and "
        "the trading status say so",
    )
    # One heartbeat comes every ten seconds: with less than this, a single late one would halt trading.
    heartbeat_timeout_seconds: float = Field(
        30.0, ge=15, le=3_600, description="age of the last heartbeat of the monitoring at which trading halts"
    )


class AgentConfig(Section):
    """The paper-trading agent."""

    enabled: bool = Field(True, description="start the agent with `investiq up` (replay clock only)")
    watchlist: tuple[str, ...] = Field(
        (), description="symbols to go through; empty means all", examples=[["AAPL", "MSFT"]]
    )
    host: str = Field("127.0.0.1", description="address to listen on, for /health and /metrics")
    port: Port = Field(8060, description="port of the agent")
    hostnames: tuple[HostName, ...] = Field((), description="further Host names that requests may carry")
    cycle_seconds: float = Field(10.0, gt=0, description="wall seconds between two cycles")
    notional: Decimal = Field(Decimal(5_000), gt=0, description="dollars per entry")
    entry_score: Decimal = Field(Decimal("0.20"), description="overall score from which the agent buys", ge=0, le=1)
    exit_score: Decimal = Field(
        Decimal("-0.10"), description="overall score from which the agent sells what it holds", ge=-1, le=1
    )


class MonitoringConfig(Section):
    """The monitoring programs: ports and retention."""

    prometheus_port: Port = Field(9090, description="port of Prometheus")
    alertmanager_port: Port = Field(9093, description="port of Alertmanager")
    blackbox_port: Port = Field(9115, description="port of the blackbox exporter")
    node_port: Port = Field(9100, description="port of the node exporter")
    nginx_exporter_port: Port = Field(9113, description="port of nginx's exporter, where the edge runs")
    grafana: bool = Field(
        False, description="Grafana runs on this machine: Prometheus scrapes it, and an alert says when it is down"
    )
    grafana_port: Port = Field(3001, description="port of Grafana, where it runs")
    grafana_admin_password: Password | None = Field(
        None,
        description="password of Grafana's user admin, where Grafana runs; default: one that `investiq up` makes, in "
        "keys/grafana.password in data_dir",
        examples=["violet-otter-88-lamp"],
    )
    retention_days: int = Field(30, ge=1, description="days of metrics kept")
    retention_size: str = Field(
        "10GB", pattern=r"^\d+(MB|GB|TB)$", description="disk that metrics may take", examples=["10GB"]
    )


class EdgeConfig(Section):
    """The door to the network: nginx with TLS and log-in in front of everything else."""

    enabled: bool = Field(False, description="start nginx with `investiq up`, and serve the names below over TLS")
    host: str = Field("127.0.0.1", description='address to listen on; "::" is every one of this machine')
    port: Port = Field(8443, description="port of the edge")
    public_port: Port | None = Field(
        None,
        description="port under which it is reached from outside, where something forwards that one; default: its own",
        examples=[443],
    )
    status_port: Port = Field(8444, description="port on loopback where nginx says that it is well")
    console: HostName | None = Field(None, description="host name of the console", examples=["invest.example.org"])
    api: HostName | None = Field(None, description="host name of the API", examples=["api.invest.example.org"])
    grafana: HostName | None = Field(
        None, description="host name of Grafana, where it runs", examples=["grafana.invest.example.org"]
    )
    prometheus: HostName | None = Field(
        None, description="host name of Prometheus", examples=["prometheus.invest.example.org"]
    )
    alertmanager: HostName | None = Field(
        None, description="host name of Alertmanager", examples=["alertmanager.invest.example.org"]
    )
    certificate: Path | None = Field(
        None,
        description="certificate with its chain, in PEM; default: keys/edge.crt in data_dir, which `investiq edge "
        "certificate` makes for a laptop",
        examples=["/etc/letsencrypt/live/invest.example.org/fullchain.pem"],
    )
    certificate_key: Path | None = Field(
        None,
        description="its private key; default: keys/edge.key in data_dir",
        examples=["/etc/letsencrypt/live/invest.example.org/privkey.pem"],
    )
    auth: Literal["session", "basic"] = Field(
        "session",
        description="how people get in: with the console's session, or with the passwords of `investiq edge user add`",
    )
    requests_per_second: int = Field(100, ge=1, description="requests a second from one client before 429")
    connections: int = Field(100, ge=1, description="connections from one client before 429")
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="a proxy of your own in front of our servers, in place of this one: its X-Forwarded-For counts",
        examples=[["10.0.0.7/32"]],
    )

    @model_validator(mode="after")
    def _is_whole(self) -> EdgeConfig:
        if self.enabled and self.console is None:
            raise ValueError('the edge needs a name for the console, where people log in: set console = "…"')
        names = [name.lower() for name in self.names.values()]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two hosts are called {twice[0]}: each is told by its name, so give each its own")
        return self

    @property
    def names(self) -> dict[str, str]:
        """Virtual host -> its name, of those that have one."""
        found = {host: getattr(self, host) for host in ("console", "api", "grafana", "prometheus", "alertmanager")}
        return {host: name for host, name in found.items() if name is not None}


class BackupConfig(Section):
    """Backups, and the proof that they can be restored."""

    schedule: Literal["off", "supervisor", "external"] = Field(
        "off",
        description="who makes backups regularly: nobody, `investiq up` while it runs, or a timer of the system; with "
        "one of the last two, alerts say when none is made",
    )
    every_hours: float | None = Field(
        None,
        gt=0,
        le=24 * 31,
        description="hours from one backup to the next; default: 24, and in a replay one session, but at least 1",
        examples=[24.0],
    )
    repository: str | None = Field(
        None,
        pattern=r"^\S(.*\S)?$",
        description="folder, or what else restic takes for a repository; its credentials come from the environment, as "
        "restic names them. Default: a folder beside data_dir, which does not survive the loss of its disk",
        examples=["/mnt/elsewhere/investiq", "s3:https://s3.example.org/investiq"],
    )
    keep_days: int = Field(
        30,
        ge=1,
        description="days of which the last backup is kept: days that have one, so that a clock that runs ahead "
        "forgets none; the newest, and the newest that is proven, are always kept",
    )
    max_hours: float = Field(
        6.0, gt=0, le=72, description="hours after which a backup, or its verification, is ended as one that hangs"
    )
    grafana_database: Path | None = Field(
        None,
        description="SQLite database of a Grafana of yours that is backed up too",
        examples=["/var/lib/grafana/grafana.db"],
    )

    @model_validator(mode="after")
    def _no_password_in_the_repository(self) -> BackupConfig:
        if self.repository is not None and re.search(r"//[^/@]*:[^/@]*@", self.repository):
            raise ValueError(
                "repository holds a password: leave the setting out, and give the whole address in the variable "
                "RESTIC_REPOSITORY"
            )
        return self


class NotifyConfig(Section):
    """Receivers outside. With none of them, notifications stay in the local inbox."""

    discord_webhook_url: Token | None = Field(None, description="Discord webhook URL")
    pagerduty_key: Token | None = Field(None, description="PagerDuty Events v2 routing key")
    webhook_url: Token | None = Field(None, description="URL that gets Alertmanager's webhook JSON")
    deadmans_switch_url: Token | None = Field(
        None,
        description="URL of a dead man's switch outside, such as a check of healthchecks.io: called once a minute "
        "while the monitoring lives; it tells you when the calls stop",
    )


class ChecklistConfig(Section):
    """The production checklist."""

    sign_off_days: int = Field(
        180, ge=1, le=3_650, description="days after which a sign-off expires, and a person has to look again"
    )


class ClientConfig(Section):
    """Where the command line finds the API, when it is not the one beside it."""

    url: str | None = Field(
        None,
        description="address of the API; default: the one configured here",
        examples=["https://invest.example.org"],
    )
    key: Token | None = Field(None, description="API key; default: keys/admin.key in data_dir")
    server_user: str | None = Field(
        None,
        description="user who runs InvestIQ on this machine, where it is another than you: no key is sent to the "
        "programs of other users",
        examples=["investiq"],
    )


class LoggingConfig(Section):
    """Logs of our own parts."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least severe level that is written"
    )
    max_bytes: int = Field(10_000_000, ge=10_000, description="size at which a part's log file is rotated")
    backups: int = Field(5, ge=1, description="rotated files kept for each part")
    loki_url: PublicUrl | None = Field(
        None,
        description="base URL of a Loki of yours: `investiq up` then writes monitoring/alloy.alloy in data_dir, with "
        "which Alloy brings it these logs",
        examples=["http://127.0.0.1:3100"],
    )


class TracingConfig(Section):
    """Traces: where a request spends its time, through all parts."""

    enabled: bool = Field(False, description="trace requests, commands and cycles of the agent")
    endpoint: PublicUrl | None = Field(
        None,
        description="base URL of a collector that takes OTLP over HTTP, to which /v1/traces is added; default: none, "
        "and traces stay in files below data_dir",
        examples=["http://127.0.0.1:4318"],
    )
    token: Token | None = Field(None, description="bearer token that the collector asks for")
    sample_ratio: float = Field(
        0.1,
        ge=0,
        le=1,
        description="share of the traces that is kept whatever happens; commands are always kept",
    )
    slow_milliseconds: float = Field(
        1_000.0,
        gt=0,
        description="from this duration on, a part keeps what it did for a request also when the trace is not sampled; "
        "it does so for failures, too",
    )
    max_bytes: int = Field(
        10_000_000, ge=100_000, description="size at which a part's file of spans is rotated; one more is kept"
    )


class CostConfig(Section):
    """What running InvestIQ costs. What has no price is counted, and never taken to be free."""

    currency: str = Field("USD", pattern="^[A-Z]{3}$", description="of every price here, as ISO 4217 writes it")
    provider_call: Decimal | None = Field(
        None, ge=0, description="price of one call to the price provider", examples=["0.0001"]
    )
    notification: Decimal | None = Field(
        None, ge=0, description="price of one notification that leaves this machine", examples=["0.01"]
    )
    storage_gib_month: Decimal | None = Field(
        None, ge=0, description="price of keeping one GiB of metrics for a month", examples=["0.08"]
    )
    monthly_budget: Decimal | None = Field(None, gt=0, description="what a whole month may cost", examples=["50.00"])


class Config(Section):
    """Everything that can be set. `investiq config show` prints it with the source of each value."""

    data_dir: Path = Field(Path(DATA_DIR), description="ledger, metrics, logs, keys and models")
    database_url: Annotated[Secret, AfterValidator(_has_own_password)] | None = Field(
        None,
        description="SQLAlchemy URL of the ledger; default: SQLite in data_dir",
        examples=["postgresql+psycopg://investiq:its-own-password@host/investiq"],
    )
    alpaca_api_key: Token | None = Field(None, description="Alpaca key id (kept for the Alpaca broker)")
    alpaca_secret_key: Token | None = Field(None, description="Alpaca secret key (kept for the Alpaca broker)")
    market: MarketConfig = section()
    api: ApiConfig = section()
    signals: SignalsConfig = section()
    web: WebConfig = section()
    inbox: InboxConfig = section()
    analysis: AnalysisConfig = section()
    trading: TradingConfig = section()
    agent: AgentConfig = section()
    monitoring: MonitoringConfig = section()
    edge: EdgeConfig = section()
    backup: BackupConfig = section()
    cost: CostConfig = section()
    notify: NotifyConfig = section()
    checklist: ChecklistConfig = section()
    client: ClientConfig = section()
    logging: LoggingConfig = section()
    tracing: TracingConfig = section()
    addresses: AddressesConfig = section()
    slo: SloConfig = section()
    services: tuple[ServiceConfig, ...] = Field(
        (),
        description="services of yours that are watched too",
        examples=[({"name": "billing", "url": "http://127.0.0.1:8080"},)],
    )
    slos: tuple[CustomSlo, ...] = Field(
        (),
        description="SLOs of your own",
        examples=[
            (
                {
                    "name": "checkout-availability",
                    "service": "checkout",
                    "objective": Decimal("0.999"),
                    "bad": "rate(checkouts_failed_total[5m])",
                    "total": "rate(checkouts_total[5m])",
                },
            )
        ],
    )

    @model_validator(mode="after")
    def _services_differ(self) -> Config:
        names = [service.name for service in self.services]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two services are called {twice[0]}: the name is the scrape job, so give each its own")
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> Config:
        taken: dict[int, str] = {}
        for key, port in self.ports().items():
            if port in taken:
                raise ValueError(f"{key} and {taken[port]} are both {port}: every part needs a port of its own")
            taken[port] = key
        return self

    @model_validator(mode="after")
    def _slo_names_differ(self) -> Config:
        taken = {name.replace("_", "-"): f"the built-in SLO of [slo.{name}]" for name in SloConfig.model_fields}
        for where, name, _ in self._slos():
            if name in taken:
                raise ValueError(f"{where} is called {name}, as {taken[name]} is: choose another name")
            taken[name] = where
        return self

    @model_validator(mode="after")
    def _metrics_are_kept_for_the_windows(self) -> Config:
        built_in = {name: getattr(self.slo, name) for name in SloConfig.model_fields}
        windows = {f"slo.{name}.window_days": slo.window_days for name, slo in built_in.items() if slo.enabled}
        windows |= {f"{where} window_days": days for where, _, days in self._slos()}
        for key, days in windows.items():
            if days > self.monitoring.retention_days:
                raise ValueError(
                    f"{key} is {days}, but metrics are kept for {self.monitoring.retention_days} days: raise "
                    "monitoring.retention_days, or shorten the window"
                )
        return self

    def _slos(self) -> Iterator[tuple[str, str, int]]:
        """Place, name and window of each SLO that is not built in."""
        for service in self.services:
            for number, objective in enumerate(service.slos, start=1):
                yield (
                    f"services {service.name} slos number {number}",
                    service.slo_name(objective),
                    objective.window_days,
                )
        for number, slo in enumerate(self.slos, start=1):
            yield f"slos number {number}", slo.name, slo.window_days

    @property
    def backup_interval_seconds(self) -> float:
        """From one scheduled backup to the next; 0 where none is. A session of a replay lasts half a minute."""
        if self.backup.schedule == "off":
            return 0.0
        if self.backup.every_hours is not None:
            return self.backup.every_hours * _HOUR
        return max(self.market.session_seconds, _HOUR) if self.market.clock == "replay" else 24 * _HOUR

    @property
    def agent_runs(self) -> bool:
        """Whether `investiq up` starts the agent: it trades on paper, in a replay only."""
        return self.agent.enabled and self.market.clock == "replay"

    def ports(self) -> dict[str, int]:
        """The port of each process by the dotted key that sets it."""
        ours = {f"{name}.port": section.port for name, section in self if hasattr(section, "port")}
        watched = type(self.monitoring).model_fields
        return {
            **ours,
            "edge.status_port": self.edge.status_port,
            **{f"monitoring.{name}": getattr(self.monitoring, name) for name in watched if name.endswith("_port")},
        }
