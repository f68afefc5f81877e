"""Watches the audit log: that its rows follow from each other, and that the row is still there that was the newest."""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine

from investiq.foundation.store import reading
from investiq.foundation.store.audit import ChainWalk, Witness, missing_witness, newest
from investiq.foundation.store.audit_witness import UnreadableWitness, keep_witness, read_witness
from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.metrics import Metrics

__all__ = ["AuditWatch"]

_log = structlog.get_logger(__name__)

_ROWS = 500
"""Looked at each time, some 15 ms of work: a log of a hundred thousand rows is gone through in half an hour."""


class AuditWatch:
    """Goes through the log again and again, some rows at a time, and remembers the newest row outside of the database.

    What it once found stays found until a walk from the first row to the last has found nothing.

    Args:
        witness: the file that remembers the newest row.
    """

    def __init__(self, store: Engine, witness: Path, metrics: Metrics) -> None:
        self._store = store
        self._file = witness
        self._faults = metrics.gauge(catalogue.AUDIT_FAULTS)
        self._walk = ChainWalk()
        self._before: tuple[str, ...] = ()
        self._told: frozenset[str] = frozenset()
        self._kept: Witness | None = None

    def check(self) -> None:
        """Look at the next rows, and at the newest.

        Raises:
            DatabaseUnavailable: the ledger does not answer.
            OSError: the newest row cannot be remembered.
        """
        with reading(self._store) as connection:
            is_over = not self._walk.go_on(connection, _ROWS)
            found = [*self._walk.faults, *self._cut_off(connection)]
            head = newest(connection)
        self._tell(found)
        if is_over:
            self._before, self._walk = tuple(found), ChainWalk()
        self._faults.set(len(dict.fromkeys((*self._before, *found))))
        if head is not None and head != self._kept and not found and not self._before:
            self._keep(head)

    def _cut_off(self, connection: Connection) -> list[str]:
        try:
            return [*missing_witness(connection, read_witness(self._file))]
        except UnreadableWitness as error:
            return [error.message]

    def _tell(self, found: list[str]) -> None:
        for fault in found:
            if fault not in self._told:
                _log.error("audit_log_broken", fault=fault)
        self._told = frozenset(found)

    def _keep(self, head: Witness) -> None:
        keep_witness(self._file, head)
        self._kept = head
        # Where logs go to another machine, whoever reads them there can show the hash to `investiq audit --verify`.
        _log.info("audit_head", row=head.id, hash=head.hash)
