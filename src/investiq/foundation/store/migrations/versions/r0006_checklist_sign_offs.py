"""Who has signed for a point of the production checklist, and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from investiq.foundation.store.types import RowId, UtcDateTime

revision = "0006"
down_revision = "0005"

TABLE = "checklist_sign_offs"


def upgrade() -> None:
    """Make the table, and the triggers that keep a signature from being changed afterwards."""
    op.create_table(
        TABLE,
        sa.Column("id", RowId, nullable=False),
        sa.Column("point", sa.String(40), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("signed_as", sa.String(100), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("wall", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{TABLE}"),
    )
    op.create_index(f"ix_{TABLE}_point", TABLE, ["point"])
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {TABLE}_no_{change.lower()} BEFORE {change} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
            )
    else:
        op.execute(
            f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION investiq_append_only()"
        )
