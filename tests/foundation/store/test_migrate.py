from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from setuptools import find_namespace_packages  # type: ignore[import-untyped]
from sqlalchemy import Engine, delete, insert, text, update
from sqlalchemy.exc import IntegrityError

from investiq.foundation.store import LedgerTooNew, migrate, reading, writing
from investiq.foundation.store.migrate import NEWEST_REVISION
from investiq.foundation.store.migrations import versions
from investiq.foundation.store.schema import APPEND_ONLY, equity_points, metadata


def _revision(engine: Engine) -> str | None:
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def test_migrations_make_exactly_the_tables_that_the_code_uses(engine: Engine) -> None:
    migrate(engine)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    assert _revision(engine) is None
    migrate(engine)
    first = _revision(engine)
    migrate(engine)
    assert _revision(engine) == first is not None


def test_the_newest_revision_is_the_last_of_the_migrations(engine: Engine) -> None:
    """A ledger that is at it is left alone, without looking through the migrations."""
    migrate(engine)
    assert _revision(engine) == NEWEST_REVISION
    newest = max(path.name for path in Path(versions.__path__[0]).glob("r*.py"))
    assert newest.startswith(f"r{NEWEST_REVISION}_")


def test_processes_that_migrate_at_the_same_time_do_not_collide(engine: Engine) -> None:
    failures: list[Exception] = []

    def run() -> None:
        try:
            migrate(engine)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert _revision(engine) is not None


def test_a_ledger_of_a_later_version_is_refused_and_left_alone(engine: Engine) -> None:
    migrate(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerTooNew, match=r"9999.*newer version"):
        migrate(engine)
    assert _revision(engine) == "9999"


def test_history_can_be_neither_changed_nor_deleted(engine: Engine) -> None:
    migrate(engine)
    at = datetime(2008, 1, 2, tzinfo=UTC)
    with writing(engine) as connection:
        connection.execute(insert(equity_points).values(at=at, wall=at, equity=Decimal(1), drawdown=Decimal(0)))
    for statement in (update(equity_points).values(equity=Decimal(2)), delete(equity_points)):
        with pytest.raises(IntegrityError, match="append-only"), writing(engine) as connection:
            connection.execute(statement)


def test_every_table_of_history_is_guarded(engine: Engine) -> None:
    migrate(engine)
    catalogue = {
        "sqlite": "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT DISTINCT event_object_table FROM information_schema.triggers",
    }
    with reading(engine) as connection:
        guarded = set(connection.scalars(text(catalogue[engine.dialect.name])))
    assert guarded == set(APPEND_ONLY)


def test_foreign_keys_hold(engine: Engine) -> None:
    migrate(engine)
    orphan = "INSERT INTO idempotency_keys (key, fingerprint, order_id, wall) VALUES ('k', 'f', 'nobody', :wall)"
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(text(orphan), {"wall": "2008-01-02 00:00:00"})


def test_an_installed_package_has_its_migrations() -> None:
    packages = find_namespace_packages(where=str(Path(__file__).parents[3] / "src"))
    assert {"investiq.foundation.store.migrations", "investiq.foundation.store.migrations.versions"} <= set(packages)
