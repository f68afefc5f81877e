"""Run by Alembic: takes the connection, and with it the open transaction, of `investiq.foundation.store.migrate`."""

from alembic import context

from investiq.foundation.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
