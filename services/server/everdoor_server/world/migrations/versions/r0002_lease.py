"""The lease says from which home the world is served, and that its holder is alive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("world_lease") as lease:
        lease.add_column(sa.Column("home", sa.Text(), nullable=False, server_default=""))
        lease.add_column(sa.Column("beat", NUMBER, nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("world_lease") as lease:
        lease.drop_column("beat")
        lease.drop_column("home")
