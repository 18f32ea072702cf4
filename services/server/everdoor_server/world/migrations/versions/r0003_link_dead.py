"""Sessions whose connection is lost, and what they miss."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    no = sa.false()
    op.add_column(
        "world_roster", sa.Column("link_dead", sa.Boolean(), server_default=no, nullable=False)
    )
    op.add_column("world_roster", sa.Column("state", sa.LargeBinary()))
    op.add_column("world_roster", sa.Column("resume", sa.LargeBinary()))
    op.create_table(
        "world_missed",
        sa.Column("sessid", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("world_missed")
    for name in ("resume", "state", "link_dead"):
        op.drop_column("world_roster", name)
