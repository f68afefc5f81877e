"""What somebody who has the repository's password puts into a snapshot: nothing of it leads out, or is waited for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from investiq.operate.backup.contents import ANSWERS, FORMAT, MANIFEST, Manifest, open_contents
from investiq.operate.backup.errors import BackupFailed


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    made = Manifest(
        format=FORMAT, version="1", made_at="x", moment=1.0, retention_days=30, parts={"models": 1}, missing={}
    )
    (tmp_path / MANIFEST).write_text(made.model_dump_json())
    (tmp_path / ANSWERS).write_text("{}")
    (tmp_path / "models" / "artifacts" / "one").mkdir(parents=True)
    (tmp_path / "models" / "current").symlink_to("artifacts/one")
    return tmp_path


def test_a_backup_of_ours_is_taken(snapshot: Path) -> None:
    assert open_contents(snapshot).manifest.retention_days == 30


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("ledger.db", "/etc/passwd"),
        ("models/other", "/etc"),
        ("models/other", "artifacts/../../.."),
        ("prometheus", "models"),
        (ANSWERS, "manifest.json"),
    ],
)
def test_a_link_that_leads_anywhere_is_refused(snapshot: Path, name: str, target: str) -> None:
    (snapshot / name).unlink(missing_ok=True)
    (snapshot / name).symlink_to(target)
    with pytest.raises(BackupFailed, match=name):
        open_contents(snapshot)


def test_a_pipe_is_refused_rather_than_read(snapshot: Path) -> None:
    os.mkfifo(snapshot / "silences.json")
    with pytest.raises(BackupFailed, match=r"silences\.json"):
        open_contents(snapshot)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (MANIFEST, "[]", "no table"),
        (MANIFEST, "{", "cannot be read"),
        (MANIFEST, "[" * 100_000, "cannot be read"),
        (MANIFEST, '{"format": 2}', "use the version"),
        (MANIFEST, '{"format": 1}', "cannot be used"),
        (ANSWERS, "\x00", "cannot be read"),
        (ANSWERS, '"x"', "no table"),
    ],
)
def test_a_document_that_is_none_is_refused(snapshot: Path, file: str, text: str, said: str) -> None:
    (snapshot / file).write_text(text)
    with pytest.raises(BackupFailed, match=said):
        open_contents(snapshot)


@pytest.mark.parametrize(
    ("key", "value"), [("moment", "now"), ("parts", []), ("missing", None), ("retention_days", {})]
)
def test_a_manifest_with_something_else_in_a_field_is_refused(snapshot: Path, key: str, value: Any) -> None:
    document = json.loads((snapshot / MANIFEST).read_text()) | {key: value}
    (snapshot / MANIFEST).write_text(json.dumps(document))
    with pytest.raises(BackupFailed, match=key):
        open_contents(snapshot)
