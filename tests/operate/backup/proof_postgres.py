"""A part of `make proof-backup`: the replacement of a database, killed at each of its lines, and ledgers of another
kind."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from investiq.cli.exit_codes import ExitCode
from investiq.operate.backup import database_swap, postgres, swap
from tests.operate.backup.databases import asked, databases, filled, orders, put_back, replace, shown
from tests.operate.backup.installation import Installation
from tests.operate.backup.lines import killed_at_line

pytestmark = pytest.mark.e2e


def test_a_ledger_that_cannot_be_used_here_is_refused(url: URL, tmp_path: Path) -> None:
    installation = Installation(tmp_path, {"DATABASE_URL": shown(url)})
    installation.fill()
    with postgres.session(url) as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert installation.investiq("backup", "--verify").code == ExitCode.DONE
    before = asked(url)
    newer = installation.investiq("restore", "latest", "--replace")
    assert (newer.code, "'9999'" in newer.err) == (ExitCode.FAILED, True), newer.err
    assert (asked(url), databases(url)) == (before, {url.database})

    of_sqlite = Installation(installation.folder)
    other_kind = of_sqlite.investiq("restore", "latest", "--replace")
    assert (other_kind.code, "database_url" in other_kind.err) == (ExitCode.FAILED, True)
    verified = of_sqlite.investiq("restore", "--verify")
    assert (verified.code, "database_url" in verified.out) == (ExitCode.FINDINGS, True)


def test_killed_at_any_line_database_and_files_are_old_or_new_together(url: URL, tmp_path: Path) -> None:
    modules, seen, number = {swap.__file__, database_swap.__file__}, set(), 0
    filled(url)
    while True:
        folder = tmp_path / str(number)
        ended = killed_at_line(number, partial(replace, url, folder), modules)
        swap.recover(folder / "journal", url)
        is_new = orders(url) == 1
        assert ((folder / "file").read_text() == "new") == is_new, f"killed at line {number}"
        assert {orders(url.set(database=name)) for name in databases(url) - {url.database}} == (
            {3} if is_new else set()
        )
        seen.add(is_new)
        if is_new:
            put_back(url)
        if ended:
            break
        number += 1
    assert seen == {True, False}
