"""A ledger in PostgreSQL: backed up, proven in a scratch database, and replaced as a whole or not at all.

By a role that is no superuser: it owns its database, and may make others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.engine import URL

from investiq.cli.exit_codes import ExitCode
from investiq.foundation.store import hold_ledger, open_engine
from investiq.operate.backup import database_swap, postgres, swap
from investiq.operate.backup.database_swap import DatabaseSwap
from investiq.operate.backup.errors import BackupFailed
from investiq.operate.backup.questions import about_ledger
from tests.foundation.store.postgres import Postgres
from tests.operate.backup.installation import Installation, place_orders
from tests.operate.backup.lines import killed_at_line

pytestmark = pytest.mark.e2e

ROLE = "ledger role"
PASSWORD = "not-on-a-command-line"
STAMP = "20261127-120000"
STEP = 1 if "BACKUP_PROOF_TRIES" in os.environ else 7
"""Lines from one kill to the next; `make proof-backup` kills at each."""


@pytest.fixture(scope="session")
def server(postgres_server: Postgres) -> Postgres:
    with administrator(postgres_server.database()) as connection:
        connection.execute(text(f'CREATE ROLE "{ROLE}" LOGIN CREATEDB'))
    return postgres_server


@pytest.fixture
def url(server: Postgres) -> URL:
    """An empty database of the role's own."""
    made = server.database()
    with administrator(made) as connection:
        connection.execute(text(f'ALTER DATABASE "{make_url(made).database}" OWNER TO "{ROLE}"'))
    return make_url(made).set(drivername="postgresql+psycopg", username=ROLE, password=PASSWORD)


@pytest.fixture
def installation(url: URL, tmp_path: Path) -> Installation:
    """One whose ledger is in PostgreSQL."""
    made = Installation(tmp_path, {"DATABASE_URL": shown(url)})
    made.fill()
    return made


@contextmanager
def administrator(url: str) -> Iterator[Connection]:
    """The superuser in a database of the server."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def asked(url: URL) -> dict[str, Any]:
    with postgres.session(url) as connection:
        return about_ledger(connection)


def databases(url: URL) -> set[str]:
    """The ledger's database and those beside it."""
    with postgres.server(url) as connection:
        query = text("SELECT datname FROM pg_database WHERE starts_with(datname, :name)")
        return set(connection.execute(query, {"name": url.database}).scalars())


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


def test_a_ledger_that_cannot_be_used_here_is_refused(installation: Installation, url: URL) -> None:
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
        number += STEP
    assert seen == {True, False}


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


# ---- a database of one table ----


def filled(url: URL, rows: int = 3) -> None:
    with postgres.session(url) as connection, connection.begin():
        connection.execute(text("CREATE TABLE orders (id int)"))
        connection.execute(text("INSERT INTO orders SELECT generate_series(1, :rows)"), {"rows": rows})


def orders(url: URL) -> int:
    with postgres.session(url) as connection:
        return int(connection.scalar(text("SELECT count(*) FROM orders")) or 0)


def dumped(url: URL, folder: Path) -> Path:
    file = folder / "ledger.dump"
    with postgres.session(url) as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        postgres.dump(url, file, 60, str(connection.scalar(text("SELECT pg_export_snapshot()"))))
    return file


def replace(url: URL, folder: Path) -> None:
    """Replace a file, and the database by one with a single order."""
    folder.mkdir(exist_ok=True)
    (folder / "file").write_text("old")
    (folder / "new").write_text("new")

    def fill(database: DatabaseSwap) -> None:
        postgres.create(url, database.new)
        filled(url.set(database=database.new), 1)

    database = DatabaseSwap.planned(url, STAMP)
    swap.swap_all(folder / "journal", [(folder / "new", folder / "file")], STAMP, database, fill)


def put_back(url: URL) -> None:
    """What was replaced in its place again, for the next try."""
    (aside,) = databases(url) - {url.database}
    postgres.drop(url, str(url.database))
    with postgres.server(url) as connection:
        postgres.say(connection, f'ALTER DATABASE "{aside}" RENAME TO "{url.database}"')
