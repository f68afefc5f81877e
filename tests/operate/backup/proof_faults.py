"""The second half of `make proof-backup`: each fault many times, BACKUP_PROOF_TRIES of them, and what came of them.

A flipped byte is looked for as a verification does it, without a process of its own for each: three hundred would take
an hour. Each thirtieth goes the whole way, by the command line.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from investiq.cli.exit_codes import ExitCode
from investiq.foundation.config import Config
from investiq.foundation.config.schema import BackupConfig
from investiq.operate.backup.errors import BackupFailed
from investiq.operate.backup.restic import Restic
from investiq.operate.backup.workspace import workspace
from tests.operate.backup import faults
from tests.operate.backup.installation import Installation, fingerprint

pytestmark = pytest.mark.e2e

TRIES = int(os.environ.get("BACKUP_PROOF_TRIES", "100"))
SEED = os.environ.get("BACKUP_PROOF_SEED", "1")
"""Of all that is left to chance: another one is another portion of the tries."""
LEAST, MOST = 40_000, 1_500_000
"""Bytes that are left on a small disk."""


def test_every_flipped_byte_is_found(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    chance, found = random.Random(f"flip {SEED}"), Counter[str]()  # noqa: S311  no secret
    config = Config(data_dir=installation.data, backup=BackupConfig(repository=str(installation.repository)))
    restic = Restic(config, 600)
    for number in range(3 * TRIES):
        with faults.damaged(installation, faults.flip, chance) as what:
            found[what.rpartition(" ")[2].split("/")[0]] += 1
            if number % 30 == 0:
                faults.must_be_found(installation.investiq("restore", "--verify"), what)
            elif not list(restic.damaged_files()):
                with pytest.raises(BackupFailed):
                    restic.check(read_data=False)
    assert installation.investiq("restore", "--verify").code == ExitCode.DONE
    tell(capsys, f"{3 * TRIES} flipped bytes, every one found: {dict(found)}")


@pytest.mark.parametrize("damage", faults.DAMAGES)
def test_every_kind_of_damage_is_found(
    installation: Installation, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(f"{damage} {SEED}")  # noqa: S311  no secret
    found = []
    for _ in range(max(2, TRIES // 20)):
        with faults.damaged(installation, faults.DAMAGES[damage], chance) as what:
            faults.must_be_found(installation.investiq("restore", "--verify"), what)
        found.append(what)
    assert installation.investiq("restore", "--verify").code == ExitCode.DONE
    tell(capsys, f"found: {'; '.join(found)}")


@pytest.mark.parametrize("whom", ["investiq", "restic"])
def test_a_backup_that_is_killed_loses_nothing(
    installation: Installation, whom: str, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, before, killed = random.Random(f"{whom} {SEED}"), fingerprint(installation.data), 0  # noqa: S311
    for _ in range(TRIES):
        killed += faults.killed_backup(installation, chance.uniform(0.3, 9.0), whom)
    done = installation.investiq("backup", "--verify", seconds=600)
    assert done.code == ExitCode.DONE, done.err
    faults.nothing_is_left(installation)
    assert faults.is_whole(installation, before)
    tell(capsys, f"{killed} SIGKILLs of {whom} in {TRIES} backups: data as before, the next one is proven")


def test_a_restore_that_is_killed_leaves_what_was_there(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, killed, done = random.Random(f"restore {SEED}"), 0, 0  # noqa: S311
    for number in range(TRIES):
        (installation.data / "replay.json").write_text(f'{{"try": {number}}}')
        before = fingerprint(installation.data)
        if not faults.killed_restore(installation, chance.uniform(0.3, 4.0)):
            done += 1
        else:
            killed += 1
            settle(installation)
            faults.nothing_is_left(installation)
            # Where it was killed after its last step, all of it is new, and the old is beside it.
            old = faults.is_whole(installation, before)
            assert old or "try" not in (installation.data / "replay.json").read_text()
        for aside in installation.data.glob("*.before-*"):
            shutil.rmtree(aside) if aside.is_dir() else aside.unlink()
    tell(capsys, f"{killed} SIGKILLs of restores, {done} came to their end: all old or all new each time")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes file systems")
def test_a_disk_that_is_full_at_any_stage(
    backed_up: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, failed = random.Random(f"disk {SEED}"), Counter[str]()  # noqa: S311
    for number in range(max(4, TRIES // 5)):
        full = ("data", "repository")[number % 2]
        place = tmp_path / str(number)
        with faults.small_disk(place / full, "24m") as disk:
            for part in (backed_up.data, backed_up.repository):
                shutil.copytree(part, place / part.name, symlinks=True, dirs_exist_ok=True)
            installation, before = Installation(place), fingerprint(place / "data")
            ballast = faults.fill(disk, int(LEAST * (MOST / LEAST) ** chance.random()))
            command = chance.choice((("backup",), ("backup", "--verify"), ("restore", "latest", "--replace")))
            done = installation.investiq(*command)
            assert "Traceback" not in done.err, done.err
            failed[f"{command[0]} {'fails' if done.code else 'succeeds'}"] += 1
            ballast.unlink()
            settle(installation)
            assert faults.is_whole(installation, before) or command[0] == "restore"
            again = installation.investiq("backup", "--verify")
            assert again.code == ExitCode.DONE, again.err
    tell(capsys, f"full disks: {dict(failed)}; each next backup is proven")


def settle(installation: Installation) -> None:
    """What the next command of any kind does first."""
    with workspace(installation.config):
        pass


def tell(capsys: pytest.CaptureFixture[str], line: str) -> None:
    with capsys.disabled():
        print(f"\nseed {SEED}: {line}")  # noqa: T201  what this is for
