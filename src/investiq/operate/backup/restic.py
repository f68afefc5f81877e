"""restic, called as a program: the repository, its snapshots, and what its errors mean.

Repository and passwords go through the environment: every user of the machine can read a command line.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from investiq.foundation.config import Config, Paths
from investiq.foundation.files import provide_token
from investiq.foundation.subprocesses import ProgramRun, follow
from investiq.operate.backup.errors import BackupFailed, NoRepository, UnknownSnapshot, WrongPassword

__all__ = ["PROVEN", "Restic", "Snapshot", "has_password", "is_beside", "location", "password_file"]

TAG = "investiq"
PROVEN = "proven"
"""The tag of a snapshot of which a restore has answered every question as it was answered then."""

_ENVIRONMENT_PASSWORDS = ("RESTIC_PASSWORD", "RESTIC_PASSWORD_FILE", "RESTIC_PASSWORD_COMMAND")
_CHUNK = 1 << 20
_HASHED = ("data", "index", "keys", "snapshots")
"""Folders of a repository whose files are called like the SHA-256 of what they hold."""
_IN_URL = re.compile(r"//[^/@\s]*:[^/@\s]*@")
_GET = "sudo apt-get install restic, or put the upstream release on PATH"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One backup in the repository.

    Attributes:
        id: restic's, which changes with each tag.
        name: what people call it by: the beginning of the id that it was made with.
        time: when it was made.
    """

    id: str
    name: str
    time: datetime
    proven: bool


def location(config: Config) -> str:
    """The repository, as restic takes it."""
    if config.backup.repository is not None:
        return config.backup.repository
    return os.environ.get("RESTIC_REPOSITORY") or f"{config.data_dir}-backup"


def password_file(config: Config) -> Path:
    """Where the repository's password is kept."""
    return Paths.of(config).backup_password


def has_password(config: Config) -> bool:
    """Whether there is one in its file, or in the environment."""
    return password_file(config).exists() or _is_in_environment()


def is_beside(config: Config) -> bool:
    """Whether the repository is on the disk of the data, which it would be lost with."""
    place = location(config)
    if not place.startswith("/"):
        return False
    there = next(path for path in (Path(place), *Path(place).parents) if path.exists())
    return there.stat().st_dev == config.data_dir.stat().st_dev


def _is_in_environment() -> bool:
    return any(os.environ.get(name) for name in _ENVIRONMENT_PASSWORDS)


class Restic:
    """The repository of an installation.

    Args:
        seconds: after which a call is ended as one that hangs.
        password: typed by a person; default: the file's, or the environment's.
    """

    def __init__(self, config: Config, seconds: float, password: str | None = None) -> None:
        self.location = location(config)
        self._config = config
        self._seconds = seconds
        self._password = password
        self._program = shutil.which("restic")
        if self._program is None:
            raise BackupFailed(f"restic is not installed, which makes the backups: {_GET}")

    @property
    def folder(self) -> Path | None:
        """The repository, where it is a folder of this machine."""
        return Path(self.location) if self.location.startswith("/") else None

    @property
    def shown(self) -> str:
        """The repository for people, without a password in its address."""
        return _IN_URL.sub("//***@", self.location)

    # ---- the repository itself ----

    def provide(self) -> str | None:
        """Make sure that the repository is there and opens; a new password where one was made for it."""
        try:
            self._call("cat", "config", "--no-lock")  # there may be a lock that a killed one has left
            return None
        except NoRepository:
            made = self._provide_password()
            self._call("init")
            return made

    def unlock(self) -> None:
        """Remove the locks of dead processes of this machine, and of others that are silent for half an hour."""
        self._call("unlock")

    def check(self, *, read_data: bool) -> None:
        """Look whether the repository is whole.

        Raises:
            BackupFailed: it is not; the message has what restic says.
        """
        self._call("check", *(["--read-data"] if read_data else []))

    def damaged_files(self) -> Iterator[str]:
        """Files of a repository in a folder that do not hold what their name says; nothing where it is elsewhere."""
        if self.folder is None:
            return
        for kind in _HASHED:
            for file in sorted((self.folder / kind).rglob("*")):
                if file.is_file() and re.fullmatch("[0-9a-f]{64}", file.name) and _digest(file) != file.name:
                    yield str(file.relative_to(self.folder))

    def add_key(self, password: str) -> None:
        """Let a further password open the repository."""
        file = self._scratch_password(password)
        try:
            self._call("key", "add", "--new-password-file", str(file))
        finally:
            file.unlink()

    def keys(self) -> list[str]:
        """The ids of the keys that open it."""
        return [str(key["id"]) for key in self._documents("key", "list", "--json")]

    # ---- snapshots ----

    def snapshots(self) -> list[Snapshot]:
        """Ours, the oldest first. One that was being tagged when its process was killed is there once."""
        found = sorted(
            map(_snapshot, self._documents("snapshots", "--no-lock", "--tag", TAG, "--json")),
            key=lambda one: one.proven,
        )
        return sorted({one.name: one for one in found}.values(), key=lambda one: one.time)

    def find(self, name: str) -> Snapshot:
        """The snapshot whose name or id begins so; `latest` is the newest.

        Raises:
            UnknownSnapshot: there is none, or more than one.
        """
        snapshots = self.snapshots()
        if name == "latest" and snapshots:
            return snapshots[-1]
        found = [one for one in snapshots if len(name) >= 4 and (one.id.startswith(name) or one.name == name[:8])]
        if len(found) != 1:
            known = ", ".join(one.name for one in snapshots[-3:]) or "none at all"
            what = "several snapshots begin" if found else "no snapshot begins"
            raise UnknownSnapshot(
                f"{what} with {name!r}; the newest are {known}: `investiq backup list` shows every one"
            )
        return found[0]

    def backup(self, folder: Path, progress: Callable[[float], None]) -> Snapshot:
        """Store what is in `folder`; `progress` gets the share that is done."""
        made = ""

        def read(line: str) -> None:
            nonlocal made
            document = _json_object(line)
            if document.get("message_type") == "status":
                progress(float(document.get("percent_done", 0)))
            made = str(document.get("snapshot_id", made))

        # The blocks of Prometheus are hard links: each new link changes the time of the file's inode, not the file.
        self._follow(("backup", ".", "--json", "--ignore-ctime", "--tag", TAG), read, folder)
        if not made:
            raise BackupFailed("restic ended without a snapshot: run `investiq backup` again")
        return self.find(made)

    def restore(self, snapshot: Snapshot, target: Path) -> None:
        """Write what a snapshot holds into `target`, and read it again."""
        self._call("restore", snapshot.id, "--target", str(target), "--verify")

    def mark_proven(self, snapshot: Snapshot) -> None:
        """Tag it."""
        if not snapshot.proven:
            self._call("tag", "--add", PROVEN, snapshot.id)

    def forget(self, snapshots: Sequence[Snapshot]) -> None:
        """Remove snapshots, and what only they held."""
        if snapshots:
            self._call("forget", "--prune", *(one.id for one in snapshots))

    # ---- the program ----

    def _call(self, *arguments: str) -> None:
        self._follow(arguments, lambda _: None)

    def _lines(self, *arguments: str) -> list[str]:
        lines: list[str] = []
        self._follow(arguments, lines.append)
        return lines

    def _documents(self, *arguments: str) -> list[Any]:
        try:
            return list(json.loads("".join(self._lines(*arguments)) or "[]") or [])
        except ValueError as error:
            raise BackupFailed(f"restic {arguments[0]} did not answer with JSON: {error}") from error

    def _follow(self, arguments: Sequence[str], on_line: Callable[[str], None], folder: Path | None = None) -> None:
        assert self._program is not None  # noqa: S101  refused in __init__
        try:
            run = follow([self._program, *arguments], self._seconds, self._environment(), on_line, folder=folder)
        except OSError as error:
            raise BackupFailed(f"restic cannot be started: {error}") from error
        if not run.succeeded:
            raise self._failure(arguments[0], run)

    def _environment(self) -> Mapping[str, str]:
        cache = Paths.of(self._config).backup / "cache"
        known = {"RESTIC_REPOSITORY": self.location, "RESTIC_CACHE_DIR": str(cache), "RESTIC_PROGRESS_FPS": "1"}
        if self._password is not None:
            return known | dict.fromkeys(_ENVIRONMENT_PASSWORDS, "") | {"RESTIC_PASSWORD": self._password}
        file = password_file(self._config)
        if file.exists():
            return known | dict.fromkeys(_ENVIRONMENT_PASSWORDS, "") | {"RESTIC_PASSWORD_FILE": str(file)}
        if not _is_in_environment():
            return known | {"RESTIC_PASSWORD": "none yet"}  # restic would ask a terminal
        return known

    def _provide_password(self) -> str | None:
        file = password_file(self._config)
        if self._password is not None or file.exists() or _is_in_environment():
            return None
        return provide_token(file)

    def _scratch_password(self, password: str) -> Path:
        file = Paths.of(self._config).backup / "new-key"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(password)
        return file

    def _failure(self, what: str, run: ProgramRun) -> BackupFailed:
        said = _IN_URL.sub("//***@", run.output)
        if run.timed_out:
            return BackupFailed(
                f"restic {what} had not ended after {self._seconds / 3600:.1f} h and was ended: is {self.shown} "
                "reachable? backup.max_hours sets how long it may take"
            )
        if "Is there a repository at the following location" in said or run.exit_code == 10:
            return NoRepository(
                f"there is no repository in {self.shown}: is its disk mounted? `investiq backup` makes a new one"
            )
        if "wrong password or no key found" in said or run.exit_code == 12:
            return WrongPassword(
                f"the password does not open {self.shown}: put the right one into {password_file(self._config)}, or "
                "name its file in RESTIC_PASSWORD_FILE"
            )
        if "no space left on device" in said:
            return BackupFailed(
                f"a disk is full: {_first_fault(said)}. Free space for the repository {self.shown} or for "
                f"{Paths.of(self._config).backup}, then run the command again: no earlier backup is lost"
            )
        if "already locked" in said:
            return BackupFailed(f"{self.shown} is in use by another restic: {_first_fault(said)}. Try again later")
        ended = f"was ended by signal {-run.exit_code}" if run.exit_code < 0 else f"failed ({run.exit_code})"
        return BackupFailed(f"restic {what} {ended}: {_first_fault(said) or 'it said nothing'}")


def _snapshot(document: Mapping[str, Any]) -> Snapshot:
    name = str(document.get("original") or document["id"])[:8]
    when = datetime.fromisoformat(str(document["time"]))
    return Snapshot(str(document["id"]), name, when, PROVEN in (document.get("tags") or ()))


def _json_object(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _first_fault(said: str) -> str:
    """The line that says most: restic ends with `Fatal:`, and repeats itself before."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("Fatal:", "error", "Load("))]
    return (fatal or lines or [""])[0][:300]


def _digest(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
