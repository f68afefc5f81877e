"""A backup put in the place of what is there: refused where that would surprise, and all of it or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError

from investiq.foundation.config import Config, Paths
from investiq.foundation.config.paths import ledger_url
from investiq.foundation.store import DatabaseUnavailable, hold_ledger, open_engine, public_url, refuse_newer
from investiq.foundation.vocabulary import BackupPart
from investiq.operate.backup import postgres, questions, swap
from investiq.operate.backup.contents import Contents, open_contents
from investiq.operate.backup.database_swap import DatabaseSwap, has_tables
from investiq.operate.backup.errors import BackupFailed, RestoreRefused
from investiq.operate.backup.postgres import postgres_ledger
from investiq.operate.backup.restic import Restic, Snapshot
from investiq.operate.backup.sets import DUMP, read_only
from investiq.operate.backup.silences import silences_file
from investiq.operate.backup.workspace import SCRATCH, scratch, workspace
from investiq.operate.supervise.control import AlreadyRunning, hold_lock

__all__ = ["Restored", "finish_interrupted", "restore"]

_SQLITE_COMPANIONS = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that was restored.

    Attributes:
        places: where each part is now.
        kept: what was replaced -> where it is.
        missing: the parts that the snapshot was made without: they are as they were.
    """

    snapshot: Snapshot
    places: Mapping[BackupPart, str]
    kept: Mapping[str, str]
    missing: Mapping[str, str]
    seconds: float


def restore(
    config: Config, name: str, progress: Callable[[str], None], *, replace: bool, password: str | None = None
) -> Restored:
    """Restore a snapshot into data_dir and the ledger.

    Raises:
        RestoreRefused: something is there that it would replace, or the stack runs.
        UnknownSnapshot: there is none of this name.
        BackupFailed: it was not restored; what was there is as it was.
    """
    started = time.monotonic()
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _stopped(config), workspace(config) as folder, scratch(folder, SCRATCH) as place:
        restic = Restic(config, config.backup.max_hours * 3600, password)
        restic.unlock()
        snapshot = restic.find(name)
        there = list(_in_the_way(config))
        if there and not replace:
            raise RestoreRefused(
                f"the restore would replace {', '.join(map(str, there))}: say --replace to have that; what is replaced "
                "is kept beside its place"
            )
        progress("restoring")
        restic.restore(snapshot, place / "restored")
        contents = open_contents(place / "restored")
        _check_ledger(config, contents)
        progress("putting it in place")
        kept = _put_in_place(config, contents)
        places = {part: str(path) for part, path in _targets(config).items() if part in contents.manifest.parts}
    return Restored(snapshot, places, kept, contents.manifest.missing, time.monotonic() - started)


def finish_interrupted(config: Config) -> bool:
    """Undo a restore that was killed, or finish it where it was all but done; whether there was one.

    Raises:
        BackupBusy: it is at work.
    """
    if not Paths.of(config).interrupted_restore.exists():
        return False
    with workspace(config):
        return True


@contextmanager
def _stopped(config: Config) -> Iterator[None]:
    """The stack does not run, and cannot be started meanwhile; nor does an API on this ledger."""
    try:
        with hold_lock(Paths.of(config).run):
            yield
    except AlreadyRunning:
        raise RestoreRefused(
            f"InvestIQ runs on {config.data_dir}: stop it first, `investiq down`, then restore"
        ) from None


def _targets(config: Config) -> dict[BackupPart, Path | str]:
    """Where each part belongs. The configuration and Grafana's database are theirs who wrote them: laid beside."""
    paths = Paths.of(config)
    url = postgres_ledger(config)
    return {
        BackupPart.LEDGER: Path(str(make_url(ledger_url(config)).database)) if url is None else public_url(url),
        BackupPart.PROMETHEUS: paths.prometheus,
        BackupPart.SILENCES: paths.alertmanager,
        BackupPart.INBOX: paths.inbox,
        BackupPart.MODELS: paths.models,
        BackupPart.REPLAY: paths.replay_state,
        BackupPart.CONFIGURATION: paths.data_dir / "restored-investiq.toml",
        BackupPart.GRAFANA: paths.data_dir / "restored-grafana.db",
    }


def _in_the_way(config: Config) -> Iterator[Path | str]:
    for part, target in _targets(config).items():
        if isinstance(target, str):
            yield from _in_the_database(config)
        elif part is BackupPart.MODELS or not target.exists():
            continue  # a model is trained, not lived
        elif target.is_file() or any(target.iterdir()):
            yield target


def _in_the_database(config: Config) -> Iterator[str]:
    url = postgres_ledger(config)
    if url is not None and has_tables(url):
        yield f"the database {public_url(url)}"


def _check_ledger(config: Config, contents: Contents) -> None:
    """Refuse a ledger that cannot be used here, before anything is replaced."""
    is_dump, is_file = (contents.folder / DUMP).exists(), contents.file(BackupPart.LEDGER).exists()
    url = postgres_ledger(config)
    if is_dump and url is None:
        raise BackupFailed(
            "the snapshot's ledger is of PostgreSQL, and here it is SQLite: set database_url to where it belongs"
        )
    if is_file and url is not None:
        raise BackupFailed(
            "the snapshot's ledger is of SQLite, and here it is in PostgreSQL: leave database_url out to restore it"
        )
    if is_file:
        with read_only(contents.file(BackupPart.LEDGER)) as connection:
            _ask_again(connection, contents)


def _ask_again(connection: Connection, contents: Contents) -> None:
    of_ledger = {question: answer for question, answer in contents.answers.items() if question.startswith("ledger:")}
    try:
        refuse_newer(connection)
        wrong = questions.differences(of_ledger, questions.about_ledger(connection))
    except DBAPIError as error:
        raise BackupFailed(f"the restored ledger cannot be read: {postgres.first_line(error)}") from None
    if wrong:
        raise BackupFailed(
            f"the restored ledger does not answer as it did ({wrong[0].question}): take an earlier snapshot; "
            "`investiq restore --verify` says more about this one"
        )


def _put_in_place(config: Config, contents: Contents) -> dict[str, str]:
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    database = _database(config, contents, stamp)
    with ExitStack() as held:
        pairs: list[tuple[Path | None, Path]] = []
        for part, target in _targets(config).items():
            new = _new(part, contents)
            if new is None or isinstance(target, str):
                continue
            pairs.append((new, target))
            if part in (BackupPart.LEDGER, BackupPart.INBOX):
                pairs += _settled(target, held if part is BackupPart.LEDGER else None)
        journal = Paths.of(config).interrupted_restore
        kept = swap.swap_all(journal, pairs, stamp, database, lambda made: _fill(made, config, contents))
    files = {str(target): str(aside) for target, aside in kept.items()}
    if database is None or database.aside is None:
        return files
    return files | {public_url(database.url): f"the database {database.aside} of the same server"}


def _database(config: Config, contents: Contents, stamp: str) -> DatabaseSwap | None:
    url = postgres_ledger(config)
    if url is None or not (contents.folder / DUMP).exists():
        return None
    database = DatabaseSwap.planned(url, stamp)
    if database.aside is not None:
        engine = open_engine(url.render_as_string(hide_password=False))
        try:
            hold_ledger(engine).release()  # an API that runs without the supervisor is named; the server keeps it out
        finally:
            engine.dispose()
    return database


def _fill(database: DatabaseSwap, config: Config, contents: Contents) -> None:
    url = database.url.set(database=database.new)
    postgres.create(database.url, database.new)
    postgres.restore_into(url, contents.folder / DUMP, config.backup.max_hours * 3600)
    with postgres.session(url) as connection:
        _ask_again(connection, contents)


def _new(part: BackupPart, contents: Contents) -> Path | None:
    """What comes in the place of a part; None where the snapshot has none."""
    file = contents.file(part)
    if part is not BackupPart.SILENCES or not file.exists():
        return file if file.exists() else None
    folder = contents.folder / "alertmanager"
    folder.mkdir(mode=0o700)
    (folder / "silences").write_bytes(silences_file(contents.silences()))
    return folder


def _settled(database: Path, held: ExitStack | None) -> Iterator[tuple[None, Path]]:
    """Have SQLite bring all of the old database into its one file: what is beside it must not stay for the new one."""
    if database.exists():
        with suppress(DatabaseUnavailable):  # it is broken, and is kept as it is
            _close_cleanly(database, held)
    for ending in _SQLITE_COMPANIONS:
        companion = database.with_name(database.name + ending)
        if companion.exists():
            yield None, companion


def _close_cleanly(database: Path, held: ExitStack | None) -> None:
    engine = open_engine(f"sqlite:///{database}")
    try:
        if held is not None:
            held.callback(hold_ledger(engine).release)  # an API that runs without the supervisor
    finally:
        engine.dispose()  # the last connection empties the write-ahead log
