"""The trading tick finds the orders that ended lately without reading all that ever ended."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """SQLite did not use the index on the time alone: it looked up the status first, and read all of that status."""
    op.drop_index("ix_orders_updated_wall", "orders")
    op.create_index("ix_orders_status_updated_wall", "orders", ["status", "updated_wall"])
