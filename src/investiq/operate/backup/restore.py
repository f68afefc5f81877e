"""A backup put in the place of what is there: refused where that would surprise, and all of it or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url

from investiq.foundation.config import Config, Paths
from investiq.foundation.config.paths import ledger_url
from investiq.foundation.store import DatabaseUnavailable, hold_ledger, open_engine
from investiq.foundation.vocabulary import BackupPart
from investiq.operate.backup import postgres, questions, swap
from investiq.operate.backup.errors import BackupFailed, RestoreRefused
from investiq.operate.backup.restic import Restic, Snapshot
from investiq.operate.backup.run import ANSWERS, FORMAT, MANIFEST
from investiq.operate.backup.sets import DUMP, FILES, read_only
from investiq.operate.backup.silences import silences_file
from investiq.operate.backup.verify import read_document, silences_in
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
    kept: Mapping[Path, Path]
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
        restic.restore(snapshot, place)
        manifest = _checked(place)
        progress("putting it in place")
        kept = _put_in_place(config, place)
        places = {part: str(path) for part, path in _targets(config).items() if part in manifest["parts"]}
    return Restored(snapshot, places, kept, manifest["missing"], time.monotonic() - started)


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
    url = make_url(ledger_url(config))
    sqlite = Path(str(url.database)) if url.get_backend_name() == "sqlite" else url.render_as_string()
    return {
        BackupPart.LEDGER: sqlite,
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
            yield f"what is in {target}"
        elif part is BackupPart.MODELS or not target.exists():
            continue  # a model is trained, not lived
        elif target.is_file() or any(target.iterdir()):
            yield target


def _checked(place: Path) -> Mapping[str, Any]:
    """The manifest, where what was restored can be used: the ledger answers as it did."""
    manifest, answers = read_document(place / MANIFEST), read_document(place / ANSWERS)
    if manifest.get("format") != FORMAT:
        raise BackupFailed(f"the snapshot is of format {manifest.get('format')}: use the version that made it")
    ledger = place / FILES[BackupPart.LEDGER]
    if ledger.exists():
        with read_only(ledger) as connection:
            found = questions.about_ledger(connection)
        of_ledger = {question: answer for question, answer in answers.items() if question.startswith("ledger:")}
        if wrong := questions.differences(of_ledger, found):
            raise BackupFailed(
                f"the restored ledger does not answer as it did ({wrong[0].question}): take an earlier snapshot; "
                "`investiq restore --verify` says more about this one"
            )
    return manifest


def _put_in_place(config: Config, place: Path) -> dict[Path, Path]:
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    with ExitStack() as held:
        pairs: list[tuple[Path | None, Path]] = []
        dumped: Path | None = None
        if (place / DUMP).exists():
            dumped = _replace_postgres(config, place / DUMP, stamp)
        for part, target in _targets(config).items():
            new = _new(part, place)
            if new is None or isinstance(target, str):
                continue
            pairs.append((new, target))
            if part in (BackupPart.LEDGER, BackupPart.INBOX):
                pairs += _settled(target, held if part is BackupPart.LEDGER else None)
        kept = swap.swap_all(Paths.of(config).interrupted_restore, pairs, stamp)
    return kept | ({Path("the ledger in PostgreSQL"): dumped} if dumped is not None else {})


def _new(part: BackupPart, place: Path) -> Path | None:
    """What comes in the place of a part; None where the snapshot has none."""
    file = place / FILES[part]
    if part is not BackupPart.SILENCES or not file.exists():
        return file if file.exists() else None
    folder = place / "alertmanager"
    folder.mkdir(mode=0o700)
    (folder / "silences").write_bytes(silences_file(silences_in(place)))
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


def _replace_postgres(config: Config, dump: Path, stamp: str) -> Path:
    url: URL = make_url(ledger_url(config))
    if url.get_backend_name() == "sqlite":
        raise BackupFailed(
            "the snapshot's ledger is of PostgreSQL, and here it is SQLite: set database_url to where it belongs"
        )
    seconds = config.backup.max_hours * 3600
    kept = Paths.of(config).data_dir / f"ledger.before-{stamp}.dump"
    postgres.dump(url, kept, seconds)
    postgres.restore_into(url, dump, seconds)
    return kept
