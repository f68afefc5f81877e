"""Requests that hold all the connections they may have hold up nobody but each other, and not for long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine, text

from investiq.foundation.store import (
    ConnectionsExhausted,
    open_engine,
    ping,
    reading,
    reserved_connection,
    tell_waits,
    writing,
)
from investiq.foundation.store.connections import REQUEST_CONNECTIONS


@pytest.fixture
def hurried(url: str) -> Iterator[Engine]:
    """A database whose connections nobody waits for long."""
    engine = open_engine(url, wait_seconds=0.05)
    yield engine
    engine.dispose()


def readers(engine: Engine, number: int) -> ExitStack:
    """So many requests that have read, and have not ended."""
    with ExitStack() as held:
        for _ in range(number):
            held.enter_context(reading(engine)).execute(text("SELECT 1"))
        return held.pop_all()


def test_one_request_too_many_gives_up_in_time_and_is_counted(hurried: Engine) -> None:
    waits: list[bool] = []
    tell_waits(hurried, waits.append)
    with readers(hurried, REQUEST_CONNECTIONS):
        with pytest.raises(ConnectionsExhausted, match="all connections to the database are in use"):
            ping(hurried)
        assert waits == [True]
    ping(hurried)
    assert waits == [True], "who does not have to wait is not counted"


def test_trading_reads_and_writes_while_requests_hold_all_that_they_may_have(hurried: Engine) -> None:
    with readers(hurried, REQUEST_CONNECTIONS), reserved_connection():
        with writing(hurried) as connection:
            connection.execute(text("CREATE TABLE t (x INTEGER)"))
        with reading(hurried) as connection:
            assert connection.scalar(text("SELECT count(*) FROM t")) == 0


def test_a_request_that_waits_gets_the_connection_that_is_given_back(url: str) -> None:
    engine, waits = open_engine(url, wait_seconds=20), list[bool]()
    tell_waits(engine, waits.append)
    held = readers(engine, REQUEST_CONNECTIONS)
    waiting = threading.Thread(target=ping, args=(engine,))
    waiting.start()
    held.close()
    waiting.join(20)
    assert not waiting.is_alive()
    assert waits in ([False], [])  # it may have come too late to wait
    engine.dispose()
