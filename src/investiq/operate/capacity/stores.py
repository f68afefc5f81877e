"""What else grows in the data folder: the ledger without end, the logs up to their bound."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from investiq.foundation.config import Config, Paths
from investiq.foundation.errors import InvestIQError
from investiq.foundation.store import open_engine, reading
from investiq.foundation.store.schema import equity_points, orders
from investiq.operate.capacity.blocks import folder_bytes

__all__ = ["Ledger", "Stores", "read_stores"]

_DAY = 86_400.0
_LEAST_SECONDS = 3_600.0
"""Of a life from which a day can be told."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Orders, fills and the equity curve.

    Attributes:
        where: the database, in words.
        bytes: None where they cannot be told.
        days: since its first row.
        bytes_per_day: over its life so far; None while that is short.
        problem: why something is None; empty where nothing is.
    """

    where: str
    bytes: int | None = None
    orders: int = 0
    days: float = 0.0
    bytes_per_day: float | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Stores:
    """The data folder and its disk, in bytes.

    Attributes:
        free: of the file system.
        logs_bound: what all logs together may take.
    """

    free: int
    total: int
    metrics: int
    logs: int
    logs_bound: int
    ledger: Ledger


def read_stores(config: Config) -> Stores:
    """Look at the disk and the ledger; changes neither."""
    paths = Paths.of(config)
    disk = shutil.disk_usage(paths.data_dir)
    rotation = config.logging
    logs = len(list(paths.logs.glob("*.log")))
    return Stores(
        free=disk.free,
        total=disk.total,
        metrics=folder_bytes(paths.prometheus),
        logs=folder_bytes(paths.logs),
        logs_bound=logs * rotation.max_bytes * (rotation.backups + 1),
        ledger=_ledger(config, paths),
    )


def _ledger(config: Config, paths: Paths) -> Ledger:
    is_file = config.database_url is None
    where = "SQLite in the data folder" if is_file else "the database of database_url"
    if is_file and not paths.ledger.exists():
        return Ledger(where, problem="there is none yet")
    url = f"sqlite:///{paths.ledger}" if config.database_url is None else config.database_url.get_secret_value()
    try:
        engine = open_engine(url)
        with reading(engine) as connection:
            number = connection.execute(select(func.count()).select_from(orders)).scalar_one()
            first, last = connection.execute(
                select(func.min(equity_points.c.wall), func.max(equity_points.c.wall))
            ).one()
            size = (
                paths.ledger.stat().st_size  # without its write-ahead log, which is written over and over
                if is_file
                else connection.execute(text("select pg_database_size(current_database())")).scalar_one()
            )
    except (InvestIQError, SQLAlchemyError, OSError) as error:
        return Ledger(where, problem=f"it cannot be read: {error}")
    return _grown(where, int(size), int(number), first, last)


def _grown(where: str, size: int, number: int, first: datetime | None, last: datetime | None) -> Ledger:
    seconds = (last - first).total_seconds() if first is not None and last is not None else 0.0
    if seconds < _LEAST_SECONDS:
        return Ledger(where, size, number, seconds / _DAY, problem="it is too young to say what it grows in a day")
    return Ledger(where, size, number, seconds / _DAY, size / seconds * _DAY)
