"""A restore is the proof: what was backed up is restored for real programs, and these are asked the same questions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from investiq.foundation.config import Config
from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import BackupPart
from investiq.operate.backup import postgres, questions
from investiq.operate.backup import state as known
from investiq.operate.backup.contents import Contents, open_contents
from investiq.operate.backup.errors import BackupFailed, UnknownSnapshot
from investiq.operate.backup.questions import Difference
from investiq.operate.backup.restic import Restic, Snapshot
from investiq.operate.backup.scratch import scratch_alertmanager, scratch_prometheus
from investiq.operate.backup.sets import DUMP, read_only
from investiq.operate.backup.silences import silences_file
from investiq.operate.backup.workspace import SCRATCH, scratch, workspace

__all__ = ["Verification", "verify"]


@dataclass(frozen=True, slots=True)
class Verification:
    """What the questions found.

    Attributes:
        asked: how many questions there were.
        missing: the parts that the snapshot was made without.
    """

    snapshot: Snapshot
    asked: int
    differences: tuple[Difference, ...]
    missing: Mapping[str, str]
    seconds: float

    @property
    def is_proven(self) -> bool:
        return not self.differences and not self.missing


def verify(config: Config, name: str, progress: Callable[[str], None], password: str | None = None) -> Verification:
    """Restore a snapshot for scratch programs, and ask them.

    Raises:
        UnknownSnapshot: there is none of this name.
        BackupBusy: another backup or restore is at work.
        BackupFailed: it could not be looked at.
    """
    started = time.monotonic()
    with workspace(config) as folder, scratch(folder, SCRATCH) as place:
        restic = Restic(config, config.backup.max_hours * 3600, password)
        restic.unlock()
        try:
            snapshot = restic.find(name)
        except UnknownSnapshot as unknown:
            raise _lost(config, name, restic) or unknown from None
        differences = list(_damage(config, restic, progress))
        progress("restoring")
        answers, missing, more = _answered(config, restic, snapshot, place, progress)
        differences += more
        seconds = time.monotonic() - started
        verification = Verification(snapshot, len(answers), tuple(differences), missing, seconds)
        if verification.is_proven:
            restic.mark_proven(snapshot)
            verification = replace(verification, snapshot=replace(snapshot, proven=True))
        _note(config, verification)
    return verification


def _damage(config: Config, restic: Restic, progress: Callable[[str], None]) -> Iterator[Difference]:
    """What is wrong with the repository itself."""
    progress("reading the repository")
    for file in restic.damaged_files():
        yield Difference(f"repository: {file}", "what its name says", "other bytes: the file is damaged")
    try:
        restic.check(read_data=restic.folder is None)
    except BackupFailed as error:
        yield Difference("repository", "whole", error.message)
        return
    state = known.read(config)
    for what, expected, there in (
        ("snapshot", state.known, [one.name for one in restic.snapshots()]),
        ("key", state.keys, restic.keys()),
    ):
        for gone in sorted(set(expected) - set(there)):
            yield Difference(f"repository: {what} {gone}", "there", "gone")


def _answered(
    config: Config, restic: Restic, snapshot: Snapshot, place: Path, progress: Callable[[str], None]
) -> tuple[Mapping[str, Any], Mapping[str, str], list[Difference]]:
    """The answers as they were, the parts that are missing, and what is answered otherwise now."""
    restored = place / "restored"
    try:
        restic.restore(snapshot, restored)
        contents = open_contents(restored)
    except BackupFailed as error:
        return {}, {}, [Difference("restore", "whole", error.message)]
    found: dict[str, Any] = {}
    unreadable: list[Difference] = []
    for what, ask in _asked(config, contents, place).items():
        progress(f"asking: {what}")
        try:
            found |= ask()
        except (InvestIQError, SQLAlchemyError, OSError, ValueError, KeyError, TypeError) as error:
            said = error.message if isinstance(error, InvestIQError) else str(error).splitlines()[0]
            unreadable.append(Difference(what, "readable", said))
    unread = unreadable + questions.differences(contents.answers, found)
    return contents.answers, contents.manifest.missing, unread


def _ask_ledger(contents: Contents, config: Config) -> dict[str, Any]:
    dump = contents.folder / DUMP
    if dump.exists():
        url, seconds = postgres.postgres_ledger(config), config.backup.max_hours * 3600
        if url is None:
            raise BackupFailed("it is of PostgreSQL: set database_url to a server that it can be restored to")
        with postgres.scratch_database(url, dump, seconds, config.data_dir) as connection:
            return questions.about_ledger(connection)
    with _of_file(contents, BackupPart.LEDGER) as connection:
        return questions.about_ledger(connection) if connection is not None else {}


def _ask_inbox(contents: Contents) -> dict[str, Any]:
    with _of_file(contents, BackupPart.INBOX) as connection:
        return questions.rows_of(connection, "inbox") if connection is not None else {}


def _ask_grafana(contents: Contents) -> dict[str, Any]:
    with _of_file(contents, BackupPart.GRAFANA) as connection:
        return questions.rows_of(connection, "grafana") if connection is not None else {}


@contextmanager
def _of_file(contents: Contents, part: BackupPart) -> Iterator[Any]:
    file = contents.file(part)
    if not file.exists():
        yield None
        return
    with read_only(file) as connection:
        yield connection


def _ask_prometheus(contents: Contents, place: Path) -> dict[str, Any]:
    moment = contents.manifest.moment
    if moment is None:
        return {}
    reach = timedelta(days=max(contents.manifest.retention_days - 1, 1))
    with scratch_prometheus(contents.file(BackupPart.PROMETHEUS), place) as prometheus:

        async def ask() -> dict[str, Any]:
            async with prometheus:
                return await questions.about_metrics(prometheus, moment, reach)

        return asyncio.run(ask())


def _ask_alertmanager(contents: Contents, place: Path) -> dict[str, Any]:
    if BackupPart.SILENCES not in contents.manifest.parts:
        return {}
    data = place / "alertmanager"
    data.mkdir(mode=0o700)
    (data / "silences").write_bytes(silences_file(contents.silences(), forget=False))
    with scratch_alertmanager(data, place) as alertmanager:

        async def ask() -> dict[str, Any]:
            async with alertmanager:
                return questions.about_silences(await alertmanager.all_silences())

        return asyncio.run(ask())


def _asked(config: Config, contents: Contents, place: Path) -> Mapping[str, Callable[[], dict[str, Any]]]:
    return {
        "ledger": lambda: _ask_ledger(contents, config),
        "inbox": lambda: _ask_inbox(contents),
        "grafana": lambda: _ask_grafana(contents),
        "silences": lambda: _ask_alertmanager(contents, place),
        "metrics": lambda: _ask_prometheus(contents, place),
    }


def _note(config: Config, verification: Verification) -> None:
    state = known.read(config)
    state.verification_seconds = verification.seconds
    state.doubted = [one.question for one in verification.differences]
    if verification.is_proven:
        # A proof that lies ahead is of a clock that was set back: it would hide that nothing since is proven.
        before = state.proven if state.proven <= time.time() else 0.0
        state.proven = max(before, verification.snapshot.time.timestamp())
    known.keep(config, state)


def _lost(config: Config, name: str, restic: Restic) -> BackupFailed | None:
    """That a snapshot is gone which was made here; None where it never was."""
    state = known.read(config)
    lost = state.known[-1] if name == "latest" and state.known else name[:8]
    if lost not in state.known:
        return None
    state.doubted = [f"repository: snapshot {lost}"]
    known.keep(config, state)
    return BackupFailed(
        f"snapshot {lost} was made here and is gone from {restic.shown}: somebody or something has removed it. Make a "
        "new one, `investiq backup --verify`, and look to that disk"
    )
