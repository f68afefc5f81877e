"""Several files and folders replaced by others, each in one step, and all of them or none.

A journal says what is under way, so that whoever comes after a killed process puts the old ones back. What is replaced
is kept beside its place. A database is the last of them: what its server has committed is done, and is not undone.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from investiq.foundation.files import replace_whole, sync_folder
from investiq.operate.backup.database_swap import DatabaseSwap

__all__ = ["recover", "remove", "swap_all"]

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NOT_HERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)
"""What a file system says that cannot exchange two names."""


class _Phase(StrEnum):
    PREPARING = "preparing"
    SWAPPING = "swapping"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class _Item:
    """One replacement.

    Attributes:
        target: what is replaced.
        new: beside it: what comes in its place, and afterwards what was there.
        aside: where what was there stays.
        inode: device and number of what comes; None where nothing does.
    """

    target: Path
    new: Path
    aside: Path
    inode: tuple[int, int] | None = None

    @property
    def moving(self) -> Path:
        """Where the old one is for a moment, where two names cannot be exchanged in one step."""
        return self.new.with_name(f"{self.new.name}.old")

    @property
    def is_in_place(self) -> bool:
        """Whether the new one is where it belongs."""
        if self.inode is None:
            return not os.path.lexists(self.target)
        return os.path.lexists(self.target) and _inode(self.target) == self.inode


def swap_all(
    journal: Path,
    pairs: Sequence[tuple[Path | None, Path]],
    stamp: str,
    database: DatabaseSwap | None = None,
    fill: Callable[[DatabaseSwap], None] = lambda _: None,
) -> dict[Path, Path]:
    """Put each first path in the place of its second; nothing in the place of those whose first is None.

    Args:
        database: replaced with them.
        fill: makes what comes in its place.

    Returns:
        Where the files and folders are now that were replaced.

    Raises:
        OSError, BackupFailed: it could not be done; everything is as it was.
    """
    items = [_item(target, stamp) for _, target in pairs]
    _write(journal, _Phase.PREPARING, items, database)
    try:
        if database is not None:
            fill(database)
        prepared = [_prepare(new, item) for (new, _), item in zip(pairs, items, strict=True)]
        _write(journal, _Phase.SWAPPING, prepared, database)
        for item in prepared:
            _exchange(item)
        if database is not None:
            database.commit()
        _write(journal, _Phase.DONE, prepared, database)
    except BaseException:
        recover(journal, database.url if database is not None else None)
        raise
    recover(journal, database.url if database is not None else None)
    return {item.target: item.aside for item in prepared if os.path.lexists(item.aside)}


def recover(journal: Path, url: URL | None = None) -> bool:
    """Finish what was done, or undo what was not; whether there was anything.

    Args:
        url: of the ledger, where that is in PostgreSQL.

    Raises:
        OSError, BackupFailed: it cannot be done now.
    """
    if not journal.exists():
        return False
    document = json.loads(journal.read_text("utf-8"))
    database = DatabaseSwap.noted(document["database"], url) if document.get("database") else None
    phase = _Phase(document["phase"])
    if phase is _Phase.SWAPPING and database is not None and database.is_committed():
        phase = _Phase.DONE
    for item in map(_read, document["items"]):
        _settle(phase, item)
    if database is not None and phase is not _Phase.DONE:
        database.discard()
    journal.unlink()
    sync_folder(journal.parent)
    return True


def _settle(phase: _Phase, item: _Item) -> None:
    if phase is _Phase.DONE:
        _keep_aside(item)
    elif phase is _Phase.SWAPPING:
        _undo(item)
    else:
        remove(item.new)
    if item.target.parent.is_dir():
        sync_folder(item.target.parent)


def _item(target: Path, stamp: str) -> _Item:
    beside = target.with_name
    return _Item(target, beside(f".{target.name}.restored"), beside(f"{target.name}.before-{stamp}"))


def _prepare(new: Path | None, item: _Item) -> _Item:
    """Bring what comes beside its place, and to the disk."""
    item.target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    remove(item.new)
    if new is None:
        return item
    try:
        new.rename(item.new)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(new, item.new)
    _sync(item.new)
    return _Item(item.target, item.new, item.aside, _inode(item.new))


def _copy(new: Path, beside: Path) -> None:
    if new.is_dir():
        shutil.copytree(new, beside, symlinks=True)
    else:
        shutil.copy2(new, beside, follow_symlinks=False)


def _exchange(item: _Item) -> None:
    if not os.path.lexists(item.target):
        if item.inode is not None:
            item.new.rename(item.target)
    elif item.inode is None:
        item.target.rename(item.new)
    elif not _exchanged_in_one_step(item.new, item.target):
        item.target.rename(item.moving)
        item.new.rename(item.target)
        item.moving.rename(item.new)
    sync_folder(item.target.parent)


def _exchanged_in_one_step(one: Path, other: Path) -> bool:
    """renameat2(2); False where the system or its file system has no such thing."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    if libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    if (number := ctypes.get_errno()) in _NOT_HERE:
        return False
    raise OSError(number, os.strerror(number), str(other))


def _undo(item: _Item) -> None:
    """The old one in its place again, and the new one gone."""
    if os.path.lexists(item.moving):
        remove(item.target)  # the new one, if any: the old one was moved out of its way
        item.moving.rename(item.target)
    elif item.inode is None:
        if not os.path.lexists(item.target) and os.path.lexists(item.new):
            item.new.rename(item.target)
    elif item.is_in_place:
        if os.path.lexists(item.new):
            _exchange(item)
        else:
            remove(item.target)
    remove(item.new)


def _keep_aside(item: _Item) -> None:
    if os.path.lexists(item.new):
        item.new.rename(item.aside)


def _inode(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


def _sync(path: Path) -> None:
    """Bring all that is below `path` to the disk."""
    if path.is_symlink():
        return
    if path.is_dir():
        for one in path.iterdir():
            _sync(one)
        sync_folder(path)
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(journal: Path, phase: _Phase, items: Sequence[_Item], database: DatabaseSwap | None) -> None:
    document = {
        "phase": phase.value,
        "items": [asdict(item) for item in items],
        "database": database.document if database is not None else None,
    }
    replace_whole(journal, json.dumps(document, default=str, indent=1))


def _read(document: Mapping[str, Any]) -> _Item:
    inode = document["inode"]
    target, new, aside = (Path(document[name]) for name in ("target", "new", "aside"))
    return _Item(target, new, aside, None if inode is None else (int(inode[0]), int(inode[1])))


def remove(path: Path) -> None:
    """Whatever is there; a link itself, not what it leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
