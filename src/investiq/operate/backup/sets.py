"""What a backup is made of: each part copied whole into a staging folder while everything runs.

`tar` of a living store, or a copied SQLite file, is no backup: each part is asked for a copy by the way that its
program has for it.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from investiq.clients.alertmanager.silence import document
from investiq.foundation.config import Config, Paths
from investiq.foundation.config.paths import ledger_url
from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import replace_whole
from investiq.foundation.vocabulary import BackupPart
from investiq.operate.backup import postgres, questions
from investiq.operate.backup.errors import BackupFailed
from investiq.operate.backup.swap import remove
from investiq.operate.backup.watchers import copy_metrics, read_silences

__all__ = [
    "DUMP",
    "FILES",
    "Copied",
    "Source",
    "copy_all",
    "read_only",
]

DUMP = "ledger.dump"
"""The ledger of PostgreSQL, in its name of a file."""

FILES: Mapping[BackupPart, str] = {
    BackupPart.LEDGER: "ledger.db",
    BackupPart.PROMETHEUS: "prometheus",
    BackupPart.SILENCES: "silences.json",
    BackupPart.INBOX: "inbox.db",
    BackupPart.MODELS: "models",
    BackupPart.REPLAY: "replay.json",
    BackupPart.CONFIGURATION: "investiq.toml",
    BackupPart.GRAFANA: "grafana.db",
}
"""How each part is called in a snapshot."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is copied, and where to.

    Attributes:
        configuration: the file that was read, if one was.
    """

    config: Config
    configuration: Path | None
    workspace: Path
    staging: Path

    def target(self, part: BackupPart) -> Path:
        return self.staging / FILES[part]


@dataclass(slots=True)
class Copied:
    """What came of it.

    Attributes:
        sizes: bytes of each part that was copied.
        missing: part -> why it could not be.
        moment: the Unix time about which metrics were asked.
    """

    sizes: dict[BackupPart, int] = field(default_factory=dict)
    missing: dict[BackupPart, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    moment: float | None = None


def copy_all(source: Source, progress: Callable[[str], None]) -> Copied:
    """Copy every part. One that cannot be keeps none of the others from being copied."""
    copied = Copied()
    for part, copy in _COPIES.items():
        progress(f"copying: {part}")
        try:
            copy(source, copied)
        except (InvestIQError, OSError, sqlite3.Error, SQLAlchemyError) as error:
            copied.missing[part] = _why(error)
            remove(source.target(part))
        else:
            size = _size(source.target(part)) + (_size(source.staging / DUMP) if part is BackupPart.LEDGER else 0)
            if size:
                copied.sizes[part] = size
    return copied


def _why(error: Exception) -> str:
    if isinstance(error, InvestIQError):
        return error.message
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or error}"
    return str(error).splitlines()[0]


def _size(path: Path) -> int:
    if path.is_symlink() or not path.exists():
        return 0
    if path.is_file():
        return path.stat().st_size
    return sum(_size(one) for one in path.iterdir())


# ---- databases ----


def _copy_ledger(source: Source, copied: Copied) -> None:
    url = postgres.postgres_ledger(source.config)
    if url is not None:
        copied.answers |= _dump_postgres(url, source.staging / DUMP, source.config.backup.max_hours * 3600)
        return
    target = source.target(BackupPart.LEDGER)
    _copy_sqlite(Path(str(make_url(ledger_url(source.config)).database)), target)
    with read_only(target) as connection:
        copied.answers |= questions.about_ledger(connection)


def _copy_inbox(source: Source, copied: Copied) -> None:
    file = Paths.of(source.config).inbox
    if file.exists():
        _copy_with_answers(file, source.target(BackupPart.INBOX), "inbox", copied)


def _copy_grafana(source: Source, copied: Copied) -> None:
    if source.config.backup.grafana_database is not None:
        target = source.target(BackupPart.GRAFANA)
        _copy_with_answers(source.config.backup.grafana_database, target, "grafana", copied)


def _copy_with_answers(file: Path, target: Path, what: str, copied: Copied) -> None:
    _copy_sqlite(file, target)
    with read_only(target) as connection:
        copied.answers |= questions.rows_of(connection, what)


def _copy_sqlite(file: Path, target: Path) -> None:
    """By SQLite's backup API: one state of the database, whoever writes meanwhile."""
    if not file.exists():
        raise BackupFailed(f"{file} is not there: `investiq up` makes it")
    target.touch(mode=0o600)
    with (
        closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as living,
        closing(sqlite3.connect(target)) as copy,
    ):
        living.execute("PRAGMA busy_timeout = 10000")
        living.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, whole without a second beside it


@contextmanager
def read_only(file: Path) -> Iterator[Connection]:
    """A SQLite file that nobody writes."""
    engine = create_engine(f"sqlite:///{file.as_uri()}?mode=ro&immutable=1&uri=true")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _dump_postgres(url: URL, target: Path, seconds: float) -> dict[str, Any]:
    """Ask the questions about the state of one moment, and dump just that."""
    with postgres.session(url) as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))  # while pg_dump works
        snapshot = str(connection.scalar(text("SELECT pg_export_snapshot()")))
        answers = questions.about_ledger(connection)
        postgres.dump(url, target, seconds, snapshot)
    return answers


# ---- the rest ----


def _copy_silences(source: Source, copied: Copied) -> None:
    silences = read_silences(source.config, source.workspace)
    copied.answers |= questions.about_silences(silences)
    replace_whole(source.target(BackupPart.SILENCES), json.dumps([document(one) for one in silences], indent=1))


def _copy_prometheus(source: Source, copied: Copied) -> None:
    target = source.target(BackupPart.PROMETHEUS)
    copied.moment, answers = copy_metrics(source.config, source.workspace, target)
    copied.answers |= answers


def _copy_models(source: Source, _copied: Copied) -> None:
    models = Paths.of(source.config).models
    if models.is_dir():
        shutil.copytree(models, source.target(BackupPart.MODELS), symlinks=True)


def _copy_replay(source: Source, _copied: Copied) -> None:
    """After the ledger: a clock that is a moment ahead of the orders is a pause, one that is behind them is wrong."""
    _copy_file(Paths.of(source.config).replay_state, source.target(BackupPart.REPLAY))


def _copy_configuration(source: Source, _copied: Copied) -> None:
    if source.configuration is not None:
        _copy_file(source.configuration, source.target(BackupPart.CONFIGURATION))


def _copy_file(file: Path, target: Path) -> None:
    if file.exists():
        replace_whole(target, file.read_text("utf-8"))


_COPIES: Mapping[BackupPart, Callable[[Source, Copied], None]] = {
    BackupPart.LEDGER: _copy_ledger,
    BackupPart.REPLAY: _copy_replay,
    BackupPart.SILENCES: _copy_silences,
    BackupPart.INBOX: _copy_inbox,
    BackupPart.MODELS: _copy_models,
    BackupPart.CONFIGURATION: _copy_configuration,
    BackupPart.GRAFANA: _copy_grafana,
    BackupPart.PROMETHEUS: _copy_prometheus,
}
"""In this order: the ledger first, since the others may be a moment later, never earlier."""
