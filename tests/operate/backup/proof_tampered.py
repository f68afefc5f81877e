"""Snapshots that somebody has made who has the repository's password: the question that differs is named, and no
restore puts them in place."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from investiq.cli.exit_codes import ExitCode
from tests.operate.backup import faults
from tests.operate.backup.installation import Installation, fingerprint

pytestmark = pytest.mark.e2e

Tamper = Callable[[Path], None]


def fill_of_more(snapshot: Path) -> None:
    with closing(sqlite3.connect(snapshot / "ledger.db")) as ledger, ledger:
        for trigger in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            ledger.execute(f'DROP TRIGGER "{trigger[0]}"')
        ledger.execute("UPDATE fills SET price = price * 2 WHERE execution_id = 'execution-3'")


def newer_schema(snapshot: Path) -> None:
    with closing(sqlite3.connect(snapshot / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE alembic_version SET version_num = '9999'")


def silence_without_end(snapshot: Path) -> None:
    document = json.loads((snapshot / "silences.json").read_text())
    document[0]["endsAt"] = "2099-01-01T00:00:00Z"
    (snapshot / "silences.json").write_text(json.dumps(document))


def ledger_elsewhere(snapshot: Path) -> None:
    (snapshot / "ledger.db").unlink()
    (snapshot / "ledger.db").symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    ("tamper", "verify_names", "restore_says"),
    [
        (fill_of_more, "ledger: cash from the fills", "cash from the fills"),
        (newer_schema, None, "'9999'"),
        (silence_without_end, "silences", None),
        (ledger_elsewhere, "ledger.db of the snapshot", "ledger.db of the snapshot"),
    ],
)
def test_a_snapshot_that_was_tampered_with(
    installation: Installation, tmp_path: Path, tamper: Tamper, verify_names: str | None, restore_says: str | None
) -> None:
    snapshot = tmp_path / "snapshot"
    restic(installation, "restore", "latest", "--target", str(snapshot))
    tamper(snapshot)
    restic(installation, "backup", ".", "--tag", "investiq", folder=snapshot)
    before = fingerprint(installation.data)
    if verify_names is not None:
        verified = installation.investiq("restore", "--verify")
        assert (verified.code, verify_names in verified.out) == (ExitCode.FINDINGS, True), verified.out + verified.err
    if restore_says is not None:
        done = installation.investiq("restore", "latest", "--replace")
        assert (done.code, restore_says in done.err) == (ExitCode.FAILED, True), done.err
        assert faults.is_whole(installation, before)
        faults.nothing_is_left(installation)


def restic(installation: Installation, *arguments: str, folder: Path | None = None) -> Any:
    place = {
        "RESTIC_REPOSITORY": str(installation.repository),
        "RESTIC_PASSWORD_FILE": str(installation.data / "keys" / "backup.password"),
    }
    return subprocess.run(
        ["/usr/bin/env", "restic", *arguments],
        env=os.environ | place,
        cwd=folder or installation.folder,
        check=True,
        capture_output=True,
    )
