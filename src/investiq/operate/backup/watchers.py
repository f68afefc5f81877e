"""Copies of what Prometheus and Alertmanager keep: by their APIs, also where they do not run.

Where the stack is down, a scratch program is started over a copy of the store, and asked as the living one would be.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from investiq.clients.alertmanager.client import AlertmanagerReader
from investiq.clients.alertmanager.silence import Silence
from investiq.clients.prometheus import Prometheus
from investiq.clients.session import ClientError, HttpSettings, Unreachable
from investiq.foundation.config import Config, Paths
from investiq.foundation.files import replace_whole
from investiq.operate.backup import questions
from investiq.operate.backup.errors import BackupFailed
from investiq.operate.backup.scratch import ANSWER_SECONDS, scratch_alertmanager, scratch_prometheus
from investiq.operate.backup.swap import remove
from investiq.operate.backup.workspace import STORES, scratch
from investiq.operate.supervise.control import is_locked

__all__ = ["copy_metrics", "read_silences", "remove_left_snapshots"]

_SETTLED_SECONDS = 60.0
"""The moment of the questions lies so long before the copy: every scrape of then has ended."""
_SNAPSHOT_SECONDS = 600.0
_JOURNAL = "prometheus-snapshot.json"
_SNAPSHOT_NAME = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f]+")
_BLOCK_NAME = re.compile("[0-9A-HJKMNP-TV-Z]{26}")

Taken = tuple[float, str, dict[str, Any]]
"""The moment that was asked about, the name of the snapshot, and the answers."""


def copy_metrics(config: Config, workspace: Path, target: Path) -> tuple[float | None, dict[str, Any]]:
    """Move a snapshot of Prometheus to `target`; the moment that was asked about, and the answers.

    Raises:
        ClientError, BackupFailed: there is none.
    """
    store = Paths.of(config).prometheus
    try:
        with _noted_snapshot(workspace, store / "snapshots"):
            moment, name, answers = asyncio.run(_take_living(config))
            _move_snapshot(store, name, target)
    except Unreachable:
        if is_locked(Paths.of(config).run):
            raise
        return _copy_at_rest(config, workspace, target)
    return moment, answers


async def _take_living(config: Config) -> Taken:
    async with Prometheus.of(config, HttpSettings(timeout_seconds=_SNAPSHOT_SECONDS)) as prometheus:
        return await _take(prometheus, float(int(await prometheus.now() - _SETTLED_SECONDS)), config)


async def _take(prometheus: Prometheus, moment: float, config: Config) -> Taken:
    """Why there are no answers, in their place, where it cannot be asked.

    Metrics without answers are better than none, and no restore will prove them.
    """
    name = await prometheus.snapshot()
    reach = timedelta(days=max(config.monitoring.retention_days - 1, 1))
    try:
        return moment, name, await questions.about_metrics(prometheus, moment, reach)
    except ClientError as error:
        return moment, name, {"metrics": f"they could not be asked: {error.message}"}


def _copy_at_rest(config: Config, workspace: Path, target: Path) -> tuple[float | None, dict[str, Any]]:
    store = Paths.of(config).prometheus
    if not store.is_dir() or not any(store.iterdir()):
        return None, {}
    with scratch(workspace, STORES) as place:
        _link_store(store, place / "prometheus")
        with scratch_prometheus(place / "prometheus", place, snapshots=True) as prometheus:

            async def take() -> Taken:
                async with prometheus:
                    newest = await prometheus.newest_sample()
                    return await _take(prometheus, float(int(min(newest, time.time()))), config)

            moment, name, answers = asyncio.run(take())
        _move_snapshot(place / "prometheus", name, target)
    return moment, answers


def _link_store(store: Path, copy: Path) -> None:
    """Blocks never change once they are written: a link is a copy. The rest is appended to, and is copied."""
    copy.mkdir(mode=0o700)
    for one in store.iterdir():
        if one.name == "snapshots" or one.is_symlink():
            continue
        if one.is_dir():
            shutil.copytree(
                one, copy / one.name, copy_function=_link if _BLOCK_NAME.fullmatch(one.name) else shutil.copy2
            )


def _link(file: str, copy: str) -> None:
    try:
        os.link(file, copy)
    except OSError:  # the store is on another disk than data_dir
        shutil.copy2(file, copy)


def _move_snapshot(store: Path, name: str, target: Path) -> None:
    made = store / "snapshots" / name
    if not _SNAPSHOT_NAME.fullmatch(name) or not made.is_dir():
        raise BackupFailed(f"Prometheus says that its snapshot is {name!r}, which is not in {made.parent}")
    try:
        made.rename(target)
    except OSError:  # the store is on another disk than data_dir
        shutil.move(made, target)


@contextmanager
def _noted_snapshot(workspace: Path, snapshots: Path) -> Iterator[None]:
    """Note what is there before, so that a killed backup's snapshot is told from those of others."""
    there = sorted(one.name for one in snapshots.iterdir()) if snapshots.is_dir() else []
    replace_whole(workspace / _JOURNAL, json.dumps({"began": datetime.now(UTC).isoformat(), "there": there}))
    try:
        yield
    finally:
        remove_left_snapshots(workspace, snapshots)


def remove_left_snapshots(workspace: Path, snapshots: Path) -> None:
    """Remove what a snapshot has left in the store: made while ours was asked for, and not there before."""
    journal = workspace / _JOURNAL
    if not journal.exists():
        return
    noted = json.loads(journal.read_text("utf-8"))
    began = datetime.fromisoformat(noted["began"]).replace(microsecond=0)
    for one in snapshots.iterdir() if snapshots.is_dir() else ():
        stamp = _SNAPSHOT_NAME.match(one.name)
        made = datetime.strptime(stamp[1], "%Y%m%dT%H%M%S%z") if stamp else None
        if one.name not in noted["there"] and made and began <= made <= began + timedelta(seconds=_SNAPSHOT_SECONDS):
            remove(one)
    journal.unlink()


def read_silences(config: Config, workspace: Path) -> list[Silence]:
    """Those that have not ended.

    Raises:
        ClientError, BackupFailed: they cannot be read.
    """
    try:
        return asyncio.run(_open_silences(AlertmanagerReader.of(config, HttpSettings(ANSWER_SECONDS))))
    except Unreachable:
        if is_locked(Paths.of(config).run):
            raise
    store = Paths.of(config).alertmanager
    with scratch(workspace, STORES) as place:
        (place / "alertmanager").mkdir(mode=0o700)
        if (store / "silences").is_file():
            shutil.copy2(store / "silences", place / "alertmanager" / "silences")
        with scratch_alertmanager(place / "alertmanager", place) as alertmanager:
            return asyncio.run(_open_silences(alertmanager))


async def _open_silences(alertmanager: AlertmanagerReader) -> list[Silence]:
    async with alertmanager:
        return await alertmanager.open_silences()
