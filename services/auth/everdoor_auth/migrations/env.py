"""Alembic's entry: runs the revisions on the connection that `run_revisions` hands over."""

from __future__ import annotations

from alembic import context

from everdoor_auth.migrations import VERSION_TABLE
from everdoor_auth.models import AuthTable

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=AuthTable.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
# The transaction is the caller's.
context.run_migrations()
