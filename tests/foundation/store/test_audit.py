"""The audit log: rows are added and never changed, and what was tampered with is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from investiq.foundation.store import migrate, open_engine, reading, writing
from investiq.foundation.store.audit import (
    Actor,
    AuditEntry,
    ChainReport,
    Witness,
    append,
    last_times,
    newest,
    page,
    verify,
)
from investiq.foundation.vocabulary import AuditAction, AuditResult

ALICE = Actor("alice", "192.0.2.7", "admin")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{file}")
    migrate(engine)
    yield engine
    engine.dispose()


def _fill(engine: Engine, rows: int = 5) -> None:
    for number in range(rows):
        with writing(engine) as connection:
            append(connection, AuditEntry(AuditAction.KEY_CREATED, ALICE, f"key-{number}", "a key"))


def _verify(engine: Engine, expected: str | None = None) -> ChainReport:
    with reading(engine) as connection:
        return verify(connection, expected)


def _tamper(file: Path, *statements: str) -> None:
    """As somebody who owns the file can: without the triggers."""
    with sqlite3.connect(file) as connection:
        for change in ("update", "delete"):
            connection.execute(f"DROP TRIGGER audit_log_no_{change}")
        for statement in statements:
            assert connection.execute(statement).rowcount


def test_rows_come_back_as_they_were_kept_newest_first(engine: Engine) -> None:
    _fill(engine, 2)
    denied = AuditEntry(AuditAction.ACCESS_DENIED, Actor("bob", "x"), "POST /api", "no", AuditResult.DENIED)
    now = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)
    with writing(engine) as connection:
        kept = append(connection, denied, now)
    with reading(engine) as connection:
        found = page(connection, limit=10)
    assert found[0] == kept
    assert (kept.id, kept.wall, kept.actor, kept.result) == (3, now, "bob", "denied")
    assert [one.target for one in found] == ["POST /api", "key-1", "key-0"]


def test_pages_and_filters(engine: Engine) -> None:
    _fill(engine)
    with writing(engine) as connection:
        append(connection, AuditEntry(AuditAction.TRADING_HALTED, Actor("100%_sure", "here")))
    with reading(engine) as connection:
        assert [one.id for one in page(connection, limit=2, before=4)] == [3, 2]
        assert [one.id for one in page(connection, limit=9, action=AuditAction.TRADING_HALTED)] == [6]
        assert [one.id for one in page(connection, limit=9, actor="%_")] == [6]
        assert page(connection, limit=9, actor="nobody") == []
        assert set(last_times(connection, AuditAction.KEY_CREATED)) == {f"key-{number}" for number in range(5)}


def test_a_row_goes_with_the_change_that_is_undone(engine: Engine) -> None:
    def change() -> None:
        with writing(engine) as connection:
            append(connection, AuditEntry(AuditAction.KEY_CREATED, ALICE))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()
    assert _verify(engine).rows == 0


@pytest.mark.parametrize("change", ["UPDATE audit_log SET actor = 'eve'", "DELETE FROM audit_log"])
def test_nobody_changes_or_removes_a_row(engine: Engine, change: str) -> None:
    _fill(engine, 1)
    with pytest.raises(IntegrityError, match="append-only"), writing(engine) as connection:
        connection.execute(text(change))


def test_a_whole_log_is_whole(engine: Engine) -> None:
    _fill(engine)
    report = _verify(engine)
    assert (report.rows, report.faults) == (5, ())
    assert _verify(engine, report.head).faults == ()


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("UPDATE audit_log SET actor = 'eve' WHERE id = 3", 3),
        ("UPDATE audit_log SET detail = 'a kex' WHERE id = 1", 1),
        ("UPDATE audit_log SET wall = '2001-01-01 00:00:00.000000' WHERE id = 5", 5),
        ("UPDATE audit_log SET result = 'denied' WHERE id = 2", 2),
        ("UPDATE audit_log SET id = 9 WHERE id = 5", 9),
        ("DELETE FROM audit_log WHERE id = 3", 4),
        ("DELETE FROM audit_log WHERE id = 1", 2),
        ("UPDATE audit_log SET hash = (SELECT hash FROM audit_log WHERE id = 1) WHERE id = 3", 3),
    ],
)
def test_what_was_altered_or_taken_out_is_found(engine: Engine, file: Path, statement: str, row: int) -> None:
    _fill(engine)
    _tamper(file, statement)
    assert any(f"row {row} " in fault for fault in _verify(engine).faults)


def test_rows_missing_at_the_end_are_found_by_a_hash_that_was_kept_elsewhere(engine: Engine, file: Path) -> None:
    _fill(engine)
    head = _verify(engine).head
    _tamper(file, "DELETE FROM audit_log WHERE id = 5")
    assert _verify(engine).faults == (), "the chain alone cannot tell"
    assert "missing at the end" in _verify(engine, head).faults[0]


def test_text_of_others_is_kept_on_one_line_and_cut(engine: Engine) -> None:
    with writing(engine) as connection:
        record = append(
            connection, AuditEntry(AuditAction.TRADING_HALTED, Actor("a" * 300, "b\x1b[2J"), "t\udcff", "1\n2" * 999)
        )
    assert len(record.actor) == 100
    assert "\x1b" not in record.origin
    assert record.detail.startswith("1 2")
    assert len(record.detail) == 1_000
    assert _verify(engine).faults == ()


# ---- on each kind of database ----


@pytest.fixture
def migrated_engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    migrate(engine)
    yield engine
    engine.dispose()


def test_the_database_itself_refuses_to_change_or_remove_a_row(migrated_engine: Engine) -> None:
    _fill(migrated_engine, 3)
    for statement in ("UPDATE audit_log SET actor = 'bob'", "DELETE FROM audit_log"):
        with pytest.raises(DBAPIError), writing(migrated_engine) as connection:
            connection.execute(text(statement))
    assert (_verify(migrated_engine).rows, _verify(migrated_engine).faults) == (3, ())


def test_rows_that_many_write_at_once_follow_from_each_other(migrated_engine: Engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(_fill, migrated_engine, 10) for _ in range(4)]:
            done.result(30)
    assert (_verify(migrated_engine).rows, _verify(migrated_engine).faults) == (40, ())


def test_a_row_that_was_remembered_must_be_there_as_it_was(migrated_engine: Engine) -> None:
    _fill(migrated_engine, 3)
    with reading(migrated_engine) as connection:
        head = newest(connection)
        assert head is not None
        assert verify(connection, witness=head).faults == ()
        cut_off = verify(connection, witness=Witness(4, head.hash)).faults
        anew = verify(connection, witness=Witness(3, "f" * 64)).faults
    assert "cut off at its end" in cut_off[0]
    assert "written anew" in anew[0]
