"""Faults that are done to an installation and its repository, and what has to be true after each."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from investiq.cli.exit_codes import ExitCode
from investiq.foundation.config import Config, Paths
from tests.operate.backup.installation import Done, Installation, fingerprint

__all__ = ["DAMAGES", "damaged", "killed_backup", "killed_restore", "must_be_found", "small_disk"]

Damage = Callable[[Installation, random.Random], str]


# ---- the repository's files ----


def files(installation: Installation) -> list[Path]:
    """Each file whose loss or change means something: not the locks."""
    found = [file for file in installation.repository.rglob("*") if file.is_file()]
    return sorted(file for file in found if "locks" not in file.parts)


def flip(installation: Installation, chance: random.Random) -> str:
    """One bit of one byte anywhere in the repository, each byte as likely as any other."""
    every = files(installation)
    file = chance.choices(every, weights=[file.stat().st_size for file in every])[0]
    text, at = bytearray(file.read_bytes()), chance.randrange(file.stat().st_size)
    text[at] ^= 1 << chance.randrange(8)
    rewrite(file, bytes(text))
    return f"byte {at} of {file.relative_to(installation.repository)}"


def delete(installation: Installation, chance: random.Random) -> str:
    file = chance.choice(files(installation))
    file.unlink()
    return f"deleted {file.relative_to(installation.repository)}"


def delete_pack(installation: Installation, chance: random.Random) -> str:
    """Data that a snapshot needs, rather than a key or an index."""
    file = chance.choice(
        [file for file in files(installation) if "data" in file.relative_to(installation.repository).parts]
    )
    file.unlink()
    return f"deleted {file.relative_to(installation.repository)}"


def truncate(installation: Installation, chance: random.Random) -> str:
    file = chance.choice(files(installation))
    rewrite(file, file.read_bytes()[: chance.randrange(file.stat().st_size)])
    return f"truncated {file.relative_to(installation.repository)}"


def swap_two(installation: Installation, chance: random.Random) -> str:
    one, other = chance.sample(files(installation), 2)
    texts = one.read_bytes(), other.read_bytes()
    rewrite(other, texts[0])
    rewrite(one, texts[1])
    return f"swapped {one.name[:8]} and {other.name[:8]} in {one.parent.name} and {other.parent.name}"


DAMAGES: dict[str, Damage] = {
    "flip": flip,
    "delete": delete,
    "delete pack": delete_pack,
    "truncate": truncate,
    "swap": swap_two,
}


def rewrite(file: Path, text: bytes) -> None:
    if file.exists():
        file.chmod(0o600)
    file.write_bytes(text)


@contextmanager
def damaged(installation: Installation, damage: Damage, chance: random.Random) -> Iterator[str]:
    """What was done, undone afterwards."""
    before = {file: file.read_bytes() for file in files(installation)}
    try:
        yield damage(installation, chance)
    finally:
        for file, text in before.items():
            if not file.exists() or file.read_bytes() != text:
                file.parent.mkdir(parents=True, exist_ok=True)
                rewrite(file, text)
        for file in set(files(installation)) - set(before):
            file.unlink()


def must_be_found(done: Done, what: str) -> None:
    """A verification says so: it names what differs, or ends with an error."""
    assert done.code in (ExitCode.FINDINGS, ExitCode.FAILED), f"{what} was not found: {done.out}{done.err}"
    assert "Traceback" not in done.err, done.err


# ---- SIGKILL ----


def killed_backup(installation: Installation, after: float, whom: str) -> bool:
    """Whether a backup, or its restic, was killed so many seconds after its start, rather than having ended before."""
    with running(installation, "backup", "--verify") as process:
        if ended_within(process, after):
            return False
        victims = [process.pid] if whom == "investiq" else restics(process.pid)
        for victim in victims:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        process.wait()
    return bool(victims)


def killed_restore(installation: Installation, after: float) -> bool:
    """Whether a restore was killed so many seconds after its start."""
    with running(installation, "restore", "latest", "--replace") as process:
        if ended_within(process, after):
            return False
        process.kill()
        process.wait()
    return True


@contextmanager
def running(installation: Installation, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(
        installation.command(*arguments),
        env=installation.environment,
        cwd=installation.folder,
        stdout=nowhere,
        stderr=nowhere,
    ) as process:
        yield process


def killed_with_its_lock(installation: Installation, *arguments: str) -> None:
    """A restic that is killed once it has locked the repository."""
    place = {
        "RESTIC_REPOSITORY": str(installation.repository),
        "RESTIC_PASSWORD_FILE": str(installation.data / "keys" / "backup.password"),
    }
    locks = installation.repository / "locks"
    with subprocess.Popen(["/usr/bin/env", "restic", *arguments], env=os.environ | place) as process:
        while not (made := [lock for lock in locks.iterdir() if len(lock.name) == 64]):  # others are drafts
            assert process.poll() is None
            time.sleep(0.002)
        process.kill()
    assert made[0].exists()


def ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def restics(parent: int) -> list[int]:
    try:
        children = psutil.Process(parent).children(recursive=True)
        return [child.pid for child in children if child.name() == "restic"]
    except psutil.Error:
        return []


def nothing_is_left(installation: Installation) -> None:
    """Of what a killed process was at."""
    paths = Paths.of(Config(data_dir=installation.data))
    assert {one.name for one in paths.backup.iterdir()} <= {"cache", "lock", "state.json"}
    snapshots = paths.prometheus / "snapshots"
    assert not snapshots.exists() or not list(snapshots.iterdir())
    assert not [one for one in installation.data.iterdir() if one.name.startswith(".")]


def is_whole(installation: Installation, before: dict[str, str]) -> bool:
    """Whether the data is as it was."""
    return fingerprint(installation.data) == before


# ---- a full disk ----


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of so many bytes; only root can make one."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, leave: int) -> Path:
    """Fill the file system of `folder` but for so many bytes."""
    ballast, free = folder / "ballast", os.statvfs(folder)
    with ballast.open("wb") as file:
        file.write(b"\0" * max(0, free.f_bavail * free.f_frsize - leave))
    return ballast
