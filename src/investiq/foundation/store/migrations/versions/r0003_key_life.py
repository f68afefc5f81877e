"""When an API key ends, and when it was last used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from investiq.foundation.store.types import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add both; keys that were made before never end."""
    op.add_column("api_keys", sa.Column("expires_at", UtcDateTime()))
    op.add_column("api_keys", sa.Column("last_used_at", UtcDateTime()))
