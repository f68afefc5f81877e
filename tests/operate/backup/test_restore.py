"""What a restore looks at before it replaces anything. The whole way is in proof_tampered.py."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from investiq.foundation.config import Config
from investiq.foundation.errors import InvestIQError
from investiq.operate.backup import restore
from investiq.operate.backup.contents import FORMAT, Contents, Manifest
from investiq.operate.backup.questions import about_ledger
from investiq.operate.backup.sets import read_only
from tests.operate.backup.installation import place_orders
from tests.operate.backup.proof_tampered import fill_of_more, newer_schema


@pytest.mark.parametrize(("tamper", "said"), [(fill_of_more, "cash from the fills"), (newer_schema, "'9999'")])
def test_a_ledger_that_is_not_what_it_was_is_refused(tmp_path: Path, tamper: Callable[[Path], None], said: str) -> None:
    place_orders(f"sqlite:///{tmp_path / 'ledger.db'}", 5)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger:
        ledger.execute("PRAGMA journal_mode = DELETE")
    with read_only(tmp_path / "ledger.db") as connection:
        answers = about_ledger(connection)
    manifest = Manifest(
        format=FORMAT, version="1", made_at="x", moment=None, retention_days=30, parts={"ledger": 1}, missing={}
    )
    contents, config = Contents(tmp_path, manifest, answers), Config(data_dir=tmp_path / "data")
    restore._check_ledger(config, contents)
    tamper(tmp_path)
    with pytest.raises(InvestIQError, match=said):
        restore._check_ledger(config, contents)
