"""Scripts: what happens at a time."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "world_script",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("key", "folded", "typeclass")),
        sa.Column("object_id", NUMBER),
        _text("description"),
        sa.Column("interval_s", sa.Double(), nullable=False),
        sa.Column("start_delay", sa.Boolean(), nullable=False),
        sa.Column("repeats", NUMBER, nullable=False),
        sa.Column("persistent", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("repeated", NUMBER, nullable=False),
        sa.Column("due_s", sa.Double()),
        sa.Column("left_s", sa.Double()),
        sa.Column("attempts", NUMBER, nullable=False),
    )
    for name in ("folded", "object_id"):
        op.create_index(f"ix_world_script_{name}", "world_script", [name])
    op.create_table(
        "world_script_attribute",
        _owner(),
        _key("name"),
        _text("value"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "world_script_tag", _owner(), _key("category"), _key("name"), sqlite_with_rowid=False
    )
    op.create_index("ix_world_script_tag_name", "world_script_tag", ["category", "name"])


def downgrade() -> None:
    for table in ("world_script_tag", "world_script_attribute", "world_script"):
        op.drop_table(table)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), primary_key=True, autoincrement=False)


def _owner() -> sa.Column[Any]:
    owner = sa.ForeignKey(
        "world_script.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"
    )
    return sa.Column("script_id", NUMBER, owner, primary_key=True, autoincrement=False)
