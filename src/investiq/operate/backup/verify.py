"""A restore is the proof: what was backed up is restored for real programs, and these are asked the same questions."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from investiq.clients.alertmanager.silence import Silence, silence_of
from investiq.foundation.config import Config
from investiq.foundation.config.paths import ledger_url
from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import BackupPart
from investiq.operate.backup import postgres, questions
from investiq.operate.backup import state as known
from investiq.operate.backup.errors import BackupFailed, UnknownSnapshot
from investiq.operate.backup.questions import Difference
from investiq.operate.backup.restic import Restic, Snapshot
from investiq.operate.backup.run import ANSWERS, FORMAT, MANIFEST
from investiq.operate.backup.scratch import scratch_alertmanager, scratch_prometheus
from investiq.operate.backup.sets import DUMP, FILES, read_only
from investiq.operate.backup.silences import silences_file
from investiq.operate.backup.workspace import SCRATCH, scratch, workspace

__all__ = ["Verification", "read_document", "silences_in", "verify"]


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
        manifest, answers = read_document(restored / MANIFEST), read_document(restored / ANSWERS)
        if manifest.get("format") != FORMAT:
            raise BackupFailed(f"{MANIFEST} is of format {manifest.get('format')}; this version reads {FORMAT}")
    except BackupFailed as error:
        return {}, {}, [Difference("restore", "whole", error.message)]
    found: dict[str, Any] = {}
    unreadable: list[Difference] = []
    for what, ask in _asked(config, restored, place, manifest).items():
        progress(f"asking: {what}")
        try:
            found |= ask()
        except (InvestIQError, SQLAlchemyError, OSError, ValueError, KeyError, TypeError) as error:
            said = error.message if isinstance(error, InvestIQError) else str(error).splitlines()[0]
            unreadable.append(Difference(what, "readable", said))
    return answers, manifest["missing"], unreadable + questions.differences(answers, found)


def read_document(file: Path) -> dict[str, Any]:
    """A JSON file of a snapshot.

    Raises:
        BackupFailed: it is not there, or holds none.
    """
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BackupFailed(f"{file.name} of the snapshot cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise BackupFailed(f"{file.name} of the snapshot holds no table")
    return document


def silences_in(restored: Path) -> list[Silence]:
    """The silences of a snapshot; none where it has no such part."""
    file = restored / FILES[BackupPart.SILENCES]
    return [silence_of(one) for one in json.loads(file.read_text("utf-8"))] if file.exists() else []


def _ask_ledger(restored: Path, config: Config) -> dict[str, Any]:
    if (restored / DUMP).exists():
        url = make_url(ledger_url(config))
        with postgres.scratch_database(url, restored / DUMP, config.backup.max_hours * 3600) as connection:
            return questions.about_ledger(connection)
    with _of_file(restored, BackupPart.LEDGER) as connection:
        return questions.about_ledger(connection) if connection is not None else {}


def _ask_inbox(restored: Path) -> dict[str, Any]:
    with _of_file(restored, BackupPart.INBOX) as connection:
        return questions.rows_of(connection, "inbox") if connection is not None else {}


def _ask_grafana(restored: Path) -> dict[str, Any]:
    with _of_file(restored, BackupPart.GRAFANA) as connection:
        return questions.rows_of(connection, "grafana") if connection is not None else {}


@contextmanager
def _of_file(restored: Path, part: BackupPart) -> Iterator[Any]:
    file = restored / FILES[part]
    if not file.exists():
        yield None
        return
    with read_only(file) as connection:
        yield connection


def _ask_prometheus(restored: Path, place: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    if manifest["moment"] is None:
        return {}
    reach = timedelta(days=max(int(manifest["retention_days"]) - 1, 1))
    with scratch_prometheus(restored / FILES[BackupPart.PROMETHEUS], place) as prometheus:

        async def ask() -> dict[str, Any]:
            async with prometheus:
                return await questions.about_metrics(prometheus, float(manifest["moment"]), reach)

        return asyncio.run(ask())


def _ask_alertmanager(restored: Path, place: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    if BackupPart.SILENCES not in manifest["parts"]:
        return {}
    data = place / "alertmanager"
    data.mkdir(mode=0o700)
    (data / "silences").write_bytes(silences_file(silences_in(restored), forget=False))
    with scratch_alertmanager(data, place) as alertmanager:

        async def ask() -> dict[str, Any]:
            async with alertmanager:
                return questions.about_silences(await alertmanager.all_silences())

        return asyncio.run(ask())


def _asked(
    config: Config, restored: Path, place: Path, manifest: Mapping[str, Any]
) -> Mapping[str, Callable[[], dict[str, Any]]]:
    return {
        "ledger": lambda: _ask_ledger(restored, config),
        "inbox": lambda: _ask_inbox(restored),
        "grafana": lambda: _ask_grafana(restored),
        "silences": lambda: _ask_alertmanager(restored, place, manifest),
        "metrics": lambda: _ask_prometheus(restored, place, manifest),
    }


def _note(config: Config, verification: Verification) -> None:
    state = known.read(config)
    state.verification_seconds = verification.seconds
    state.doubted = [one.question for one in verification.differences]
    if verification.is_proven:
        state.proven = max(state.proven, verification.snapshot.time.timestamp())
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
