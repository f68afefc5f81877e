"""A ledger in PostgreSQL: backed up, proven in a scratch database, and replaced as a whole or not at all.

`make proof-backup` kills it at every line (proof_postgres.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.engine import URL

from investiq.cli.exit_codes import ExitCode
from investiq.foundation.store import hold_ledger, open_engine
from investiq.operate.backup import postgres, swap
from investiq.operate.backup.database_swap import DatabaseSwap
from investiq.operate.backup.errors import BackupFailed
from tests.foundation.store.postgres import Postgres
from tests.operate.backup.databases import (
    PASSWORD,
    ROLE,
    administrator,
    asked,
    databases,
    dumped,
    filled,
    orders,
    replace,
    shown,
)
from tests.operate.backup.installation import Installation, place_orders
from tests.operate.backup.lines import killed_at_line

pytestmark = pytest.mark.e2e


@pytest.fixture
def installation(url: URL, tmp_path: Path) -> Installation:
    """One whose ledger is in PostgreSQL."""
    made = Installation(tmp_path, {"DATABASE_URL": shown(url)})
    made.fill()
    return made


# ---- the whole way ----


def test_a_backup_is_proven_and_a_restore_replaces_the_database_and_keeps_it(
    installation: Installation, url: URL
) -> None:
    done = installation.investiq("backup", "--verify", "--json")
    assert (done.code, done.json["verification"]["differences"]) == (ExitCode.DONE, []), done.err
    assert databases(url) == {url.database}, "the scratch database is gone"
    before = asked(url)

    place_orders(shown(url), 5, first=20)
    with postgres.session(url) as connection, connection.begin():
        connection.execute(text("CREATE TABLE of_a_later_version (id int)"))
    later = asked(url)
    refused = installation.investiq("restore", "latest")
    assert (refused.code, str(url.database) in refused.err) == (ExitCode.REFUSED, True)
    with desk(url):
        in_use = installation.investiq("restore", "latest", "--replace")
    assert (in_use.code, f"pid {os.getpid()}" in in_use.err) == (ExitCode.REFUSED, True), in_use.err
    assert asked(url) == later

    done = installation.investiq("restore", "latest", "--replace", "--json")
    assert done.code == ExitCode.DONE, done.err
    assert asked(url) == before, "nothing of the later schema is left"
    (aside,) = databases(url) - {url.database}
    assert asked(url.set(database=aside)) == later
    assert aside in "".join(done.json["kept"].values())
    assert PASSWORD not in refused.err + in_use.err + done.out + done.err

    for name in databases(url):  # as after the loss of the server
        postgres.drop(url, name)
    done = installation.investiq("restore", "latest", "--replace")
    assert done.code == ExitCode.DONE, done.err
    assert (asked(url), databases(url)) == (before, {url.database})


@contextmanager
def desk(url: URL) -> Iterator[None]:
    """An API that runs without the supervisor."""
    engine = open_engine(shown(url))
    lock = hold_ledger(engine)
    yield
    lock.release()
    engine.dispose()


# ---- what keeps it from being replaced ----


def test_somebody_who_is_connected_keeps_all_of_it_as_it_was(url: URL, tmp_path: Path) -> None:
    filled(url)
    with postgres.session(url) as connection:
        connection.execute(text("SET application_name = 'a report'"))
        with pytest.raises(BackupFailed, match="a report"):
            replace(url, tmp_path)
    assert (orders(url), databases(url)) == (3, {url.database})
    assert not (tmp_path / "journal").exists()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ('ALTER DATABASE "{database}" OWNER TO investiq', 'OWNER TO "ledger role"'),
        ('ALTER ROLE "ledger role" NOCREATEDB', 'ALTER ROLE "ledger role" CREATEDB'),
    ],
)
def test_a_role_that_may_not_is_told_what_to_say(
    server: Postgres, url: URL, tmp_path: Path, statement: str, said: str
) -> None:
    filled(url)
    with administrator(server.database()) as connection:
        connection.execute(text(statement.format(database=url.database)))
        try:
            with pytest.raises(BackupFailed, match=said):
                replace(url, tmp_path)
        finally:
            connection.execute(text(f'ALTER ROLE "{ROLE}" CREATEDB'))
    assert orders(url) == 3


# ---- killed ----


def test_a_journal_waits_for_the_ledger_that_it_is_about(
    url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(url)
    monkeypatch.setattr(DatabaseSwap, "commit", lambda _: os._exit(9))
    assert not killed_at_line(100_000, partial(replace, url, tmp_path), {swap.__file__})
    assert (tmp_path / "file").read_text() == "new"
    for wrong in (None, url.set(database="another"), url.set(query={"host": str(tmp_path)})):
        with pytest.raises(BackupFailed):
            swap.recover(tmp_path / "journal", wrong)
    assert swap.recover(tmp_path / "journal", url)
    assert (orders(url), (tmp_path / "file").read_text()) == (3, "old")


def test_what_a_killed_verification_has_left_is_removed_by_the_next(url: URL, tmp_path: Path) -> None:
    filled(url)
    dump = dumped(url, tmp_path)
    with postgres.scratch_database(url, dump, 60, tmp_path) as connection:
        postgres.create(url, str(connection.engine.url.database) + "x")  # of another data_dir
        left = connection.engine.url.database
    postgres.create(url, str(left))
    with postgres.scratch_database(url, dump, 60, tmp_path) as connection:
        assert connection.scalar(text("SELECT count(*) FROM orders")) == 3
    assert databases(url) == {url.database, f"{left}x"}


def test_the_programs_connect_where_the_url_says(tmp_path: Path) -> None:
    url = make_url(
        "postgresql://me:secret@db.example.org:6543/books?sslmode=verify-full&application_name=x&keepalives=1"
    )
    assert postgres.environment(url) == {
        "PGHOST": "db.example.org",
        "PGPORT": "6543",
        "PGUSER": "me",
        "PGPASSWORD": "secret",
        "PGDATABASE": "books",
        "PGSSLMODE": "verify-full",
        "PGAPPNAME": "x",
    }
