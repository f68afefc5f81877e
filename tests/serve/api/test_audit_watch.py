"""The API watches the audit log: what somebody wrote into its database behind our back is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import Engine

from investiq.foundation.store import migrate, open_engine, writing
from investiq.foundation.store.audit import Actor, AuditEntry, append
from investiq.foundation.store.audit_witness import read_witness
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.vocabulary import AuditAction, Part
from investiq.serve.api import audit_watch
from investiq.serve.api.audit_watch import AuditWatch

ALICE = Actor("alice", "192.0.2.7", "admin")


@dataclass
class Log:
    """An audit log in SQLite, and who watches it."""

    engine: Engine
    file: Path
    witness: Path
    metrics: Metrics

    def new_watch(self) -> AuditWatch:
        return AuditWatch(self.engine, self.witness, self.metrics)

    def fill(self, rows: int) -> None:
        with writing(self.engine) as connection:
            for _ in range(rows):
                append(connection, AuditEntry(AuditAction.TRADING_HALTED, ALICE, "trading"))

    def tamper(self, statement: str) -> None:
        with sqlite3.connect(self.file) as connection:
            for change in ("update", "delete"):
                connection.execute(f"DROP TRIGGER IF EXISTS audit_log_no_{change}")
            assert connection.execute(statement).rowcount

    @property
    def faults(self) -> float:
        value = self.metrics.registry.get_sample_value(catalogue.AUDIT_FAULTS.name)
        assert value is not None
        return value


@pytest.fixture
def log_of(tmp_path: Path) -> Iterator[Callable[[int], Log]]:
    engine = open_engine(f"sqlite:///{tmp_path}/ledger.db")
    migrate(engine)
    made = Log(engine, tmp_path / "ledger.db", tmp_path / "audit-head.json", Metrics(Part.API))

    def make(rows: int) -> Log:
        made.fill(rows)
        return made

    yield make
    engine.dispose()


def test_a_whole_log_has_no_faults_and_its_newest_row_is_remembered_and_logged(
    log_of: Callable[[int], Log], log: StringIO
) -> None:
    audit = log_of(3)
    watch = audit.new_watch()
    watch.check()
    remembered = read_witness(audit.witness)
    assert remembered is not None
    assert (audit.faults, remembered.id) == (0, 3)
    assert remembered.hash in log.getvalue()
    assert audit.witness.stat().st_mode & 0o077 == 0
    audit.fill(2)
    watch.check()
    assert read_witness(audit.witness).id == 5  # type: ignore[union-attr]


def test_rows_that_are_cut_off_at_the_end_are_found_though_the_rest_follows(log_of: Callable[[int], Log]) -> None:
    audit = log_of(5)
    audit.new_watch().check()
    audit.tamper("DELETE FROM audit_log WHERE id > 3")
    again = audit.new_watch()
    again.check()
    assert audit.faults == 1
    audit.fill(4)  # who adds rows afterwards hides nothing
    for _ in range(3):
        again.check()
    assert audit.faults == 1
    assert read_witness(audit.witness).id == 5, "the row that is missing is remembered still"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'bob' WHERE id = 2", "DELETE FROM audit_log WHERE id = 2"]
)
def test_an_old_row_that_is_altered_or_taken_out_is_found_while_the_api_runs(
    log_of: Callable[[int], Log], statement: str
) -> None:
    audit = log_of(5)
    watch = audit.new_watch()
    watch.check()
    audit.tamper(statement)
    for _ in range(3):
        watch.check()
    assert audit.faults >= 1


def test_a_long_log_is_read_in_pieces_and_a_fault_stays_until_all_is_read_again(
    log_of: Callable[[int], Log], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_watch, "_ROWS", 2)
    audit = log_of(5)
    watch = audit.new_watch()
    audit.tamper("UPDATE audit_log SET actor = 'bob' WHERE id = 3")
    watch.check()
    assert audit.faults == 0
    watch.check()
    assert audit.faults == 1
    audit.tamper("UPDATE audit_log SET actor = 'alice' WHERE id = 3")
    seen = []
    for _ in range(8):
        watch.check()
        seen.append(audit.faults)
    assert seen[0] == 1
    assert seen[-1] == 0


def test_a_file_that_says_nothing_is_a_fault_and_not_overwritten(log_of: Callable[[int], Log]) -> None:
    audit = log_of(1)
    audit.witness.write_text("{}")
    audit.new_watch().check()
    assert audit.faults == 1
    assert audit.witness.read_text() == "{}"
