"""An installation that does not run, with something of everything that backups are made of."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from investiq.clients.alertmanager.silence import Silence
from investiq.foundation.config import Config, Paths
from investiq.foundation.store import migrate, open_engine, schema, writing
from investiq.operate.backup.silences import silences_file
from investiq.promql.matcher import eq
from investiq.serve.inbox.store import NotificationStore
from tests.ports import free_ports

__all__ = ["Done", "Installation", "fingerprint", "place_orders"]

_PROGRAMS = ("PROMETHEUS", "ALERTMANAGER", "BLACKBOX", "NODE")
_PORTS = (
    *(f"{part}_PORT" for part in ("API", "SIGNALS", "WEB", "INBOX", "AGENT")),
    *(f"MONITORING_{program}_PORT" for program in _PROGRAMS),
)
_NOW = datetime(2008, 1, 2, 15, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Done:
    """What a user sees of a command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Installation:
    """Below `folder`: its data, and the repository of its backups."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data = self.folder / "data"
        self.repository = self.folder / "repository"
        self.config = Config(data_dir=self.data)
        ports = {f"INVESTIQ_{name}": str(port) for name, port in zip(_PORTS, free_ports(len(_PORTS)), strict=True)}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("INVESTIQ_", "RESTIC_"))}
        self.environment = {
            **inherited,
            **ports,
            "NO_COLOR": "1",
            "INVESTIQ_DATA_DIR": str(self.data),
            "INVESTIQ_BACKUP_REPOSITORY": str(self.repository),
            **self.settings,
        }

    def fill(self) -> None:
        """Put something of everything into it."""
        self.data.mkdir(mode=0o700, parents=True)
        paths = Paths.of(self.config)
        place_orders(self.settings.get("DATABASE_URL", f"sqlite:///{paths.ledger}"), 20)
        NotificationStore(paths.inbox, 100).close()
        paths.replay_state.write_text('{"version": 1, "start": "2008-01-02", "position": 1.5}')
        paths.models.mkdir()
        (paths.models / "artifact").write_bytes(os.urandom(20_000))
        (paths.models / "current").symlink_to("artifact")
        paths.alertmanager.mkdir()
        now = datetime.now(UTC).replace(microsecond=250_000)
        silence = Silence("a" * 8, (eq("alertname", "HostDiskLow"),), "me", "größer", now, now + timedelta(hours=1))
        (paths.alertmanager / "silences").write_bytes(silences_file([silence]))
        _fill_metrics(self.folder, paths.prometheus)

    def investiq(self, *arguments: str, seconds: float = 120) -> Done:
        """Run `investiq ARGUMENTS`."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "investiq", "--no-input", *arguments]


def place_orders(url: str, number: int, first: int = 0) -> None:
    """A ledger with an account, and so many orders that are filled but for the last; `first` continues one."""
    engine = open_engine(url)
    migrate(engine)
    with writing(engine) as connection:
        if not first:
            _open_account(connection)
        for count in range(first, first + number):
            _place(connection, count, is_open=count == first + number - 1)
    engine.dispose()


def _open_account(connection: Any) -> None:
    cash = Decimal(100_000)
    account = {"id": 1, "broker": "paper", "mode": "replay", "initial_cash": cash, "opened_at": _NOW}
    values = {"opened_wall": _NOW, "session": date(2008, 1, 2), "opening_equity": cash, "last_equity": cash}
    connection.execute(insert(schema.account).values(**account, **values, high_water_mark=cash))


def _place(connection: Any, count: int, *, is_open: bool) -> None:
    order_id, price = f"order-{count}", Decimal("123.4567")
    filled = Decimal(0) if is_open else Decimal(10)
    order = {
        "id": order_id,
        "client_order_id": f"client-{count}",
        "symbol": "AAPL",
        "side": "buy" if count % 3 else "sell",
        "order_type": "market",
        "quantity": Decimal(10),
        "status": "accepted" if is_open else "filled",
        "filled_quantity": filled,
        "filled_notional": filled * price,
        "commission": Decimal(0) if is_open else Decimal(1),
        "created_by": "test",
    }
    times = dict.fromkeys(("created_at", "created_wall", "updated_at", "updated_wall"), _NOW)
    connection.execute(insert(schema.orders).values(**order, **times))
    if not is_open:
        fill = {"order_id": order_id, "execution_id": f"execution-{count}", "symbol": "AAPL", "side": order["side"]}
        amounts = {"quantity": filled, "price": price, "commission": Decimal(1), "at": _NOW, "wall": _NOW}
        connection.execute(insert(schema.fills).values(**fill, **amounts))


def _fill_metrics(folder: Path, store: Path) -> None:
    """Two hours and a half of samples, written as blocks by promtool."""
    now = int(time.time()) // 60 * 60
    lines = ["# TYPE up gauge"]
    for job in ("node", "investiq-api"):
        lines += [f'up{{job="{job}",instance="x"}} 1 {now - 60 * ago}' for ago in range(150, 0, -1)]
    lines += ["# TYPE investiq_orders counter"]
    label = 'job="investiq-api",instance="x",outcome="filled"'
    lines += [f"investiq_orders_total{{{label}}} {200 - ago} {now - 60 * ago}" for ago in range(150, 0, -1)]
    file = folder / "samples.txt"
    file.write_text("\n".join([*lines, "# EOF"]) + "\n")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(file), str(store)]
    subprocess.run(command, check=True, capture_output=True)


def fingerprint(data: Path) -> dict[str, str]:
    """What each part of the data is, byte for byte; without what a look at it changes."""
    found = {}
    for part in ("ledger.db", "inbox.db", "replay.json", "models", "alertmanager", "prometheus"):
        digest = hashlib.sha256()
        path = data / part
        for file in sorted([path, *path.rglob("*")]) if path.exists() else []:
            digest.update(f"{file.relative_to(data)} {file.is_symlink()}".encode())
            if file.is_file():
                digest.update(file.read_bytes())
        found[part] = digest.hexdigest()
    return found
