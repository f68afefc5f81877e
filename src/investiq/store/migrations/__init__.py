"""Alembic's folder: env.py and the revisions. `investiq.store.migrate` runs them."""
