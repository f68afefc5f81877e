from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from investiq.foundation.store import DatabaseUnavailable, UnusableDatabaseUrl, open_engine, ping, reading, writing


def test_sqlite_is_opened_so_that_a_commit_survives_a_power_cut(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new/folder/ledger.db")
    with reading(engine) as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_the_ledger_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    open_engine(f"sqlite:///{tmp_path}/ledger.db")
    assert stat.S_IMODE((tmp_path / "ledger.db").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "postgresql://u:s3cret@host:port/x",
        "mysql://u:s3cret@host/x",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_an_unusable_url_is_refused_with_an_example_and_without_its_password(url: str) -> None:
    with pytest.raises(UnusableDatabaseUrl) as caught:
        open_engine(url)
    assert "postgresql+psycopg://user:password@host" in caught.value.message
    assert "s3cret" not in caught.value.message


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        open_engine("postgres://fund:s3cret@127.0.0.1:1/ledger")
    message = caught.value.message
    assert "fund:***@127.0.0.1:1/ledger" in message
    assert "Connection refused" in message
    assert "DATABASE_URL" in message
    assert "s3cret" not in message
    # Nor in what a logged traceback would print.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_file_that_is_no_database_is_an_outage_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("this is a text file, and long enough to be read as a header of a hundred bytes or so, is it not?")
    with pytest.raises(DatabaseUnavailable, match="not a database"):
        open_engine(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_named() -> None:
    with pytest.raises(DatabaseUnavailable, match=r"/dev/null/x/ledger\.db"):
        open_engine("sqlite:////dev/null/x/ledger.db")


def test_a_write_is_undone_when_its_block_raises(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    insert = text("INSERT INTO t VALUES (1)")
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        assert connection.execute(insert).rowcount / 0
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar() == 0


def test_what_a_writer_read_is_still_true_when_it_writes(engine: Engine) -> None:
    """Read, add one, write, from four threads: with anything less than one writer at a time, increments are lost."""
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
        connection.execute(text("INSERT INTO t VALUES (0)"))

    def add_ten() -> None:
        for _ in range(10):
            with writing(engine) as connection:
                value = connection.execute(text("SELECT x FROM t")).scalar_one()
                connection.execute(text("UPDATE t SET x = :x"), {"x": value + 1})

    threads = [threading.Thread(target=add_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        assert connection.execute(text("SELECT x FROM t")).scalar() == 40


def test_a_reader_sees_one_state_while_a_writer_commits(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    with reading(engine) as reader:
        before = reader.execute(text("SELECT count(*) FROM t")).scalar()
        with writing(engine) as writer:
            writer.execute(text("INSERT INTO t VALUES (1)"))
        assert reader.execute(text("SELECT count(*) FROM t")).scalar() == before


def test_ping_answers(engine: Engine) -> None:
    ping(engine)
