"""Alembic's folder: env.py and the revisions. `investiq.foundation.store.migrate` runs them."""
