"""Run by Alembic: takes the connection, and with it the open transaction, of `investiq.store.migrate`."""

from alembic import context

from investiq.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
