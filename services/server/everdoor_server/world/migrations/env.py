"""Alembic's entry: runs the revisions on the connection that `run_revisions` hands over."""

from __future__ import annotations

from alembic import context

from everdoor_server.world.migrations import VERSION_TABLE
from everdoor_server.world.models import WorldTable

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=WorldTable.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
# The transaction is the caller's.
context.run_migrations()
