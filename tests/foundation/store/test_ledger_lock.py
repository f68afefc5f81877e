"""One desk for each ledger, on both databases; with real processes, and real sessions that are ended."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from investiq.foundation.store import (
    DatabaseUnavailable,
    DeskLockLost,
    LedgerInUse,
    LedgerLock,
    hold_ledger,
    open_engine,
    reading,
    writing,
)

HOLDER = """
import sys
from investiq.foundation.store import hold_ledger, open_engine
lock = hold_ledger(open_engine(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_desk(url: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as desk:
        assert desk.stdout is not None
        assert desk.stdout.readline() == b"held\n"
        yield desk
        desk.kill()


def test_a_second_desk_is_refused_with_the_process_that_has_the_ledger_until_that_one_dies(
    url: str, engine: Engine
) -> None:
    with another_desk(url) as desk:
        with pytest.raises(LedgerInUse, match=f"in use by the process pid {desk.pid} on {socket.gethostname()}: "):
            hold_ledger(engine)
        os.kill(desk.pid, signal.SIGKILL)
        desk.wait()
        taken_when_free(engine).release()


def taken_when_free(engine: Engine) -> LedgerLock:
    """The server takes a moment to see that a session has gone."""
    while True:
        try:
            return hold_ledger(engine)
        except LedgerInUse:
            continue


def test_a_lock_that_is_released_is_free(url: str, engine: Engine) -> None:
    lock = hold_ledger(engine)
    lock.check()
    other = open_engine(url)
    with pytest.raises(LedgerInUse, match=f"pid {os.getpid()} on"):
        hold_ledger(other)
    lock.release()
    hold_ledger(other).release()
    other.dispose()


def test_a_link_to_the_ledger_is_the_same_ledger(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/ledger.db")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "other.db").symlink_to(tmp_path / "ledger.db")
    lock = hold_ledger(engine)
    with pytest.raises(LedgerInUse):
        hold_ledger(open_engine(f"sqlite:///{tmp_path}/elsewhere/other.db"))
    lock.release()
    assert stat.S_IMODE((tmp_path / "ledger.db.lock").stat().st_mode) == 0o600


def test_other_programs_write_beside_a_desk(url: str, engine: Engine) -> None:
    """`investiq keys` does."""
    lock = hold_ledger(engine)
    other = open_engine(url)
    with writing(other) as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    lock.release()
    other.dispose()


# ---- a session that is lost while the desk lives ----


@pytest.fixture
def postgres_url(postgres: object) -> str:
    return str(postgres.database())  # type: ignore[attr-defined]


def end_session_of_lock(engine: Engine) -> None:
    ending = text("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'")
    with reading(engine) as connection:
        connection.execute(ending)


@pytest.mark.e2e
def test_a_desk_that_lost_its_session_writes_nothing_until_it_has_the_lock_again(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    lock = hold_ledger(engine)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    end_session_of_lock(engine)
    with pytest.raises(DeskLockLost), writing(engine) as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))
    lock.check()
    with writing(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM t")) == 0
    lock.release()
    engine.dispose()


@pytest.mark.e2e
def test_a_desk_whose_ledger_another_one_took_meanwhile_never_writes_again(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    lock = hold_ledger(engine)
    end_session_of_lock(engine)
    with another_desk(postgres_url) as desk:
        with pytest.raises(LedgerInUse, match=f"pid {desk.pid} on"):
            lock.check()
        with pytest.raises(DatabaseUnavailable), writing(engine):
            pass
    engine.dispose()
