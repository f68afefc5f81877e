"""Keys, account, orders, fills, breaker, equity, and the paper broker's books.

There is no downgrade: going back is restoring the backup that was made before the upgrade.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from investiq.foundation.store.types import ExactDecimal, RowId, UtcDateTime

revision = "0001"
down_revision = None

APPEND_ONLY = ("order_events", "fills", "breaker_events", "equity_points", "paper_executions")


def upgrade() -> None:
    """Make the tables, and the triggers that keep history from being rewritten."""
    _create_tables()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgres()


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _guard_postgres() -> None:
    op.execute(
        "CREATE FUNCTION investiq_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION investiq_append_only()"
        )


def _create_tables() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("broker", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("initial_cash", ExactDecimal(4), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("opened_wall", UtcDateTime(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("opening_equity", ExactDecimal(4), nullable=False),
        sa.Column("last_equity", ExactDecimal(4), nullable=False),
        sa.Column("high_water_mark", ExactDecimal(4), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_account_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("hash", sa.String(length=128), nullable=False),
        sa.Column("scopes", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
    )
    op.create_table(
        "breaker_events",
        sa.Column("id", RowId, nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("wall", UtcDateTime(), nullable=False),
        sa.Column("equity", ExactDecimal(4), nullable=True),
        sa.Column("day_loss", ExactDecimal(6), nullable=False),
        sa.Column("drawdown", ExactDecimal(6), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breaker_events")),
    )
    op.create_table(
        "breaker_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("halted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("since_wall", UtcDateTime(), nullable=True),
        sa.Column("by", sa.String(length=100), nullable=True),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("loss_baseline", ExactDecimal(4), nullable=True),
        sa.Column("peak", ExactDecimal(4), nullable=True),
        sa.Column("day_loss", ExactDecimal(6), nullable=False),
        sa.Column("drawdown", ExactDecimal(6), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_breaker_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breaker_state")),
    )
    op.create_table(
        "equity_points",
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("wall", UtcDateTime(), nullable=False),
        sa.Column("equity", ExactDecimal(4), nullable=False),
        sa.Column("drawdown", ExactDecimal(6), nullable=False),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_equity_points")),
    )
    op.create_table(
        "orders",
        sa.Column("number", RowId, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("client_order_id", sa.String(length=48), nullable=False),
        sa.Column("broker_order_id", sa.String(length=64), nullable=True),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=32), nullable=False),
        sa.Column("order_type", sa.String(length=32), nullable=False),
        sa.Column("quantity", ExactDecimal(4), nullable=True),
        sa.Column("notional", ExactDecimal(4), nullable=True),
        sa.Column("limit_price", ExactDecimal(4), nullable=True),
        sa.Column("reserve_price", ExactDecimal(4), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("filled_quantity", ExactDecimal(4), nullable=False),
        sa.Column("filled_notional", ExactDecimal(4), nullable=False),
        sa.Column("commission", ExactDecimal(4), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_wall", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_wall", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_orders")),
        sa.UniqueConstraint("client_order_id", name=op.f("uq_orders_client_order_id")),
        sa.UniqueConstraint("id", name=op.f("uq_orders_id")),
    )
    op.create_index(op.f("ix_orders_status"), "orders", ["status"])
    op.create_index(op.f("ix_orders_symbol"), "orders", ["symbol"])
    op.create_index("ix_orders_updated_wall", "orders", ["updated_wall"])
    op.create_table(
        "paper_orders",
        sa.Column("client_order_id", sa.String(length=48), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=32), nullable=False),
        sa.Column("order_type", sa.String(length=32), nullable=False),
        sa.Column("quantity", ExactDecimal(4), nullable=False),
        sa.Column("limit_price", ExactDecimal(4), nullable=True),
        sa.Column("accepted_at", UtcDateTime(), nullable=False),
        sa.Column("accepted_sequence", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("client_order_id", name=op.f("pk_paper_orders")),
    )
    op.create_index(op.f("ix_paper_orders_status"), "paper_orders", ["status"])
    op.create_table(
        "fills",
        sa.Column("id", RowId, nullable=False),
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("execution_id", sa.String(length=64), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=32), nullable=False),
        sa.Column("quantity", ExactDecimal(4), nullable=False),
        sa.Column("price", ExactDecimal(4), nullable=False),
        sa.Column("commission", ExactDecimal(4), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("wall", UtcDateTime(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_fills_quantity_positive")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_fills_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fills")),
        sa.UniqueConstraint("order_id", "execution_id", name="uq_fills_execution"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("wall", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_idempotency_keys_order_id_orders")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "order_events",
        sa.Column("id", RowId, nullable=False),
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("by", sa.String(length=100), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("wall", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_events_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_events")),
    )
    op.create_index(op.f("ix_order_events_order_id"), "order_events", ["order_id"])
    op.create_table(
        "paper_executions",
        sa.Column("id", RowId, nullable=False),
        sa.Column("execution_id", sa.String(length=64), nullable=False),
        sa.Column("client_order_id", sa.String(length=48), nullable=False),
        sa.Column("quantity", ExactDecimal(4), nullable=False),
        sa.Column("price", ExactDecimal(4), nullable=False),
        sa.Column("notional", ExactDecimal(4), nullable=False),
        sa.Column("commission", ExactDecimal(4), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_order_id"],
            ["paper_orders.client_order_id"],
            name=op.f("fk_paper_executions_client_order_id_paper_orders"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_executions")),
        sa.UniqueConstraint("execution_id", name=op.f("uq_paper_executions_execution_id")),
    )
    op.create_index(op.f("ix_paper_executions_client_order_id"), "paper_executions", ["client_order_id"])
