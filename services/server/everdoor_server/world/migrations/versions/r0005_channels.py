"""Channels and what was said on them last."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "world_channel",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("key", "aliases", "description", "locks")),
        sa.Column("for_all", sa.Boolean(), nullable=False),
    )
    owner = sa.ForeignKey(
        "world_channel.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"
    )
    op.create_table(
        "world_channel_message",
        sa.Column("channel_id", NUMBER, owner, primary_key=True, autoincrement=False),
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("said_at", sa.Double(), nullable=False),
        _text("text"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("world_channel_message", "world_channel"):
        op.drop_table(table)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)
