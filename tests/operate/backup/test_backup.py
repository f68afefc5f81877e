"""Backups and restores of an installation that does not run, with the real programs.

`make proof-backup` kills them, damages the repository in every way and fills the disk, many times.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
from pathlib import Path

import pytest

from investiq.cli.exit_codes import ExitCode
from tests.operate.backup import faults
from tests.operate.backup.installation import Installation, fingerprint

pytestmark = pytest.mark.e2e


def test_a_backup_is_proven_by_questions_about_every_part(backed_up: Installation) -> None:
    done = backed_up.investiq("restore", "--verify", "--json")
    assert (done.code, done.json["proven"], done.json["differences"]) == (ExitCode.DONE, True, [])
    listed = backed_up.investiq("backup", "list", "--json").json["backups"]
    assert [one["proven"] for one in listed] == [True]
    told = (backed_up.data / "textfile" / "backup.prom").read_text()
    assert 'investiq_backup_part_bytes{part="ledger"}' in told
    assert "investiq_restore_differences 0.0" in told


def test_nobody_else_reads_what_a_backup_leaves(backed_up: Installation) -> None:
    left = [backed_up.data / "backup", backed_up.data / "textfile", *backed_up.repository.rglob("*")]
    assert [path for path in left if path.lstat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)] == []


def test_the_password_is_in_no_output(installation: Installation) -> None:
    password = (installation.data / "keys" / "backup.password").read_text().strip()
    done = installation.investiq("backup", "--json")
    assert done.code == ExitCode.DONE
    assert password not in done.out + done.err


def test_a_part_that_answers_otherwise_is_named(installation: Installation) -> None:
    shutil.rmtree(installation.data / "prometheus")  # what it was backed up from does not matter to the snapshot
    (installation.data / "ledger.db").unlink()
    assert installation.investiq("restore", "--verify").code == ExitCode.DONE
    assert installation.investiq("backup").code == ExitCode.FAILED, "a backup without a ledger is not whole"
    done = installation.investiq("restore", "--verify", "--json")
    assert (done.code, "ledger" in done.json["missing"]) == (ExitCode.FINDINGS, True)


def test_a_restore_needs_to_be_told_to_replace_and_keeps_what_it_replaces(installation: Installation) -> None:
    (installation.data / "replay.json").write_text("{}")
    before = fingerprint(installation.data)
    refused = installation.investiq("restore", "latest")
    assert (refused.code, "--replace" in refused.err) == (ExitCode.REFUSED, True)
    assert faults.is_whole(installation, before)

    done = installation.investiq("restore", "latest", "--replace", "--json")
    assert done.code == ExitCode.DONE, done.err
    kept = {Path(target).name: Path(aside) for target, aside in done.json["kept"].items()}
    assert kept["replay.json"].read_text() == "{}"
    assert json.loads((installation.data / "replay.json").read_text())["position"] == 1.5
    assert (installation.data / "models" / "current").readlink() == Path("artifact")


def test_a_bare_data_folder_is_restored_with_the_key_of_the_owner(installation: Installation, tmp_path: Path) -> None:
    key = tmp_path / "owner.key"
    key.write_text(installation.investiq("backup", "key", "add").out)
    shutil.rmtree(installation.data)
    unknown = installation.investiq("restore", "latest")
    assert (unknown.code, "RESTIC_PASSWORD_FILE" in unknown.err) == (ExitCode.FAILED, True)
    done = installation.investiq("restore", "latest", "--password-file", str(key))
    assert done.code == ExitCode.DONE, done.err
    shutil.copy(key, installation.data / "owner.key")
    again = installation.investiq("restore", "--verify", "--password-file", str(key), "--json")
    assert again.json["proven"]
    # The silence, by a scratch Alertmanager over the restored file.
    settings = {**installation.environment, "RESTIC_PASSWORD_FILE": str(key)}
    backup = Installation(installation.folder, settings).investiq("backup", "--verify", "--json")
    assert (backup.code, backup.json["bytes"]["silences"] > 100) == (ExitCode.DONE, True), backup.err


def test_two_at_once_do_not_meet(installation: Installation) -> None:
    folder = installation.data / "backup"
    from investiq.foundation.config import Config
    from investiq.operate.backup.workspace import workspace

    with workspace(Config(data_dir=installation.data)):
        done = installation.investiq("backup")
        assert (done.code, f"process {os.getpid()}" in done.err) == (ExitCode.FAILED, True)
    assert folder.is_dir()


def test_the_lock_of_a_restic_that_was_killed_is_in_nobodys_way(installation: Installation) -> None:
    """One that forgets or tags has the repository for itself alone."""
    faults.killed_with_its_lock(installation, "tag", "--add", "x", "latest")
    assert installation.investiq("backup", "list").code == ExitCode.DONE
    done = installation.investiq("backup")
    assert done.code == ExitCode.DONE, done.err


def test_a_damaged_repository_is_found(installation: Installation) -> None:
    with faults.damaged(installation, faults.flip, random.Random(1)) as what:  # noqa: S311  no secret
        faults.must_be_found(installation.investiq("restore", "--verify"), what)
